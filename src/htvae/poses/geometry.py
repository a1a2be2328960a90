"""Arithmetic on pose arrays that several rooms share: filling gaps, resampling, turning, moments.

Frames are the first axis and coordinates the last; a missing point is NaN in all of its coordinates.
"""

import numpy as np

UPWARDS = np.pi / 2
"""Angle (radians) of the upward direction in the plane that `rotate` turns."""


def observed_points(pose: np.ndarray) -> np.ndarray:
    """Return the mask of observed points, bool, of the shape of ``pose`` without its last axis."""
    observed: np.ndarray = ~np.isnan(pose[..., 0])
    return observed


def fill_gaps(values: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Interpolate linearly over missing frames; hold the first and the last observed value at the ends.

    Args:
        values: (T, ..., D).
        observed: (T, ...) bool. A point that is never observed keeps its values.
    """
    if observed.all():
        return values
    num_frames = len(values)
    frames = np.arange(num_frames).reshape(-1, *[1] * (observed.ndim - 1))
    before = np.maximum.accumulate(np.where(observed, frames, -1), axis=0)
    after = np.minimum.accumulate(np.where(observed, frames, num_frames)[::-1], axis=0)[::-1]
    gaps = np.nonzero(~observed)  # few as a rule, and only they are computed
    before, after = before[gaps], after[gaps]
    before, after = np.where(before < 0, after, before), np.where(after == num_frames, before, after)
    weight = ((gaps[0] - before) / np.maximum(after - before, 1))[..., None].astype(values.dtype)
    start = values[before.clip(0, num_frames - 1), *gaps[1:]]
    stop = values[after.clip(0, num_frames - 1), *gaps[1:]]
    filled = values.copy()
    filled[gaps] = start + (stop - start) * weight
    return filled


def measure_movement(pose: np.ndarray) -> float:
    """Return the movement from frame to frame, root mean square over frames, points and coordinates.

    Args:
        pose: (T, L, D), NaN where missing.

    Returns:
        The movement in the pose's units per frame; 0 if no point is observed in two neighbouring frames.
    """
    steps = np.diff(pose, axis=0)
    known = np.isfinite(steps)
    return float(np.sqrt(np.square(steps, dtype=np.float64)[known].mean())) if known.any() else 0.0


def resample_frames(values: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Read ``values`` (T, ...) at fractional frames by linear interpolation.

    A point of the result is observed only if it is observed in both frames around the position; at a whole
    position, in that frame.

    Args:
        values: (T, ...).
        positions: (M,) in [0, T - 1].

    Returns:
        (M, ...), of the same dtype.
    """
    low = np.floor(positions).astype(np.int64)
    weight = (positions - low).astype(values.dtype)
    high = low + (weight > 0)
    weight = weight.reshape(-1, *[1] * (values.ndim - 1))
    resampled: np.ndarray = values[low] * (1 - weight) + values[high] * weight
    return resampled


def rotate(pose: np.ndarray, angle: float | np.ndarray) -> np.ndarray:
    """Turn points counter-clockwise about the origin, in the plane of the first and the last coordinate.

    In two dimensions that plane is the picture; in three it is the ground, so that points turn about the
    upright axis y.

    Args:
        pose: (T, ..., D), D at least 2.
        angle: angle (radians), one for all frames or (T,).
    """
    angle = np.asarray(angle, dtype=pose.dtype).reshape(-1, *[1] * (pose.ndim - 2))
    cosine, sine = np.cos(angle), np.sin(angle)
    turned = pose.copy()
    turned[..., 0] = cosine * pose[..., 0] - sine * pose[..., -1]
    turned[..., -1] = sine * pose[..., 0] + cosine * pose[..., -1]
    return turned


def plane_angle(vectors: np.ndarray) -> np.ndarray:
    """Return the angle (radians) of vectors (..., D) in the plane that `rotate` turns."""
    angle: np.ndarray = np.arctan2(vectors[..., -1], vectors[..., 0])
    return angle


class RunningMoments:
    """Mean and standard deviation of poses (T, N, D) over observed points, accumulated part by part."""

    def __init__(self) -> None:
        self.num_frames = 0
        self._count, self._total, self._squares = np.zeros(1), np.zeros((1, 1)), np.zeros(1)

    def add(self, pose: np.ndarray) -> None:
        """Add the frames of a part (T, N, D)."""
        observed = observed_points(pose)
        filled = pose.astype(np.float64)
        if not observed.all():
            filled[~observed] = 0
        self.num_frames += len(pose)
        self._count = self._count + observed.sum(axis=0)
        self._total = self._total + filled.sum(axis=0)
        self._squares = self._squares + np.einsum("tnd,tnd->n", filled, filled)

    def compute(self, min_scale: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean (N, D), and the standard deviation (N,) of all coordinates, at least ``min_scale``.

        A point that was never observed has mean 0 and standard deviation 1.
        """
        count = np.maximum(self._count, 1)
        mean = self._total / count[:, None]
        variance = (self._squares / count - np.square(mean).sum(axis=1)) / mean.shape[1]
        scale = np.sqrt(np.maximum(variance, min_scale**2))
        return mean, np.where(self._count > 0, scale, 1.0)


def runs_of(mask: np.ndarray) -> list[tuple[int, int]]:
    """Return the runs (start, stop) of True in a mask (T,)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
