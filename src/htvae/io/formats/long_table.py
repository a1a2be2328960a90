"""Tables with a row per frame and point."""

import io
from collections.abc import Sequence

import numpy as np

from htvae.io.faults import DataError
from htvae.io.formats.names import find_repeated
from htvae.io.formats.numbers import FREE_VALUES, LARGEST_STRETCH
from htvae.io.opening import Source
from htvae.utils.text import list_names, shorten


def read_columns(
    source: Source, header: Sequence[str], numbers: Sequence[str], texts: Sequence[str]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the columns of numbers (rows, numbers), and those of texts (rows,) by name.

    A column of texts that the table lacks is full of empty texts.

    Raises:
        DataError: a cell that should be is no number, a column occurs twice, or there are no rows.
    """
    import pandas as pd

    repeated = find_repeated(header)
    if repeated:
        found = f"{list_names(repeated)} occurs again"
        raise DataError([f"{source.shown}: a column must occur once, but {found}. Export the file again."])
    there = [name for name in texts if name in header]
    try:
        table = pd.read_csv(
            io.StringIO(source.read_text()),
            header=0,
            names=list(header),
            usecols=[*numbers, *there],
            dtype={**dict.fromkeys(numbers, np.float64), **dict.fromkeys(there, str)},
            index_col=False,
        )
    except (ValueError, pd.errors.ParserError, OverflowError) as error:
        reason = shorten(str(error).strip().splitlines()[-1])
        raise DataError(
            [f"{source.shown}: cells of {', '.join(numbers)} must be numbers ({reason})."]
        ) from error
    if table.empty:
        raise DataError([f"{source.shown}: must have rows below the header, but has none. Remove the file."])
    found_texts = {
        name: table[name].fillna("").to_numpy(str) if name in there else np.full(len(table), "")
        for name in texts
    }
    return table[list(numbers)].to_numpy(np.float64), found_texts


def gather_points(
    frames: np.ndarray, names: np.ndarray, points: np.ndarray, shown: str
) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Return the frames that occur (F,), the names of points, and the points (F, names, axes).

    Args:
        frames: (rows,) frame of each row.
        names: (rows,) name of each row's point.
        points: (rows, axes).
        shown: name of the file in messages.

    Raises:
        DataError: a point has two rows in a frame, or most have a row in few frames.
    """
    own_frames, frame_of = np.unique(frames, return_inverse=True)
    own_names, first, name_of = np.unique(names, return_index=True, return_inverse=True)
    order = np.argsort(first)  # names in the order of the file
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    size = len(own_frames) * len(own_names)
    if size > max(FREE_VALUES, LARGEST_STRETCH * len(names)):
        raise DataError([f"{shown}: points must have a row in most frames, but have few. Export it again."])
    cells = frame_of.astype(np.int64) * len(own_names) + place[name_of]
    counts = np.bincount(cells, minlength=size)
    if counts.max() > 1:
        frame, name = divmod(int(counts.argmax()), len(own_names))
        found = f"{shorten(str(own_names[order[name]]))} has {counts.max()} in frame {own_frames[frame]:g}"
        raise DataError([f"{shown}: a point must have one row in a frame, but {found}. Export it again."])
    gathered = np.full((size, points.shape[1]), np.nan)
    gathered[cells] = points
    shape = (len(own_frames), len(own_names), points.shape[1])
    return own_frames, [str(name) for name in own_names[order]], gathered.reshape(shape)
