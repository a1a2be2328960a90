"""From rows of some frames to arrays of consecutive frames, with NaN where a frame has no row."""

import numpy as np

from htvae.io.faults import DataError

LARGEST = 1 << 29
"""Most numbers of one file's arrays (4 GiB): rows far apart in time would fill the memory."""


def check_span(num_frames: int, num_per_frame: int, shown: str) -> None:
    """Raise DataError if so many frames with so many numbers each would fill the memory."""
    if num_frames * num_per_frame > LARGEST:
        raise DataError(
            [
                f"{shown}: frames must not lie too far apart, but span {num_frames:,} with {num_per_frame:,} "
                "numbers each. Cut the file into several."
            ]
        )


def spread(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return values (n, ...) at their places ``rows`` (n,), whole numbers from 0, and NaN between them."""
    everywhere = np.full((int(rows.max()) + 1, *values.shape[1:]), np.nan)
    everywhere[rows] = values
    return everywhere
