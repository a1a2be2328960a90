"""Columns of pose CSVs that hold confidences, by their names and values."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from htvae.io.faults import DataError, parse_number, split_rows
from htvae.io.opening import Source
from htvae.io.pose_csv import COLUMNS, DEPTH
from htvae.io.pose_table import MISSING

NAMES = (
    *(
        "likelihood",
        "confidence",
        "conf",
        "score",
        "visibility",
        "presence",
        "probability",
        "prob",
        "certainty",
    ),
    *("keypointscore", "pointscore", "visibilityscore", "p", "c", "v"),
)
"""Names of columns of confidences, in lower case without other characters, the likeliest first."""
PERCENT = 2.0
"""Confidences whose 95th percentile is larger are not in 0..1."""
_LEAST_SHARE = 1e-3
"""Least share of points below the middle of the scale at which using the column changes anything."""
_ROWS = 300
"""Rows at the head of a file that tell what a column holds."""


@dataclass(frozen=True)
class UnusedColumn:
    """A column of confidences that no setting names."""

    name: str
    share_below: float
    """Share (0..1) of points below the middle of the scale."""
    is_percent: bool


def find_column(source: Source) -> str | None:
    """Return the column of a pose CSV that is likely to hold confidences; None if there is none."""
    try:
        rows = list(split_rows("\n".join(source.head_lines[: _ROWS + 1][:-1]), source.shown))
    except DataError:
        return None
    if len(rows) < 2:
        return None
    header = [cell.strip() for cell in rows[0][1]]
    plain = ["".join(filter(str.isalnum, name)).casefold() for name in header]
    for name in NAMES:
        for place in [i for i, own in enumerate(plain) if own == name]:
            column = header[place]
            cells = [cells[place] for _, cells in rows[1:] if len(cells) > place]
            if column not in (*COLUMNS, DEPTH) and header.count(column) == 1 and _may_be_confidence(cells):
                return column
    return None


def measure_column(name: str, confidence: npt.NDArray[np.floating]) -> UnusedColumn | None:
    """Return the column if it would tell uncertain points; None if all points are sure.

    Args:
        name: name of the column.
        confidence: (points,); NaN counts as 0, as in reading.
    """
    known = np.nan_to_num(confidence)
    if not len(known):
        return None
    scale = 100 if np.quantile(known, 0.95) > PERCENT else 1
    share = float((known < scale / 2).mean())
    return UnusedColumn(name, share, scale == 100) if share >= _LEAST_SHARE else None


def _may_be_confidence(cells: list[str]) -> bool:
    """Return whether the cells are numbers from 0 to 1, or from 0 to 100."""
    values = [parse_number(cell) for cell in cells if cell.strip() not in MISSING]
    numbers = [value for value in values if value is not None]
    return bool(numbers) and len(numbers) == len(values) and min(numbers) >= 0 and max(numbers) <= 100
