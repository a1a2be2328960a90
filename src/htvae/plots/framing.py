"""The frame around a figure: where the middle of a view lies, and how much it must hold.

Axes: T frames, L points.
"""

import numpy as np

Array = np.ndarray

_TRAVELS = 0.6
"""Least way of a figure (multiples of its size) at which the view follows it."""


def frame_figure(pose: Array, other: Array, smooth: int = 0) -> tuple[Array, Array]:
    """Return the view's centre (T, 2) and half its size (2,), in units of the pose.

    The centre follows the figure along an axis on which the figure travels, and is constant along the others.

    Args:
        pose: points (T, L, 2) that the view must contain.
        other: points used instead if all points of ``pose`` are missing.
        smooth: frames (odd) over which the centre is averaged. 0: each frame is centred separately in x.
    """
    points = pose if np.isfinite(pose).any() else other
    if not np.isfinite(points).any():
        return np.zeros((len(pose), 2)), np.ones(2)
    seen = np.isfinite(points[..., 0]).any(axis=-1)
    frames = np.arange(len(points))
    low, high = np.nanmin(points[seen], axis=1), np.nanmax(points[seen], axis=1)
    middle = (low + high) / 2
    center = np.stack([np.interp(frames, frames[seen], middle[:, axis]) for axis in (0, 1)], axis=-1)
    if smooth > 1:
        pad = np.pad(center, ((smooth // 2, smooth // 2), (0, 0)), mode="edge")
        center = np.lib.stride_tricks.sliding_window_view(pad, smooth, axis=0).mean(axis=-1)
    travels = np.ptp(center, axis=0) > _TRAVELS * np.quantile(high - low, 0.9, axis=0).max()
    travels[0] |= smooth == 0
    center = np.where(travels, center, (low.min(axis=0) + high.max(axis=0)) / 2)
    half = np.nanquantile(np.abs(points - center[:, None]), 0.999, axis=(0, 1))
    return center, np.maximum(half, 1e-6 + 0.25 * half.max())
