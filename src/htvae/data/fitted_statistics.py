"""What normalised recordings of a training set have in common.

Axes: T frames, N points, D coordinates.
"""

import numpy as np

from htvae.data.normalisation import Normalised
from htvae.poses.geometry import RunningMoments

CENTRED_DISTANCE, CENTRED_SHARE = 0.1, 0.95
"""A training set is already centred if the anchor is this close to 0 (units) in this share of frames."""
MIN_SCALE = 1e-3
"""Least scale (torso lengths), for points that hardly move."""


class FittedStatistics:
    """Mean, scale, unit and origin of recordings that are added one by one."""

    def __init__(self) -> None:
        self._moments = RunningMoments()
        self._num_near = 0
        self._units: list[float] = []
        self._origins: list[np.ndarray] = []

    def __len__(self) -> int:
        return len(self._units)

    def add(self, part: Normalised) -> None:
        """Add a recording."""
        self._moments.add(part.pose)
        near = np.square(part.anchor).sum(axis=1) < (CENTRED_DISTANCE * part.unit) ** 2
        self._num_near += int(near.sum())
        self._units.append(part.unit)
        self._origins.append(np.median(part.anchor, axis=0))

    @property
    def root_motion(self) -> bool:
        """Whether the anchor moves, so that its velocity is worth a point."""
        return self._num_near < CENTRED_SHARE * self._moments.num_frames

    def compute_moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Return mean (N, D) and standard deviation (N,) of every point, torso lengths."""
        return self._moments.compute(MIN_SCALE)

    @property
    def typical_unit(self) -> float:
        """Median unit of the recordings."""
        return float(np.median(self._units))

    @property
    def typical_origin(self) -> list[float]:
        """Median place (D,) of the recordings' anchors."""
        origin: list[float] = np.median(self._origins, axis=0).tolist()
        return origin
