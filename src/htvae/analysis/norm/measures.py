"""What clinicians measure of each part of the body, beside what the rest of the body predicts.

All measures are above 0, and are averaged and compared as logarithms: 0.9 is as far from 1 as 1 / 0.9.

Axes: ``m`` measures, ``T`` frames, ``L`` landmarks, ``D`` coordinates.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from htvae.analysis.measures import LEAST_OBSERVED, Measure
from htvae.data.processing import PoseDataProcessor
from htvae.inference.motion_features import smooth_pose
from htvae.metrics.units import TORSO_LENGTHS
from htvae.poses.body_groups import BodyGroup, group_bones, pair_groups

LEAST_BONE = 0.25
"""Least length (torso lengths) of a bone in the mean pose. Shorter ones say more of the tracker's noise."""
LEAST_SECONDS = 2.0
"""Time that a landmark must be observed to be measured."""
USUAL_FPS = 30.0
"""Frame rate where none is known."""
FAMILIES = ("range", "speed", "length")
_RANGE, _FAR = (0.05, 0.95), 0.95
_LEAST_EXTENT, _LEAST_FRAMES = 1e-6, 20


@dataclass(frozen=True, eq=False)
class MeasurePlan:
    """Which parts, bones and pairs are measured."""

    groups: tuple[BodyGroup, ...]
    """Parts of the body."""
    bones: tuple[tuple[tuple[int, int], ...], ...]
    """Long bones of each part, as pairs of landmarks."""
    pairs: tuple[tuple[int, int], ...]
    """Left and right parts."""
    mirror: tuple[int, ...]
    """Partner of each landmark."""
    unit: str = TORSO_LENGTHS
    """Of lengths, in words."""

    @classmethod
    def of(cls, groups: Sequence[BodyGroup], processor: PoseDataProcessor) -> "MeasurePlan":
        """Return the plan of a model's skeleton; parts without long bones have no length."""
        mean = np.array(processor.pose_mean)
        long = [(a, b) for a, b in processor.edges if np.linalg.norm(mean[a] - mean[b]) >= LEAST_BONE]
        return cls(
            groups=tuple(groups),
            bones=tuple(tuple(group_bones(group, long)) for group in groups),
            pairs=tuple(pair_groups(groups, processor.landmarks)),
            mirror=tuple(processor.mirror),
            unit=processor.unit_words,
        )

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What `measure_recording` returns, in its order."""
        names = [group.name for group in self.groups]
        units = dict.fromkeys(FAMILIES, "observed / predicted") | {"length": self.unit}
        own = [
            Measure(f"{family} of {name}", units[family], family, name)
            for family in FAMILIES
            for name in names
        ]
        sides = [f"{names[a]} / {names[b]}" for a, b in self.pairs]
        both = [
            Measure(f"asymmetry of {family}, {pair}", "left / right", f"asymmetry of {family}", pair)
            for family in FAMILIES
            for pair in sides
        ]
        return (*own, *both)


def measure_recording(
    pose: np.ndarray, predicted: np.ndarray, plan: MeasurePlan, fps: float | None
) -> np.ndarray:
    """Return the logarithms (m,) of a recording's measures, NaN where a part is hardly seen.

    - Range: diagonal of the box from the 5th to the 95th percentile of each coordinate, mean over landmarks.
    - Speed: mean way from frame to frame, mean over landmarks.
    - Length: 95th percentile of the summed length of the part's bones, as observed: how long it looks where
      it is seen best. Lengths that the model predicts for hidden arms are too inexact to compare with.
    - Asymmetry: left over right, as observed, of landmarks and bones that both sides show.

    Poses go through the filter of `smooth_pose` first, and predictions count only where points are observed.

    Args:
        pose: (T, L, D), NaN where missing.
        predicted: (T, L, D) from `predict_held_out`.
        plan: parts, bones and pairs.
        fps: frames per second, None where unknown.
    """
    seen = np.isfinite(pose[..., 0])
    least = max(LEAST_OBSERVED * len(pose), LEAST_SECONDS * (fps or USUAL_FPS))
    seen = seen & (seen.sum(axis=0) >= least)
    observed = np.where(seen[..., None], smooth_pose(pose), np.nan).astype(np.float64)
    expected = np.where(seen[..., None], predicted, np.nan).astype(np.float64)
    shown = seen.any(axis=0)
    parts = [(_extents(p), _speeds(p)) for p in (observed, expected)]
    own = [
        [_log_ratio(_average(parts[0][k], g.landmarks, shown), _average(parts[1][k], g.landmarks, shown))
         for g in plan.groups]
        for k in range(2)
    ]  # fmt: skip
    own.append([_log_ratio(_length(observed, bones), 1.0) for bones in plan.bones])
    both = [
        *([_compare_sides(parts[0][k], plan, pair, shown) for pair in plan.pairs] for k in range(2)),
        [_compare_bones(observed, plan, pair, shown) for pair in plan.pairs],
    ]
    return np.array([value for part in (*own, *both) for value in part])


def _extents(pose: np.ndarray) -> np.ndarray:
    """Return the range (L,) of each landmark, NaN where it is not seen."""
    extents = np.full(pose.shape[1], np.nan)
    for k in np.flatnonzero(np.isfinite(pose[..., 0]).any(axis=0)):
        low, high = np.quantile(pose[np.isfinite(pose[:, k, 0]), k], _RANGE, axis=0)
        extents[k] = np.linalg.norm(high - low)
    return extents


def _speeds(pose: np.ndarray) -> np.ndarray:
    """Return the mean way (L,) from frame to frame."""
    steps = np.linalg.norm(np.diff(pose, axis=0), axis=-1)
    known = np.isfinite(steps)
    total = np.where(known, steps, 0.0).sum(axis=0)
    speeds: np.ndarray = np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)
    return speeds


def _length(pose: np.ndarray, bones: Sequence[tuple[int, int]]) -> float:
    """Return the 95th percentile of the summed length of bones, over frames that show all of them."""
    if not bones:
        return np.nan
    total = sum(np.linalg.norm(pose[:, a] - pose[:, b], axis=-1) for a, b in bones)
    known = total[np.isfinite(total)]
    return float(np.quantile(known, _FAR)) if len(known) >= _LEAST_FRAMES else np.nan


def _average(values: np.ndarray, landmarks: Sequence[int], shown: np.ndarray) -> float:
    own = [values[k] for k in landmarks if shown[k] and np.isfinite(values[k])]
    return float(np.mean(own)) if own else np.nan


def _compare_sides(values: np.ndarray, plan: MeasurePlan, pair: tuple[int, int], shown: np.ndarray) -> float:
    """Return the logarithm of left over right, of landmarks that both sides show."""
    left = [k for k in plan.groups[pair[0]].landmarks if shown[k] and shown[plan.mirror[k]]]
    return _log_ratio(_average(values, left, shown), _average(values, [plan.mirror[k] for k in left], shown))


def _compare_bones(pose: np.ndarray, plan: MeasurePlan, pair: tuple[int, int], shown: np.ndarray) -> float:
    """Return the logarithm of left over right, of bones that both sides show."""
    sides: list[list[tuple[int, int]]] = [[], []]
    for bone in plan.bones[pair[0]]:
        other = (plan.mirror[bone[0]], plan.mirror[bone[1]])
        if shown[[*bone, *other]].all() and set(bone) != set(other):
            sides[0].append(bone)
            sides[1].append(other)
    return _log_ratio(_length(pose, sides[0]), _length(pose, sides[1]))


def _log_ratio(first: float, second: float) -> float:
    if not (first > _LEAST_EXTENT and second > _LEAST_EXTENT):  # NaN, too
        return np.nan
    return float(np.log(first / second))
