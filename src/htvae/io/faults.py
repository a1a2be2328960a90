"""Faults of files: `DataError`, which lists them, and text readers that raise it for every failure."""

import csv
import io
import itertools
import os
import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

from htvae.utils.text import printable, shorten

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}


class DataError(ValueError):
    """Raised for files whose content cannot be used. ``str()`` lists all faults, one per line."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(list(faults))

    @property
    def faults(self) -> list[str]:
        """Messages, one per fault: what must hold, what was found, where, what to do."""
        return list(self.args[0])

    def __str__(self) -> str:
        return "\n".join(self.faults)


def name_faults(name: str, shown: str) -> list[str]:
    """Return the faults of a recording's name, which must be safe as a path since outputs are named by it."""
    if not name.isascii() and any("\ud800" <= char <= "\udfff" for char in name):
        return [_describe_encoding(name, shown)]
    if any(unicodedata.category(char) == "Cc" for char in name):
        return [f"{shown}: a file name must have no control characters, but has some. Rename the file."]
    if not {"", ".", ".."}.isdisjoint(name.split("/")):
        return [f"{shown}: a file name must stay in its folder, but is {printable(name)}. Rename the file."]
    return []


def _describe_encoding(name: str, shown: str) -> str:
    """Return the fault of a name that Python could not decode: the name or the locale is not UTF-8."""
    try:
        os.fsencode(name).decode("utf-8")
    except UnicodeError:
        return f"{shown}: a file name must be UTF-8, but is not. Rename the file."
    return (
        f"{shown}: a file name must be text, but Python reads names as {sys.getfilesystemencoding()} in this "
        "locale, and this one is UTF-8. Set the environment variable PYTHONUTF8=1."
    )


def describe_os_error(name: str, error: OSError) -> str:
    """Return the fault of a file or folder that the operating system does not let us read."""
    if isinstance(error, PermissionError):
        return f"{name}: must be readable, but permission is denied. Change its permissions (chmod -R u+rX)."
    if isinstance(error, FileNotFoundError):
        return f"{name}: must exist, but is not there. Was it moved, or is it a broken link?"
    if isinstance(error, IsADirectoryError):
        return f"{name}: must be a file, but is a folder. Rename the folder."
    return f"{name}: must be readable, but the system says: {error.strerror or error}."


def read_text(path: Path, name: str) -> str:
    """Return a file's text without byte order mark. Messages call the file ``name``.

    Raises:
        DataError: the file cannot be read or is not UTF-8.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError([describe_os_error(name, error)]) from error
    return decode_text(content, name)


def decode_text(content: bytes, name: str) -> str:
    """Return the text of a file's content without byte order mark. Messages call the file ``name``.

    Raises:
        DataError: the content is not UTF-8.
    """
    try:
        text = content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        place, found = error.start, f"the byte 0x{content[error.start]:02x}"
    else:
        if "\0" not in text:
            return text
        place, found = content.index(0), "a NUL character"
    line = content.count(b"\n", 0, place) + 1
    found = f"line {line} has {found}"
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or 0 in content[:2]:
        found = "it is UTF-16"
    raise DataError([f'{name}: must be UTF-8 text, but {found}. Save it as "CSV UTF-8".'])


def split_rows(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, cells) for each row of a CSV text, the header first; blank rows are skipped.

    The text must not contain NUL characters; `read_text` rejects them.

    Raises:
        DataError: the text is not CSV.
    """
    end, line, first_line = "\0", "", 1  # an unclosed quote swallows this extra last row

    def remember(read: str) -> str:
        nonlocal line
        line = read
        return read

    reader = csv.reader(map(remember, itertools.chain(io.StringIO(text, newline=""), [end])))
    try:
        for cells in reader:
            if line == end:
                if cells != [end]:
                    raise csv.Error("a quote is never closed")
            elif line.strip(" \t\r\n"):
                yield reader.line_num, cells
            first_line = reader.line_num + 1
    except csv.Error as error:
        fault = f"{name}: must be CSV, but line {first_line} cannot be split: {error}. Is a quote missing?"
        raise DataError([fault]) from error


def parse_number(cell: str) -> float | None:
    """Return the number in a cell, ignoring outer spaces; None for other text, such as nan and inf."""
    stripped = cell.strip()
    return float(stripped) if _NUMBER.fullmatch(stripped) else None


def find_columns(name: str, header: Sequence[str], wanted: Sequence[str]) -> tuple[list[int], list[str]]:
    """Return the positions of the wanted columns in a header, and the faults: absent or repeated columns.

    Spaces around the header's names are ignored. The positions are valid only if there are no faults.
    """
    found = [cell.strip() for cell in header]
    absent = [column for column in wanted if column not in found]
    repeated = [column for column in wanted if found.count(column) > 1]
    faults = []
    if absent:
        faults.append(
            f"{name}: the header must have {', '.join(wanted)}, but {_absent_columns(absent, found)}"
        )
    faults += [
        f"{name}: the header must have {shorten(column)} once, but has it {found.count(column)} times. "
        "Rename one."
        for column in repeated
    ]
    return [found.index(column) if column in found else -1 for column in wanted], faults


def _absent_columns(absent: Sequence[str], found: Sequence[str]) -> str:
    for delimiter, word in _DELIMITERS.items():
        if len(found) == 1 and delimiter in found[0]:
            return f"its cells are separated by {word}. Separate them by commas."
    shown = printable(", ".join(found))
    shown = shown if len(shown) <= 200 else shown[:200] + "..."
    return f"lacks {', '.join(absent)}; it has: {shown}. Rename the columns, or add them."
