"""Moving a recording's poses to the origin, scaling them to torso lengths, and turning them upright.

Axes: T frames, L landmarks, D coordinates.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from htvae.data import anchoring
from htvae.poses.geometry import observed_points, rotate

NORMALISATIONS = (("midhip", "torso"), ("midhip", "spread"), ("centroid", "spread"))
"""Choices of (anchor, unit), the best first. A training set uses the first choice that at least half of its
recordings allow."""


@dataclass(frozen=True, eq=False)
class Normalised:
    """One normalised recording."""

    pose: np.ndarray
    """(T, L + 1, D) in torso lengths, the root velocity last."""
    anchor: np.ndarray
    """(T, D) path of the origin, in the source's coordinates."""
    unit: float
    """Torso length (or spread) in the source's units."""
    rotation: np.ndarray | None
    """(T,) angle (radians) by which each frame was turned, None without a heading."""
    lacks: str
    """Landmarks that the recording lacks, so that anchor or unit are estimated; empty where it lacks none."""


@dataclass(frozen=True, eq=False)
class Measured:
    """What a whole recording determines of its normalisation."""

    anchor: np.ndarray
    """(T, D) path of the origin, in the source's coordinates."""
    seen: np.ndarray
    """(T,) bool, True where the origin was seen."""
    unit: float
    """Torso length in the source's units."""
    rotation: np.ndarray | None
    """(T,) angle (radians) by which each frame is turned, None without a heading."""


@dataclass(frozen=True, eq=False)
class Normalisation:
    """The choice of origin, unit and heading, and how it applies to a recording."""

    landmarks: tuple[str, ...]
    """Landmarks of the poses, in the order of axis L."""
    anchor: str
    """Origin of every frame: "midhip" or "centroid"."""
    unit: str
    """Unit of length: "torso" or "spread"."""
    heading: tuple[str, str] | None
    """Landmarks (tail, head) whose axis is turned upwards, None to turn nothing."""
    mean: np.ndarray | None = None
    """(L, D) mean of the training set in torso lengths; None while it is being measured."""
    scale: np.ndarray | None = None
    """(L,) standard deviation of the training set in torso lengths; None while it is being measured."""

    @property
    def is_possible(self) -> bool:
        """Whether the landmarks include those that anchor and unit need."""
        return bool((self.anchor != "midhip" or self._hips) and (self.unit != "torso" or self._shoulders))

    def apply(self, pose: np.ndarray) -> Normalised:
        """Normalise the poses (T, L, D) of one recording."""
        observed = observed_points(pose)
        anchor, seen, lacks = self._find_anchor(pose, observed)
        centred = _centre(pose, anchor, seen)
        unit, is_estimated = self.measure_unit(pose, centred[:, :-1], observed)
        if is_estimated:
            lacks = lacks or "hips and shoulders"
        centred *= np.float32(1 / unit)
        rotation = self._find_rotation(pose)
        if rotation is not None:
            centred = rotate(centred, rotation)
        return Normalised(centred, anchor, unit, rotation, lacks)

    def measure_unit(self, pose: np.ndarray, centred: np.ndarray, observed: np.ndarray) -> tuple[float, bool]:
        """Return the torso length (or spread) of poses (T, L, D), and whether a torso length is estimated.

        Args:
            pose: poses in the source's coordinates.
            centred: the same around their origin.
            observed: (T, L) bool.
        """
        torso = self._find_torso(pose)
        if torso is not None:
            return torso, False
        spread = anchoring.spread(centred, observed)
        if self.unit == "torso":
            return spread / self._expected_spread(observed), True
        return spread, False

    @property
    def measured_landmarks(self) -> list[int]:
        """Indices of the landmarks from which origin, unit and heading follow; none where all are needed."""
        if self.anchor != "midhip" or self.unit != "torso" or not self._hips or not self._shoulders:
            return []
        heading = [self.landmarks.index(name) for name in self.heading or ()]
        return sorted({*self._hips, *self._shoulders, *heading})

    def measure_columns(self, pose: np.ndarray) -> Measured | None:
        """Measure a recording by the poses (T, l, D) of its `measured_landmarks`.

        Returns:
            None where these are seen in too few frames, so that all landmarks are needed.
        """
        names = tuple(self.landmarks[index] for index in self.measured_landmarks)
        part = Normalisation(names, self.anchor, self.unit, self.heading)
        anchor, seen, lacks = part._find_anchor(pose, observed_points(pose))
        unit = part._find_torso(pose)
        if lacks or unit is None:
            return None
        return Measured(anchor, seen, unit, part._find_rotation(pose))

    def place(self, pose: np.ndarray, measured: Measured, start: int) -> np.ndarray:
        """Return the poses (T, L + 1, D) of frames from ``start`` on, as `apply` does.

        Args:
            pose: (T, L, D), in the source's coordinates.
            measured: from `measure_columns`, of the whole recording.
            start: number of the first frame.
        """
        before = max(start - 1, 0)
        rows = slice(before, start + len(pose))
        centred = _centre(pose, measured.anchor[rows], measured.seen[rows])
        centred *= np.float32(1 / measured.unit)
        if measured.rotation is not None:
            centred = rotate(centred, measured.rotation[start : start + len(pose)])
        return centred

    @cached_property
    def _hips(self) -> anchoring.Pair | None:
        return anchoring.find_pair(self.landmarks, "HIP")

    @cached_property
    def _shoulders(self) -> anchoring.Pair | None:
        return anchoring.find_pair(self.landmarks, "SHOULDER")

    def _find_anchor(self, pose: np.ndarray, observed: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
        """Return the anchor's path (T, D), the frames (T,) in which it was seen, and missing landmarks."""
        if self.anchor == "centroid":
            return *anchoring.centroid_path(pose, observed), ""
        path = anchoring.middle_path(pose, observed, self._hips) if self._hips else None
        return (*path, "") if path else (*anchoring.centroid_path(pose, observed), "hips")

    def _find_torso(self, pose: np.ndarray) -> float | None:
        if self.unit == "torso" and self._hips and self._shoulders:
            return anchoring.torso_length(pose, self._hips, self._shoulders)
        return None

    def _find_rotation(self, pose: np.ndarray) -> np.ndarray | None:
        if not self.heading:
            return None
        tail, head = (pose[:, self.landmarks.index(name)] for name in self.heading)
        return anchoring.upward_rotation(tail, head)

    def _expected_spread(self, observed: np.ndarray) -> float:
        """Return the spread (torso lengths) of the training set in the points observed (T, L)."""
        if self.mean is None or self.scale is None:
            return 1.0
        return anchoring.expected_spread(self.mean, self.scale, observed)


def _centre(pose: np.ndarray, anchor: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Return poses (T, L + 1, D) around the anchor, its velocity last; NaN where it was not ``seen`` (T,).

    The anchor may begin a frame earlier than the poses, so that the first velocity is known.
    """
    centred = np.empty((len(pose), pose.shape[1] + 1, pose.shape[2]), np.float32)
    np.subtract(pose, anchor[len(anchor) - len(pose) :, None], out=centred[:, :-1])
    velocity = centred[len(pose) + 1 - len(anchor) :, -1]
    centred[0, -1] = np.nan
    np.subtract(anchor[1:], anchor[:-1], out=velocity)
    velocity[~(seen[1:] & seen[:-1])] = np.nan
    return centred
