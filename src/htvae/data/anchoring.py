"""Where a body is, how large it is and which way it points, read from its landmarks."""

from collections.abc import Sequence

import numpy as np

from htvae.poses.geometry import UPWARDS, fill_gaps, plane_angle
from htvae.poses.landmarks import canonical_name

MIN_OBSERVED_SHARE = 0.1
"""Share of frames in which hips (and shoulders) must be seen for anchor (and unit) to be taken from them."""

Pair = tuple[int, int]
"""Indices of a left and a right landmark."""


def find_pair(landmarks: Sequence[str], part: str) -> Pair | None:
    """Return the indices of the left and the right ``part`` ("HIP"), None where there is no such pair."""
    index_of = {canonical_name(name): index for index, name in reversed(list(enumerate(landmarks)))}
    left, right = index_of.get(f"LEFT_{part}"), index_of.get(f"RIGHT_{part}")
    return None if left is None or right is None else (left, right)


def middle_path(pose: np.ndarray, observed: np.ndarray, pair: Pair) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the path (T, D) midway between two landmarks and the frames (T,) in which both were seen.

    The path is interpolated over the other frames. None where both are seen in too few.
    """
    seen: np.ndarray = np.logical_and(observed[:, pair[0]], observed[:, pair[1]])
    if np.count_nonzero(seen) / len(seen) < MIN_OBSERVED_SHARE:
        return None
    return fill_gaps(np.float32(0.5) * (pose[:, pair[0]] + pose[:, pair[1]]), seen), seen


def centroid_path(pose: np.ndarray, observed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the path (T, D) of the mean of all landmarks and the frames (T,) in which any was seen.

    Every landmark is interpolated over its gaps first, so that the mean does not jump when one comes or goes.
    """
    filled = np.nan_to_num(fill_gaps(pose, observed))
    seen: np.ndarray = np.logical_or.reduce(observed, axis=1)
    return filled.sum(axis=1) / np.float32(max(observed.any(axis=0).sum(), 1)), seen


def torso_length(pose: np.ndarray, hips: Pair, shoulders: Pair) -> float | None:
    """Return the median distance from mid-hip to mid-shoulder, None where it is seen in too few frames."""
    torso = 0.5 * (pose[:, hips[0]] + pose[:, hips[1]] - pose[:, shoulders[0]] - pose[:, shoulders[1]])
    lengths = np.sqrt(np.square(torso).sum(axis=1))
    num_seen = len(pose) - np.count_nonzero(np.isnan(lengths))
    if num_seen < max(MIN_OBSERVED_SHARE * len(pose), 1):
        return None
    middle = [(num_seen - 1) // 2, num_seen // 2]  # numpy's median takes longer than all else here
    return float(np.partition(lengths, middle)[middle].mean()) or None


def spread(centred: np.ndarray, observed: np.ndarray) -> float:
    """Return the root mean square distance from the origin of the points observed in (T, L, D), or 1."""
    squares = np.square(centred).sum(axis=2)[observed]
    return float(np.sqrt(squares.mean(dtype=np.float64))) if squares.any() else 1.0


def expected_spread(mean: np.ndarray, scale: np.ndarray, observed: np.ndarray) -> float:
    """Return what `spread` would be if the points observed (T, L) had this mean (L, D) and scale (L,)."""
    count = observed.sum(axis=0)
    squares = np.square(mean).sum(axis=1) + mean.shape[1] * np.square(scale)
    return float(np.sqrt((count * squares).sum() / max(count.sum(), 1))) or 1.0


def upward_rotation(tail: np.ndarray, head: np.ndarray) -> np.ndarray:
    """Return the angle (T,) that turns the axis from tail to head upwards, interpolated where unseen."""
    angle = plane_angle(head - tail)
    seen: np.ndarray = ~np.isnan(angle)
    angle[seen] = np.unwrap(angle[seen])
    return np.nan_to_num(UPWARDS - fill_gaps(angle[:, None], seen)[:, 0])
