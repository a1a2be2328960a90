"""What is drawn of poses: from which sides, and the frame around a figure.

Axes: T frames, L points, D coordinates: x to the right, y up and, with three, z towards the viewer.
"""

from dataclasses import dataclass

import numpy as np

Array = np.ndarray

_TRAVELS = 0.6
"""Least way of a figure (multiples of its size) at which the view follows it."""


@dataclass(frozen=True)
class Side:
    """A side from which poses are seen, without perspective."""

    name: str
    axes: tuple[int, int]
    """Coordinates to the right and upwards in the picture."""
    towards: tuple[int, int] | None = None
    """Coordinate towards the viewer and its sign; None in two dimensions."""

    def see(self, points: Array) -> Array:
        """Return the points (..., 2) in the picture of points (..., D)."""
        return points[..., self.axes]

    def depth(self, points: Array) -> Array | None:
        """Return how near points (..., D) are to the viewer, None in two dimensions."""
        if self.towards is None:
            return None
        axis, sign = self.towards
        nearness: Array = sign * points[..., axis]
        return nearness


def find_sides(num_coordinates: int) -> tuple[Side, ...]:
    """Return the sides from which poses are drawn: one in two dimensions, front and left side in three."""
    if num_coordinates < 3:
        return (Side("", (0, 1)),)
    return Side("front", (0, 1), (2, 1)), Side("side", (2, 1), (0, -1))


def frame_figure(pose: Array, other: Array, smooth: int = 0) -> tuple[Array, Array]:
    """Return the view's centre (T, D) and half its size (D,), in units of the pose.

    The centre follows the figure along an axis on which the figure travels, and is constant along the others.

    Args:
        pose: points (T, L, D) that the view must contain.
        other: points used instead if all points of ``pose`` are missing.
        smooth: frames (odd) over which the centre is averaged. 0: each frame is centred separately, but for
            its height.
    """
    points = pose if np.isfinite(pose).any() else other
    num_frames, _, num_coordinates = points.shape
    if not np.isfinite(points).any():
        return np.zeros((num_frames, num_coordinates)), np.ones(num_coordinates)
    seen = np.isfinite(points[..., 0]).any(axis=-1)
    frames = np.arange(num_frames)
    low, high = np.nanmin(points[seen], axis=1), np.nanmax(points[seen], axis=1)
    center = np.stack([np.interp(frames, frames[seen], middle) for middle in (low + high).T / 2], axis=-1)
    if smooth > 1:
        pad = np.pad(center, ((smooth // 2, smooth // 2), (0, 0)), mode="edge")
        center = np.lib.stride_tricks.sliding_window_view(pad, smooth, axis=0).mean(axis=-1)
    travels = np.ptp(center, axis=0) > _TRAVELS * np.quantile(high - low, 0.9, axis=0).max()
    travels |= (np.arange(num_coordinates) != 1) & (smooth == 0)
    center = np.where(travels, center, (low.min(axis=0) + high.max(axis=0)) / 2)
    half = np.nanquantile(np.abs(points - center[:, None]), 0.999, axis=(0, 1))
    return center, np.maximum(half, 1e-6 + 0.25 * half.max())
