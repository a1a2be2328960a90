"""What a pickle may make beside plain values: numpy arrays, their kinds of numbers, and single numbers.

- An array comes in two steps: a function makes an empty one, a state fills it. Until then it is `Pending`.
- Kinds are numbers, truth values, texts and objects. Arrays of objects get a list of values; others get
  bytes, of which they are a view.
- Numpy's own functions are not called: they trust the state.
"""

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

_KIND = re.compile(r"[biufSU?][0-9]{0,6}|O[0-9]?")
_ORDERS: dict[str, Literal["<", ">", "=", "|"]] = {"<": "<", ">": ">", "=": "=", "|": "|"}
_MOST_OF_SCALAR = 4096
"""Most bytes of a single number or text."""


class Pending(ABC):
    """An array, or a kind of numbers, that waits for its state."""

    def __init__(self) -> None:
        self.keys: list[int] = []
        """Places in the pickle's memory that refer to it."""

    @abstractmethod
    def build(self, *state: Any) -> Any:
        """Return what the state makes of it. Raises ValueError for an unknown state."""


class PendingKind(Pending):
    """A kind of numbers without its byte order."""

    def __init__(self, code: object) -> None:
        super().__init__()
        if not isinstance(code, str) or not _KIND.fullmatch(code):
            raise ValueError("a kind of numbers is unknown")
        self.code = code

    def build(self, version: int = 0, order: object = "|", *others: object) -> np.dtype:
        """Return the kind of numbers; those of several fields are unknown."""
        if (
            not isinstance(order, str)
            or order not in _ORDERS
            or any(other is not None for other in others[:3])
        ):
            raise ValueError("a kind of numbers is unknown")
        return np.dtype(self.code).newbyteorder(_ORDERS[order])


class PendingArray(Pending):
    """An array without its content."""

    def build(self, version: int = 0, *state: Any) -> np.ndarray:
        """Return the array of a state: shape, kind, whether the first axis runs fastest, and content."""
        shape, kind, is_fortran, content = state
        if isinstance(content, list):
            return _fill(shape, kind, content, "F" if is_fortran else "C")
        if isinstance(content, str):
            content = content.encode("latin-1")
        return _view(content, kind, shape, "F" if is_fortran else "C")


@dataclass(frozen=True)
class Known:
    """A function that a pickle may call."""

    make: Callable[..., Any]


def _size(shape: object) -> tuple[tuple[int, ...], int]:
    if not isinstance(shape, tuple) or not all(type(n) is int and 0 <= n < 2**62 for n in shape):
        raise ValueError("a shape is unknown")
    return shape, math.prod(shape)


def _view(content: Any, kind: Any, shape: Any, order: Any = "C") -> np.ndarray:
    shape, size = _size(shape)
    if not isinstance(content, bytes | bytearray) or not isinstance(kind, np.dtype) or kind.hasobject:
        raise ValueError("an array has no content")
    if not kind.itemsize or order not in ("C", "F") or size * kind.itemsize != len(content):
        raise ValueError(f"an array needs {size} values, but has others")
    return np.frombuffer(content, kind).reshape(shape, order=order)


def _fill(shape: Any, kind: Any, content: list[Any], order: Any) -> np.ndarray:
    shape, size = _size(shape)
    if kind != np.dtype(object) or size != len(content):
        raise ValueError(f"an array needs {size} values, but has others")
    values = np.empty(size, dtype=object)
    for index, value in enumerate(content):
        values[index] = value
    return values.reshape(shape, order=order)


def _scalar(kind: Any, content: Any) -> Any:
    if isinstance(content, str):
        content = content.encode("latin-1")
    if len(content) > _MOST_OF_SCALAR:
        raise ValueError("a single value is too long")
    return _view(content, kind, ()).item()


def _encode(text: Any, encoding: Any = "") -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise ValueError("an encoding is unknown")
    return text.encode("latin-1")


def _no_bytes() -> bytes:
    return b""


def _reconstruct(*_: object) -> PendingArray:
    return PendingArray()


def _kind(code: Any, *_: object) -> PendingKind:
    return PendingKind(code)


_MODULES = ("numpy.core", "numpy._core")
KNOWN: dict[str, Known] = {
    "numpy dtype": Known(_kind),
    "numpy ndarray": Known(_reconstruct),
    "_codecs encode": Known(_encode),
    "__builtin__ bytes": Known(_no_bytes),
    **{f"{module}.multiarray _reconstruct": Known(_reconstruct) for module in _MODULES},
    **{f"{module}.multiarray scalar": Known(_scalar) for module in _MODULES},
    **{f"{module}.numeric _frombuffer": Known(_view) for module in _MODULES},
}
"""The functions that a pickle may call, by module and name."""
