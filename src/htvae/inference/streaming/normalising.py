"""Model frames to the model's coordinates, block by block, without looking ahead of a block.

- Origin (hips or centroid) and unit are chosen on the first block of which half of the frames show something,
  and then kept. Blocks before it are normalised by themselves.
- The origin's gaps inside a block are interpolated, as for a whole recording. At the end of a block the last
  known place is held, and the next block goes on from there.

Where hips are seen in every frame and the unit is the same, the result is that of `Normalisation.apply`.

Axes: ``T`` frames of a block, ``L`` landmarks, ``D`` coordinates.
"""

from dataclasses import dataclass

import numpy as np

from htvae.data import anchoring
from htvae.data.normalisation import Normalisation
from htvae.poses.geometry import UPWARDS, fill_gaps, observed_points, rotate

LEAST_SHOWN = 0.5
"""Share of a block's frames that must show something, so that origin and unit are chosen on it."""


@dataclass(frozen=True, eq=False)
class Block:
    """Consecutive frames in the model's coordinates."""

    pose: np.ndarray
    """(T, L + 1, D), the root velocity last, NaN where missing."""
    anchor: np.ndarray
    """(T, D) path of the origin, in the source's coordinates; NaN before anything is seen."""
    rotation: np.ndarray | None
    """(T,) angle (radians) by which each frame was turned, None without a heading."""
    unit: float
    """Torso length (or spread) in the source's units."""


class CausalNormaliser:
    """Normalises one block after the other.

    Args:
        normalisation: the model's choice of origin, unit and heading.
        unit: torso length (or spread) in the source's units. None: measured.
    """

    def __init__(self, normalisation: Normalisation, unit: float | None = None) -> None:
        self.normalisation = normalisation
        self.unit = unit
        self._hips = anchoring.find_pair(normalisation.landmarks, "HIP")
        self._follows_hips: bool | None = None
        self._places: np.ndarray | None = None  # last known places of what the origin is computed from
        self._origin: np.ndarray | None = None  # the last frame's
        self._was_seen = False
        self._angle = UPWARDS

    def apply(self, pose: np.ndarray) -> Block:
        """Return the next frames (T, L, D), normalised."""
        observed = observed_points(pose)
        is_chosen_on = bool(np.count_nonzero(observed.any(1)) >= LEAST_SHOWN * len(pose))
        follows_hips = self._choose_origin(pose, observed, is_chosen_on)
        anchor, seen = self._follow(pose, observed, follows_hips)
        centred = self._centre(pose, anchor, seen)
        unit = self.unit
        if unit is None:
            unit, _ = self.normalisation.measure_unit(pose, centred[:, :-1], observed)
            self.unit = unit if is_chosen_on else None
        centred *= np.float32(1 / unit)
        rotation = self._find_rotation(pose)
        if rotation is not None:
            centred = rotate(centred, rotation)
        return Block(centred, anchor, rotation, unit)

    def _choose_origin(self, pose: np.ndarray, observed: np.ndarray, is_chosen_on: bool) -> bool:
        """Return whether the origin follows the hips, else the centroid."""
        if self._follows_hips is not None:
            return self._follows_hips
        follows = self.normalisation.anchor == "midhip" and self._hips is not None
        if follows and self._hips is not None:
            follows = anchoring.middle_path(pose, observed, self._hips) is not None
        if is_chosen_on:
            self._follows_hips = follows
        else:
            self._places = None
        return follows

    def _follow(
        self, pose: np.ndarray, observed: np.ndarray, follows_hips: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the origin's path (T, D), and the frames (T,) in which it was seen."""
        if follows_hips and self._hips is not None:
            left, right = self._hips
            places = np.float32(0.5) * (pose[:, left] + pose[:, right])[:, None]
            known = (observed[:, left] & observed[:, right])[:, None]
        else:
            places, known = pose, observed
        seen: np.ndarray = known.any(1)
        if self._places is None or self._places.shape != places.shape[1:]:
            before, self._was_seen = np.full_like(places[0], np.nan), False
        else:
            before = self._places
        known = np.concatenate([observed_points(before)[None], known])
        filled = fill_gaps(np.concatenate([before[None], places]), known)[1:]
        count = int(known.any(0).sum())
        if count != np.count_nonzero(observed_points(before)):
            self._was_seen = False  # a landmark that is new moves the centroid without moving
        self._places = filled[-1]
        if not count:
            return np.full_like(filled[:, 0], np.nan), seen
        return np.nan_to_num(filled).sum(1) / np.float32(count), seen

    def _centre(self, pose: np.ndarray, anchor: np.ndarray, seen: np.ndarray) -> np.ndarray:
        """Return poses (T, L + 1, D) around the origin, its velocity last, NaN where it was not seen."""
        before = np.full_like(anchor[0], np.nan) if self._origin is None else self._origin
        velocity = np.diff(anchor, axis=0, prepend=before[None])
        both = seen & np.concatenate([[self._was_seen], seen[:-1]])
        velocity[~both] = np.nan
        self._origin, self._was_seen = anchor[-1], bool(seen[-1])
        return np.concatenate([pose - anchor[:, None], velocity[:, None]], axis=1).astype(np.float32)

    def _find_rotation(self, pose: np.ndarray) -> np.ndarray | None:
        """Return the angle (T,) that turns the body's axis upwards; over gaps it is interpolated or held."""
        if not self.normalisation.heading:
            return None
        tail, head = (pose[:, self.normalisation.landmarks.index(n)] for n in self.normalisation.heading)
        last = np.zeros_like(tail[:1])
        last[0, 0], last[0, -1] = np.cos(self._angle), np.sin(self._angle)
        axis = np.concatenate([last, head - tail])
        rotation = anchoring.upward_rotation(np.zeros_like(axis), axis)[1:]
        self._angle = UPWARDS - rotation[-1]
        return rotation
