"""Long recordings in the model's coordinates, made a block at a time.

- Only what the whole recording determines is kept: the path of its origin, its unit, its turns.
- The numbers are those of `PoseDataProcessor.transform`, to the last bit, for any size of block.

Axes: T frames, L landmarks, N points (landmarks, and the root velocity last where it is kept), D coordinates.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from htvae.data.normalisation import Measured, Normalisation

BLOCK_FRAMES = 16_384
"""Frames of a block: so few that a block's arrays are small beside a model's."""
ReadFrames = Callable[[int, int], np.ndarray]
"""Returns the poses (T, L, D) of a recording's model frames from one to another, in the source's
coordinates."""


@dataclass(frozen=True, eq=False)
class BlockPose:
    """Poses (T, N, D) of a recording; a slice of them is computed when it is asked for."""

    read: ReadFrames
    measured: Measured
    normalisation: Normalisation
    num_points: int

    def __len__(self) -> int:
        return len(self.measured.anchor)

    def __getitem__(self, key: Any) -> np.ndarray:
        if not isinstance(key, slice) or key.step not in (None, 1):
            return self[:][key]
        start, stop, _ = key.indices(len(self))
        placed = self.normalisation.place(self.read(start, stop), self.measured, start)
        return placed[:, : self.num_points]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self[:].astype(dtype or np.float32, copy=False)

    def as_array(self) -> np.ndarray:
        """Return this object for code that only slices arrays and asks for their length."""
        return cast(np.ndarray, self)


@dataclass(frozen=True, eq=False)
class WholePose:
    """Poses (T, N, D) of a recording that is made as a whole each time when frames of it are asked for."""

    make: Callable[[], np.ndarray]
    num_frames: int

    def __len__(self) -> int:
        return self.num_frames

    def __getitem__(self, key: Any) -> np.ndarray:
        return self.make()[key]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.make().astype(dtype or np.float32, copy=False)

    def as_array(self) -> np.ndarray:
        """Return this object for code that slices arrays and asks for their length."""
        return cast(np.ndarray, self)


def measure_in_blocks(
    read: ReadFrames, num_frames: int, normalisation: Normalisation, block_frames: int
) -> Measured | None:
    """Return what the whole recording determines; None where that needs all landmarks at once.

    Args:
        read: reads the recording.
        num_frames: model frames of the recording, T.
        normalisation: choice of origin, unit and heading.
        block_frames: frames to read at once.
    """
    needed = normalisation.measured_landmarks
    if not needed:
        return None
    starts = range(0, num_frames, block_frames)
    columns = [read(start, min(start + block_frames, num_frames))[:, needed] for start in starts]
    return normalisation.measure_columns(np.concatenate(columns))
