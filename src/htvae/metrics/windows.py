"""Poses without gaps, cut into windows of one length: what the yardsticks of evaluation work on.

Axes: ``T`` frames, ``L`` landmarks, ``D`` coordinates, ``W`` frames per window.
"""

from collections.abc import Sequence

import numpy as np


def mean_pose(poses: Sequence[np.ndarray]) -> np.ndarray:
    """Return (L, D), the mean over all observed frames of all poses; 0 for a landmark never observed.

    Args:
        poses: (T, L, D) each, NaN where missing.
    """
    total = sum(np.nansum(pose, axis=0, dtype=np.float64) for pose in poses)
    count = sum(np.isfinite(pose).sum(axis=0) for pose in poses)
    return (total / np.maximum(count, 1)).astype(np.float32)


def fill_gaps(pose: np.ndarray, fallback: np.ndarray) -> np.ndarray:
    """Return the pose with missing values filled in, each landmark and coordinate by itself.

    Between two observed frames linearly; before the first and after the last observed frame that one is held;
    a landmark that is missing throughout stands at its fallback.

    Args:
        pose: (T, L, D), NaN where missing.
        fallback: (L, D).

    Returns:
        (T, L, D) float32 without NaN; the pose itself where it has no gap.
    """
    pose = np.asarray(pose, dtype=np.float32)
    observed = np.isfinite(pose)
    if observed.all():
        return pose
    filled = pose.copy()
    frames = np.arange(len(pose))
    for index in np.argwhere(~observed.all(axis=0)):
        column = (slice(None), *index)
        seen = frames[observed[column]]
        filled[column] = np.interp(frames, seen, pose[column][seen]) if len(seen) else fallback[tuple(index)]
    return filled


def window_starts(num_frames: int, window: int, stride: int) -> np.ndarray:
    """Return the first frames of windows every `stride` frames; the last window ends with the recording.

    Args:
        num_frames: T, at least 1.
        window: W; where T is smaller, one window starts at 0 and reaches beyond the end.
        stride: frames from one window to the next, at least 1.
    """
    last = max(num_frames - window, 0)
    return np.append(np.arange(0, last, stride), last)


def cut_windows(pose: np.ndarray, starts: np.ndarray, window: int) -> np.ndarray:
    """Return (n, W, L, D): the windows at these starts; beyond the end the last frame is held.

    Args:
        pose: (T, L, D) without gaps.
        starts: (n,), each below T.
        window: W.
    """
    frames = np.minimum(np.asarray(starts)[:, None] + np.arange(window), len(pose) - 1)
    return pose[frames]
