"""Parsing the cells of a pose CSV into columns of numbers and names, in two ways.

- `read_plain` is fast: it uses pandas and reads nearly all files. It refuses a file with anything unusual.
- `read_cells` is the slow reference: it reads any file cell by cell and defines what is accepted. Faults are
  reported with the line numbers of its rows.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from htvae.io.faults import parse_number
from htvae.io.pose_rows import PoseRows

MISSING = ("", "nan", "NaN", "NAN", "NA", "N/A", "n/a", "null", "NULL", "None", "none")
"""Cells that mean a missing number, in x, y, z and confidence."""

Row = tuple[int, list[str]]
"""Line number and cells."""
_Numbers = npt.NDArray[np.float64]
_Factors = tuple[npt.NDArray[np.intp], Sequence[str]]
"""Distinct texts of a column (second), and for each row the index of its text (first)."""


def read_plain(text: str, columns: Mapping[str, int], num_columns: int) -> PoseRows | None:
    """Return the columns of a file without anything unusual, None for any other file.

    Args:
        text: text of the file, without NUL characters.
        columns: positions of frame, landmark, x, y and, if they are read, z and confidence.
        num_columns: number of columns in the header.
    """
    import pandas as pd

    if _count_most_cells(text) > num_columns:
        return None
    frame, landmark, *others = columns.values()
    missing: dict[Any, list[str]] = {column: list(MISSING) for column in others}
    try:
        table = pd.read_csv(
            io.StringIO(text + "\n" + "," * (num_columns - 1)),  # empty cells keep 01 a text
            header=0,
            names=list(range(num_columns)),
            usecols=sorted({*columns.values()}),
            index_col=False,
            dtype=dict.fromkeys(others, np.float64) | {frame: "category", landmark: "category"},
            keep_default_na=False,
            na_values=missing,
            low_memory=False,
        ).iloc[:-1]
        numbers = [table[column].to_numpy(np.float64) for column in others]
    except ValueError:
        return None
    if any(_may_be_words(values, text) for values in numbers):
        return None
    frames, landmarks = (
        (table[column].cat.codes.to_numpy().astype(np.intp), list(table[column].cat.categories))
        for column in (frame, landmark)
    )
    return _assemble(frames, landmarks, _name(numbers, columns), np.zeros(len(table), dtype=bool))


def read_cells(table: Sequence[Row], columns: Mapping[str, int], num_columns: int) -> PoseRows:
    """Return the columns of a file from its cells; other arguments as for `read_plain`."""
    frame, landmark, *others = (
        [cells[column] if column < len(cells) else "" for _, cells in table] for column in columns.values()
    )
    numbers = [np.array([_to_number(cell) for cell in cells]) for cells in others]
    too_long = np.array([any(cell.strip() for cell in cells[num_columns:]) for _, cells in table])
    return _assemble(_factorise(frame), _factorise(landmark), _name(numbers, columns), too_long)


def _name(numbers: Sequence[_Numbers], columns: Mapping[str, int]) -> dict[str, _Numbers]:
    """Return the columns after frame and landmark by name."""
    return dict(zip(list(columns)[2:], numbers, strict=True))


def _count_most_cells(text: str) -> int:
    """Return the largest number of cells in a line; commas inside quotes count too."""
    content = np.frombuffer(text.encode(), np.uint8)
    marks = content[content <= ord(",")]  # leaves few characters for the next line
    marks = marks[(marks == ord(",")) | (marks == ord("\n")) | (marks == ord("\r"))]
    ends = np.flatnonzero(marks != ord(","))
    return int(np.diff(ends, prepend=-1, append=len(marks)).max())


def _may_be_words(values: _Numbers, text: str) -> bool:
    """Return whether a column may hold "True" and "False", which pandas reads as 1 and 0."""
    binary = (values == 0) | (values == 1) | np.isnan(values)
    return bool(binary.all()) and any(word in text.lower() for word in ("true", "false"))


def _to_number(cell: str) -> float:
    """Return the number in a cell: NaN where it is missing, infinity for any other text."""
    if cell.strip() in MISSING:
        return np.nan
    number = parse_number(cell)
    return np.inf if number is None else number


def _factorise(cells: Iterable[str]) -> _Factors:
    places: dict[str, int] = {}
    codes = [places.setdefault(cell, len(places)) for cell in cells]
    return np.array(codes, dtype=np.intp), list(places)


def _assemble(
    frames: _Factors,
    landmarks: _Factors,
    numbers: Mapping[str, _Numbers],
    too_long: npt.NDArray[np.bool_],
) -> PoseRows:
    codes, texts = frames
    values = [parse_number(text) for text in texts]
    landmark, names = _order_landmarks(*landmarks)
    return PoseRows(
        frame=np.array([np.nan if value is None else value for value in values])[codes],
        has_decimal_frames=any(not {*text}.isdisjoint(".eE") for text in texts),
        landmark=landmark,
        landmarks=names,
        too_long=too_long,
        are_times=False,
        **numbers,
    )


def _order_landmarks(
    codes: npt.NDArray[np.intp], texts: Sequence[str]
) -> tuple[npt.NDArray[np.intp], tuple[str, ...]]:
    """Return the index of each row's landmark, and the names in order of first appearance."""
    names = [text.strip() for text in texts]
    first = np.full(len(names), len(codes))
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    by_appearance = [code for code in np.argsort(first, kind="stable").tolist() if first[code] < len(codes)]
    ordered = dict.fromkeys(names[code] for code in by_appearance)
    place = {name: index for index, name in enumerate(ordered)}
    return np.array([place.get(name, -1) for name in names], dtype=np.intp)[codes], tuple(ordered)
