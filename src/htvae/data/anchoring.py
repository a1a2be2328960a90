"""Place, size and direction of a body, computed from its landmarks."""

from collections.abc import Sequence

import numpy as np

from htvae.poses.geometry import UPWARDS, fill_gaps, plane_angle
from htvae.poses.landmarks import canonical_name

MIN_OBSERVED_SHARE = 0.1
"""Least share of frames that must show the hips for an anchor, and hips and shoulders for a unit."""

Pair = tuple[int, int]
"""Indices of a left and a right landmark."""


def find_pair(landmarks: Sequence[str], part: str) -> Pair | None:
    """Return the indices of the left and the right ``part`` ("HIP"), None where one is absent."""
    index_of = {canonical_name(name): index for index, name in reversed(list(enumerate(landmarks)))}
    left, right = index_of.get(f"LEFT_{part}"), index_of.get(f"RIGHT_{part}")
    return None if left is None or right is None else (left, right)


def middle_path(pose: np.ndarray, observed: np.ndarray, pair: Pair) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the path (T, D) midway between two landmarks, and the frames (T,) in which both were seen.

    The path is interpolated over the other frames. None where both were seen in too few frames.
    """
    seen: np.ndarray = np.logical_and(observed[:, pair[0]], observed[:, pair[1]])
    if np.count_nonzero(seen) / len(seen) < MIN_OBSERVED_SHARE:
        return None
    return fill_gaps(np.float32(0.5) * (pose[:, pair[0]] + pose[:, pair[1]]), seen), seen


def centroid_path(pose: np.ndarray, observed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the path (T, D) of the mean of all landmarks, and the frames (T,) in which any was seen.

    Every landmark is interpolated over its gaps first, so that a lost landmark does not make the mean jump.
    """
    filled = np.nan_to_num(fill_gaps(pose, observed))
    seen: np.ndarray = np.logical_or.reduce(observed, axis=1)
    return filled.sum(axis=1) / np.float32(max(observed.any(axis=0).sum(), 1)), seen


def torso_length(pose: np.ndarray, hips: Pair, shoulders: Pair) -> float | None:
    """Return the median distance from mid-hip to mid-shoulder, None where too few frames show it."""
    torso = 0.5 * (pose[:, hips[0]] + pose[:, hips[1]] - pose[:, shoulders[0]] - pose[:, shoulders[1]])
    lengths = np.sqrt(np.square(torso).sum(axis=1))
    num_seen = len(pose) - np.count_nonzero(np.isnan(lengths))
    if num_seen < max(MIN_OBSERVED_SHARE * len(pose), 1):
        return None
    middle = [(num_seen - 1) // 2, num_seen // 2]  # np.median would take most of the time
    return float(np.partition(lengths, middle)[middle].mean()) or None


def spread(centred: np.ndarray, observed: np.ndarray) -> float:
    """Return the root mean square distance of the observed points from the origin; 1 where that is 0."""
    squares = np.square(centred).sum(axis=2)[observed]
    return float(np.sqrt(squares.mean(dtype=np.float64))) if squares.any() else 1.0


def expected_spread(mean: np.ndarray, scale: np.ndarray, observed: np.ndarray) -> float:
    """Return the `spread` to expect of points, observed as in (T, L), with mean (L, D) and scale (L,)."""
    count = observed.sum(axis=0)
    squares = np.square(mean).sum(axis=1) + mean.shape[1] * np.square(scale)
    return float(np.sqrt((count * squares).sum() / max(count.sum(), 1))) or 1.0


def upward_rotation(tail: np.ndarray, head: np.ndarray) -> np.ndarray:
    """Return the angle (T,) that turns the axis from tail to head upwards, interpolated over gaps."""
    angle = plane_angle(head - tail)
    seen: np.ndarray = ~np.isnan(angle)
    angle[seen] = np.unwrap(angle[seen])
    return np.nan_to_num(UPWARDS - fill_gaps(angle[:, None], seen)[:, 0])
