"""Reading JSON files of trackers: parsing, a look at the beginning, and lists of numbers as arrays.

JSON of any kind may come: wrong types, numbers of any size, deep nesting. Every fault becomes `DataError`.
"""

import json
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from htvae.io.faults import DataError
from htvae.io.opening import HEAD_BYTES, Source
from htvae.utils.text import printable

LARGEST = 1e30
"""Largest size of a coordinate or score; a larger number is damage."""
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[\[\]{},]', re.DOTALL)
_CLOSING = {"[": "]", "{": "}"}
_NUMBERS = {int, float, type(None)}


def load_json(source: Source) -> Any:
    """Return the value of a JSON file.

    Raises:
        DataError: the file cannot be read, or is not JSON.
    """
    return parse_json(source.read_bytes(), source.shown)


def parse_json(content: bytes, shown: str) -> Any:
    """Return the value of a JSON text.

    Raises:
        DataError: the text is not JSON.
    """
    try:
        return json.loads(content)
    except RecursionError as error:
        reason = "it is nested too deeply"
        cause: Exception = error
    except ValueError as error:
        reason, cause = str(error), error
    raise DataError(
        [
            f"{printable(shown)}: must be JSON, but is not ({printable(reason)}). "
            "Was it cut off? Export it again."
        ]
    ) from cause


def json_head(source: Source) -> Any:
    """Return the value of a JSON file as far as its head goes; None if the file does not begin as JSON."""
    return _parse_head(source.head_text, len(source.head) == HEAD_BYTES)


@lru_cache(maxsize=2)
def _parse_head(text: str, is_cut: bool) -> Any:
    if text.lstrip()[:1] not in ("[", "{"):
        return None
    try:
        return json.loads(_close(text) if is_cut else text)
    except (ValueError, RecursionError):
        return None


def _close(text: str) -> str:
    """Return the text up to its last whole value, with the brackets closed that are open there."""
    open_brackets: list[str] = []
    end = 0
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark in _CLOSING:
            open_brackets.append(_CLOSING[mark])
        elif mark in ("]", "}"):
            if not open_brackets or open_brackets.pop() != mark:
                return ""
        elif mark != ",":
            continue
        end = token.start() if mark == "," else token.end()
    return text[:end] + "".join(reversed(open_brackets))


def first_dict(value: Any) -> dict[str, Any]:
    """Return a dict, or the first item of a list if it is one; an empty dict for other values."""
    if isinstance(value, list) and value:
        value = value[0]
    return value if isinstance(value, dict) else {}


def to_array(rows: Sequence[Any], shown: str) -> npt.NDArray[np.float64]:
    """Return lists of equally many numbers as an array (rows, numbers); null and non-finite numbers are NaN.

    Raises:
        DataError: the lists differ in length, or hold something else.
    """
    lengths = {len(row) if isinstance(row, list) else -1 for row in rows}
    if len(lengths) != 1 or -1 in lengths:
        found = "some are not" if -1 in lengths else f"their lengths are {_list_numbers(lengths)}"
        raise DataError(
            [
                f"{shown}: points must be lists of one length for all individuals, but {found}. "
                "Export it again."
            ]
        )
    values = list(chain.from_iterable(rows))
    return to_numbers(values, shown).reshape(len(rows), lengths.pop())


def to_numbers(values: list[Any], shown: str) -> npt.NDArray[np.float64]:
    """Return numbers as an array; null and non-finite numbers are NaN.

    Raises:
        DataError: a value is no number, or is out of all proportion.
    """
    wrong = set(map(type, values)) - _NUMBERS
    if wrong:
        names = ", ".join(sorted(kind.__name__ for kind in wrong))
        raise DataError([f"{shown}: points must be numbers, but some are {names}. Export it again."])
    try:
        numbers = np.array(values, dtype=np.float64)
    except OverflowError:
        numbers = np.array([np.inf])
    size = np.abs(numbers[~np.isnan(numbers)])
    if len(numbers) != len(values) or size[np.isfinite(size)].max(initial=0) > LARGEST:
        raise DataError(
            [f"{shown}: coordinates must be below {LARGEST:g}, but one is larger. Export the file again."]
        )
    numbers[~np.isfinite(numbers)] = np.nan
    return numbers


def _list_numbers(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(numbers)[:5]))
