"""The last frames of a stream, in the model's coordinates.

Axes: ``T`` frames, ``N`` points, ``D`` coordinates.
"""

import numpy as np

from htvae.inference.streaming.normalising import Block


class RecentFrames:
    """Keeps the last frames, with the way back to the source.

    Args:
        num_points: N; further points of a block are left out.
        num_coordinates: D.
        most: frames to keep.
    """

    def __init__(self, num_points: int, num_coordinates: int, most: int) -> None:
        self.most, self.num_points = most, num_points
        self.num_frames = 0
        """Frames of the stream so far."""
        self.unit = 1.0
        """Torso length (or spread) in the source's units."""
        self.pose = np.empty((0, num_points, num_coordinates), np.float32)
        """(T, N, D) in torso lengths, NaN where missing."""
        self.anchor = np.empty((0, num_coordinates), np.float32)
        """(T, D) path of the origin, in the source's coordinates."""
        self.source_frames = np.empty(0)
        """(T,) number of each frame in the source."""
        self.rotation: np.ndarray | None = None
        """(T,) angle (radians) by which each frame was turned, None without a heading."""

    @property
    def first(self) -> int:
        """Number of the first frame that is kept, counted from the beginning of the stream."""
        return self.num_frames - len(self.pose)

    def add(self, block: Block, source_frames: np.ndarray) -> None:
        """Add a block, and forget all but the last frames.

        Args:
            block: frames in the model's coordinates.
            source_frames: (T,) number of each in the source.
        """
        self.pose = self._join(self.pose, block.pose[:, : self.num_points])
        self.anchor = self._join(self.anchor, block.anchor)
        self.source_frames = self._join(self.source_frames, source_frames)
        if block.rotation is not None:
            known = np.empty(0, block.rotation.dtype) if self.rotation is None else self.rotation
            self.rotation = self._join(known, block.rotation)
        self.num_frames += len(block.pose)
        self.unit = block.unit

    def _join(self, known: np.ndarray, fresh: np.ndarray) -> np.ndarray:
        joined: np.ndarray = np.concatenate([known, fresh])[-self.most :]
        return joined
