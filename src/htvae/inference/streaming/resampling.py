"""Source frames to the model's frame rate, as they come.

The result is that of `PoseDataProcessor` for the whole recording; only the frame around the next position is
kept.

Axes: ``T`` frames, ``L`` landmarks, ``D`` coordinates.
"""

import math

import numpy as np

from htvae.poses.geometry import resample_frames


class CausalResampler:
    """Interpolates linearly between the source frames around each model frame.

    Args:
        step: source frames per model frame. 1: frames pass as they are.
    """

    def __init__(self, step: float = 1.0) -> None:
        self.step = step
        self._kept: np.ndarray | None = None
        self._first = 0
        """Source frame of the first one that is kept."""
        self._next = 0
        """Number of the next model frame."""

    def push(self, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Take source frames (T, L, D); return the model frames that they complete, and their positions."""
        self._kept = frames if self._kept is None else np.concatenate([self._kept, frames])
        last = self._last
        wanted = self.step * np.arange(self._next, math.floor(last / self.step) + 2)
        return self._take(wanted[wanted <= last])

    def finish(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the model frame that ends with the last source frame, where rounding kept it back."""
        last = self._last
        count = math.floor(last / self.step + 1e-6) + 1 if last >= 0 else 0
        return self._take(np.minimum(self.step * np.arange(self._next, count), max(last, 0)))

    @property
    def _last(self) -> int:
        """Source frame of the last one that is kept, -1 before any."""
        return self._first + (0 if self._kept is None else len(self._kept)) - 1

    def _take(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        kept = np.empty((0, 0, 0), np.float32) if self._kept is None else self._kept
        frames = resample_frames(kept, positions - self._first) if len(positions) else kept[:0]
        self._next += len(positions)
        spare = min(math.floor(self.step * self._next) - self._first, len(kept))
        if self._kept is not None and spare > 0:
            self._kept = kept[spare:]
            self._first += spare
        return frames, positions
