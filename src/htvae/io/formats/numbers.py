"""Tables of numbers and their rows, as several formats have them."""

import io
from collections.abc import Sequence

import numpy as np

from htvae.io.faults import DataError
from htvae.io.formats.gaps import spread
from htvae.utils.text import shorten

LARGEST = 1e30
"""Largest coordinate: further ones are no places, and are infinite in single precision."""
FREE_VALUES, LARGEST_STRETCH = 1 << 24, 50
"""Rows may be stretched over absent frames to FREE_VALUES values, or to LARGEST_STRETCH times their own."""


def read_numbers(
    text: str, num_columns: int, separator: str, shown: str, skipped: Sequence[int] = ()
) -> np.ndarray:
    r"""Return the numbers (rows, ``num_columns``) of a table without header; empty cells become NaN.

    Rows may end in further empty cells, and blank lines are skipped.

    Args:
        text: the rows.
        num_columns: columns that hold something.
        separator: a character, or ``\s+`` for any white space.
        shown: name of the file in messages.
        skipped: columns that may hold texts, and become NaN.

    Raises:
        DataError: a cell is no number, a row has more cells, or there are no rows.
    """
    import pandas as pd

    lines = text.splitlines()
    is_space = separator == r"\s+"
    widths = (len(line.split()) if is_space else line.count(separator) + 1 for line in lines)
    width = max(num_columns, max(widths, default=0))
    if width * len(lines) > max(FREE_VALUES, LARGEST_STRETCH * len(text)):
        raise DataError(
            [
                f"{shown}: rows must have as many cells as the header, but most have fewer than {width:,}. "
                "Export the file again."
            ]
        )
    try:
        table = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            header=None,
            names=range(width),
            index_col=False,
            dtype={place: str if place in skipped else np.float64 for place in range(width)},
        )
        table[list(skipped)] = np.nan
    except pd.errors.EmptyDataError:
        table = pd.DataFrame()
    except (ValueError, pd.errors.ParserError, OverflowError) as error:
        reason = shorten(str(error).strip().splitlines()[-1])
        raise DataError(
            [f"{shown}: cells below the header must be numbers, but are not ({reason})."]
        ) from error
    values = table.to_numpy(np.float64)
    if not len(values):
        raise DataError([f"{shown}: must have rows below the header, but has none. Remove the file."])
    if not np.isnan(values[:, num_columns:]).all():
        row = int(np.flatnonzero(~np.isnan(values[:, num_columns:]).all(axis=1))[0])
        raise DataError(
            [
                f"{shown}: rows must have {num_columns} cells, as the header, but row {row + 1} has more. "
                "Export the file again."
            ]
        )
    return values[:, :num_columns]


def check_coordinates(points: np.ndarray, shown: str) -> None:
    """Raise DataError if a coordinate of (T, ...) is infinite or beyond any place."""
    with np.errstate(invalid="ignore"):
        beyond = np.abs(points) > LARGEST
    if beyond.any():
        frame = int(np.argwhere(beyond)[0][0])
        found = points[beyond][0]
        raise DataError(
            [
                f"{shown}: coordinates must be finite, or empty where missing, but row {frame + 1} has "
                f"{found:g}. Is the file damaged? Export it again."
            ]
        )


def place_rows(frames: np.ndarray, values: Sequence[np.ndarray], shown: str) -> tuple[int, list[np.ndarray]]:
    """Return the first frame's number and the values (T, ...) of consecutive frames, NaN in absent ones.

    Args:
        frames: (rows,) whole numbers in any order, none twice.
        values: arrays of floats (rows, ...).
        shown: name of the file in messages.

    Raises:
        DataError: the frames lie so far apart that few have a row.
    """
    first = int(frames.min())
    places = (frames - first).astype(np.int64)
    num_frames = int(places.max()) + 1
    size = max(array.size for array in values)
    most = max(FREE_VALUES, LARGEST_STRETCH * size)
    if num_frames * size > most * len(frames):
        raise DataError(
            [
                f"{shown}: most frame numbers must have a row, but {len(frames)} rows span {num_frames:,} "
                "frames. Number the frames 0, 1, 2, ..., or see --time_unit."
            ]
        )
    return first, [spread(array, places) for array in values]
