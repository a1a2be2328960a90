"""Bodies in charts: landmarks and bones coloured by a number each.

Axes: L landmarks.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

Array = np.ndarray
NEUTRAL = (0.36, 0.39, 0.42, 1.0)
"""Colour of landmarks without a number."""
_SIGNED = ("#0072b2", "#e9ecef", "#d55e00")
_UNSIGNED = ("#e9ecef", "#fdae6b", "#d55e00", "#7f2704")


def draw_body(
    axes: "Axes",
    pose: Array,
    edges: Sequence[tuple[int, int]],
    colors: Array,
    width: float,
    outline: bool = False,
) -> None:
    """Draw one pose; points that are missing are left out.

    Args:
        axes: chart.
        pose: (L, 2), y up, NaN where missing.
        edges: bones, as pairs of indices.
        colors: (L, 4), 0..1, of the landmarks; a bone has that of its more colourful end.
        width: width of bones (points).
        outline: whether bones and landmarks have a grey border.
    """
    from matplotlib.collections import LineCollection

    seen = np.isfinite(pose).all(axis=1)
    bones = [(a, b) for a, b in edges if seen[a] and seen[b]]
    lines: list[Any] = [pose[[a, b]] for a, b in bones]
    vivid = np.ptp(colors[:, :3], axis=1)
    shades = [colors[a if vivid[a] >= vivid[b] else b] for a, b in bones]
    if outline:
        axes.add_collection(LineCollection(lines, colors="#adb5bd", linewidths=width + 1.5, capstyle="round"))
    axes.add_collection(LineCollection(lines, colors=shades, linewidths=width, capstyle="round", zorder=2))
    x, y = pose[seen].T
    edge, border = ("#868e96", 0.7) if outline else ("none", 0.0)
    size = (1.15 * width) ** 2
    axes.scatter(x, y, s=size, c=colors[seen], edgecolors=edge, linewidths=border, zorder=3)


def color_scale(is_signed: bool) -> "Colormap":
    """Return the colours of effects: blue below zero, orange above; without a sign pale to dark."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("effect", list(_SIGNED if is_signed else _UNSIGNED))


def color_landmarks(values: Array, limit: float, is_signed: bool, plain: Array) -> Array:
    """Return the colours (L, 4) of effects (L,); the scale ends at ``limit``.

    Where an effect is NaN the colour is that of ``plain`` (L, 4).
    """
    low = -limit if is_signed else 0.0
    shares = (np.nan_to_num(values) - low) / max(limit - low, 1e-9)
    found: Array = np.array(color_scale(is_signed)(shares.clip(0, 1)))
    return np.where(np.isfinite(values)[:, None], found, plain)
