"""A recording at the model's frame rate: which source frames that needs, and reading some of them.

Axes: T frames, L landmarks, D coordinates.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from htvae.data.rates import are_same
from htvae.poses.geometry import resample_frames
from htvae.poses.sequence import PoseSequence

Select = Callable[[PoseSequence, slice], np.ndarray]
"""Returns the model's landmarks (T, L, D) in some source frames of a recording."""


@dataclass(frozen=True, eq=False)
class SourceFrames:
    """A recording's frames at the model's rate, read when they are asked for."""

    sequence: PoseSequence
    select: Select
    positions: np.ndarray
    """(T,) source frame of each model frame, counted from 0."""
    fps: float | None
    """Model frames per second, None where unknown."""

    @classmethod
    def of(cls, sequence: PoseSequence, select: Select, model_fps: float | None) -> "SourceFrames":
        """Find the source frames of a recording's model frames.

        Args:
            sequence: the recording.
            select: reads its source frames.
            model_fps: the model's frames per second. None: the recording's own frames are taken.
        """
        last, fps = sequence.num_frames - 1, sequence.fps
        if fps is None or model_fps is None or are_same(fps, model_fps):
            return cls(sequence, select, np.arange(last + 1.0), fps)
        step = fps / model_fps
        num_frames = math.floor(last / step + 1e-6) + 1
        return cls(sequence, select, np.minimum(step * np.arange(num_frames), last), model_fps)

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def numbers(self) -> np.ndarray:
        """Numbers (T,) of the model's frames in the source; the positions themselves if it starts at 0."""
        first = self.sequence.first_frame
        return first + self.positions if first else self.positions

    def read(self, start: int, stop: int) -> np.ndarray:
        """Return the model's landmarks (T, L, D) in the model's frames from ``start`` to ``stop``."""
        first, last = math.floor(self.positions[start]), math.ceil(self.positions[stop - 1])
        pose = self.select(self.sequence, slice(first, last + 1))
        wanted = self.positions[start:stop] - first
        if np.array_equal(wanted, np.arange(len(pose))):
            return pose
        return resample_frames(pose, wanted)

    def read_all(self) -> np.ndarray:
        """Return the model's landmarks (T, L, D) in all of the model's frames."""
        return self.read(0, len(self))
