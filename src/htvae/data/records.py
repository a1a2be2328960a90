"""Results of `PoseDataProcessor.transform`: a recording in the model's coordinates, and the way back.

Axes: T frames, L landmarks, N points (landmarks, and the root velocity last where it is kept), D coordinates.
"""

from dataclasses import dataclass, replace

import numpy as np

from htvae.poses.sequence import PoseSequence


@dataclass(frozen=True, kw_only=True, eq=False)
class TransformRecord:
    """Changes made to one recording, as `PoseDataProcessor.inverse` needs them to undo the changes."""

    anchor: np.ndarray
    """(T, D) path of the origin, in the source's coordinates, on model frames."""
    unit: float
    """Torso length (or spread) in the source's units."""
    rotation: np.ndarray | None
    """(T,) angle (radians) by which each frame was turned, None without a heading."""
    source_frames: np.ndarray
    """(T,) float64, the source's frame number of each model frame."""
    fps: float | None
    """Model frames per second, None where unknown."""
    landmarks: tuple[str, ...]
    """The source's landmarks."""

    def cut(self, frames: slice) -> "TransformRecord":
        """Return the record of some consecutive model frames."""
        return replace(
            self,
            anchor=self.anchor[frames],
            rotation=None if self.rotation is None else self.rotation[frames],
            source_frames=self.source_frames[frames],
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class ProcessedSequence:
    """One recording in the model's coordinates."""

    name: str
    pose: np.ndarray
    """(T, N, D) float32 in torso lengths, NaN where missing; points in the order of ``processor.points``."""
    record: TransformRecord
    source: PoseSequence

    def cut(self, frames: slice) -> "ProcessedSequence":
        """Return some consecutive model frames of the recording; ``source`` stays the whole one."""
        return replace(self, pose=self.pose[frames], record=self.record.cut(frames))
