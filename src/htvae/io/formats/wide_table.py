"""Tables with a column per coordinate below one header row: ``nose_x,nose_y,nose_z,...``."""

import csv
import re
from collections.abc import Sequence

import numpy as np

from htvae.io.faults import DataError
from htvae.io.formats.names import find_repeated
from htvae.io.formats.numbers import read_numbers
from htvae.io.opening import Source
from htvae.utils.text import list_names

AXES = ("x", "y", "z")
FRAMES = ("frame", "frame#", "frame_number", "frame_num", "frame_index", "frame_idx", "frame_id", "fnum")
"""Names of columns with frame numbers, in lower case."""
TIMES = ("time", "time_s", "timestamp", "timestamps", "timestamp_ms", "timestamp_by_camera")
"""Names of columns with times, in lower case."""
_COORDINATE = re.compile(r"(.+)[_. ]([xyzXYZ])")


def header_of(source: Source) -> list[str]:
    """Return the names of the columns, without spaces around them; empty where there is no header."""
    try:
        cells = next(csv.reader([source.head_lines[0]]), [])
    except csv.Error:
        return []
    return [cell.strip() for cell in cells]


def find_points(header: Sequence[str]) -> dict[str, list[int]]:
    """Return the places of the columns x, y and z by the name of a point that has all three."""
    places: dict[str, dict[str, int]] = {}
    for place, column in enumerate(header):
        match = _COORDINATE.fullmatch(column)
        if match:
            places.setdefault(match[1], {})[match[2].lower()] = place
    return {name: [axes[axis] for axis in AXES] for name, axes in places.items() if len(axes) == len(AXES)}


def find_column(header: Sequence[str], names: Sequence[str]) -> int | None:
    """Return the place of the first column that has one of the names, in any case."""
    return next((place for place, column in enumerate(header) if column.lower() in names), None)


def measure_reach(source: Source, columns: Sequence[int]) -> float:
    """Return how far the coordinates of the first rows reach from 0; 0 where they are no numbers."""
    rows = [line.split(",") for line in source.head_lines[1:-1][:50]]
    cells = (row[column] for row in rows for column in columns if column < len(row))
    numbers = [abs(float(cell)) for cell in cells if re.fullmatch(r"-?[0-9]+\.?[0-9]*(e[+-]?[0-9]+)?", cell)]
    return max(numbers, default=0.0)


def read_table(source: Source, header: Sequence[str], texts: Sequence[int] = ()) -> np.ndarray:
    """Return the numbers (rows, columns) below the header; columns in ``texts`` may hold texts.

    Raises:
        DataError: a column occurs twice, or a cell is no number.
    """
    repeated = find_repeated(header)
    if repeated:
        found = f"{list_names(repeated)} occurs again"
        raise DataError([f"{source.shown}: a column must occur once, but {found}. Export the file again."])
    text = source.read_text().replace("\r\n", "\n").replace("\r", "\n")
    return read_numbers(text.partition("\n")[2], len(header), ",", source.shown, skipped=texts)
