"""Timelines of attention: what each chunk of a recording contributes, above the labels of its frames.

Axes: C chunks, P drawn poses, L landmarks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from htvae.plots.charts import _INK, _MUTED, PALETTE, _new_figure, _save
from htvae.plots.drawing import SIDE_COLORS, Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Sheet

Array = np.ndarray

NUM_POSES = 14
"""Poses drawn above each timeline."""
WIDTH, HEIGHT = 13.5, 3.6
"""Size of the picture, and of a recording in it (inches)."""
_STRIP, _GAP = 0.42, 0.03  # height of the poses' strip over that of the timeline, and the gap between them
_TIMELINE_WIDTH, _TIMELINE_HEIGHT = 8.6, 1.8  # of one timeline, about (inches)
_BAND = 0.07  # height of the labels' band over that of the timeline
_SHARED = "#eceff2"
_BANDS = ("#8dd3c7", "#fdb462", "#bebada", "#fb8072", "#80b1d3", "#b3de69", "#fccde5", "#bc80bd", "#ffed6f",
          "#c2a37c", "#a6cee3", "#9aa0a6")  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class AttentionTimeline:
    """What is drawn of one recording."""

    title: str
    """Heading."""
    edges: Array
    """Times (C + 1,) of the chunks' borders, in `unit`."""
    curves: dict[str, Array]
    """Contributions (C,) by name, in multiples of their mean; NaN where unknown."""
    shared: Array
    """Mask (C,), bool, True for chunks that two windows hold: they count in both."""
    spans: Sequence[tuple[float, float, str]]
    """Labels of frames, (start, stop, label)."""
    weights: Array
    """Attention (1 + C, 1 + C) between chunks, the sequence token first; NaN where no window holds both."""
    poses: Array
    """Poses (P, L, 2), y up, NaN where missing."""
    pose_times: Array
    """Times (P,) of the poses."""
    unit: str
    """``seconds`` or ``frames``."""


def draw_attention_timelines(
    timelines: Sequence[AttentionTimeline], figure: Figure, path: Path, title: str
) -> Path:
    """Draw recordings one below the other: poses, contributions and labels on one time axis, and the map.

    Args:
        timelines: at least one.
        figure: edges and sides of the poses.
        path: PNG to write.
        title: heading.
    """
    sheet, panels = _new_figure(len(timelines), 2, (WIDTH, 1.1 + HEIGHT * len(timelines)), f"{title}\n")
    grid = panels[0].get_gridspec()
    assert grid is not None
    grid.set_width_ratios([3.3, 1])
    colors = _label_colors(timelines)
    for row, timeline in enumerate(timelines):
        _draw_curves(panels[2 * row], timeline, colors)
        _draw_poses(panels[2 * row], timeline, figure)
        _draw_map(panels[2 * row + 1], timeline)
    _add_legends(sheet, panels[0], colors, any(timeline.shared.any() for timeline in timelines))
    return _save(sheet, path)


def _draw_curves(axes: "Axes", timeline: AttentionTimeline, colors: dict[str, str]) -> None:
    for number, (name, values) in enumerate(timeline.curves.items()):
        width = 2.0 if number == 0 else 1.4
        axes.stairs(values, timeline.edges, baseline=None, color=PALETTE[number], linewidth=width, label=name)
    for chunk in np.flatnonzero(timeline.shared):
        axes.axvspan(*timeline.edges[[chunk, chunk + 1]], color=_SHARED, linewidth=0, zorder=0)
    axes.axhline(1, color=_MUTED, linewidth=0.8, linestyle=":")
    known = [values[np.isfinite(values)] for values in timeline.curves.values()]
    top = 1.12 * max((float(values.max()) for values in known if len(values)), default=1.0)
    bottom = -top * _BAND / (1 - _BAND) if timeline.spans else 0.0
    axes.set_xlim(float(timeline.edges[0]), float(timeline.edges[-1]))
    axes.set_ylim(bottom, top)
    for start, stop, label in timeline.spans:
        axes.axvspan(start, stop, ymax=_BAND, color=colors[label], linewidth=0)
    axes.set_yticks([tick for tick in axes.get_yticks() if 0 <= tick <= top])
    axes.set_ylabel("contribution to z\n(mean of chunks = 1)", fontsize=8, color=_MUTED)
    axes.set_xlabel(timeline.unit, fontsize=8, color=_MUTED)


def _draw_poses(axes: "Axes", timeline: AttentionTimeline, figure: Figure) -> None:
    """Draw the poses above a timeline, each at its time, in about their true proportions."""
    from matplotlib.collections import LineCollection

    strip = axes.inset_axes((0, 1 + _GAP, 1, _STRIP))
    strip.axis("off")
    strip.set_title(timeline.title, fontsize=10, color=_INK, loc="left")
    strip.set_xlim(axes.get_xlim())
    points = timeline.poses[np.isfinite(timeline.poses).all(-1)]
    if not len(points):
        return
    low, high = points[:, 1].min(), points[:, 1].max()
    height = max(float(high - low), 1e-9)
    strip.set_ylim(low - 0.05 * height, high + 0.05 * height)
    duration = float(timeline.edges[-1] - timeline.edges[0])
    stretch = (duration / _TIMELINE_WIDTH) / (1.1 * height / (_STRIP * _TIMELINE_HEIGHT))
    hues = np.array([SIDE_COLORS[side] for side in figure.sides]) / 255
    middle = np.array(SIDE_COLORS[""]) / 255
    for pose, time in zip(timeline.poses, timeline.pose_times, strict=True):
        placed = np.stack([time + stretch * pose[:, 0], pose[:, 1]], axis=-1)
        bones = [edge for edge in figure.edges if np.isfinite(placed[[*edge]]).all()]
        same = [figure.sides[a] == figure.sides[b] for a, b in bones]
        lines = LineCollection(
            [placed[[*bone]] for bone in bones],
            colors=[hues[a] if alike else middle for (a, _), alike in zip(bones, same, strict=True)],
            linewidths=1.1,
            capstyle="round",
        )
        strip.add_collection(lines)
        strip.scatter(
            placed[:, 0], placed[:, 1], s=1.5 if figure.edges else 5, c=hues, linewidths=0, zorder=3
        )


def _draw_map(axes: "Axes", timeline: AttentionTimeline) -> None:
    axes.grid(False)
    inner = timeline.weights[1:, 1:]
    known = inner[np.isfinite(inner)]
    top = max(float(np.quantile(known, 0.99)), 1e-12) if len(known) else 1.0
    axes.set_facecolor("#f1f3f5")
    axes.imshow(timeline.weights, cmap="Blues", vmin=0, vmax=top, aspect="equal", interpolation="nearest")
    axes.set_title("who attends to whom (global, last layer)", fontsize=9, color=_MUTED)
    axes.set_xlabel("chunk looked at (0: sequence token)", fontsize=8, color=_MUTED)
    axes.set_ylabel("chunk that looks", fontsize=8, color=_MUTED)


def _add_legends(sheet: "Sheet", axes: "Axes", colors: dict[str, str], has_shared: bool) -> None:
    """Explain curves and shading above the timelines, labels below them."""
    from matplotlib.patches import Patch

    style: dict[str, Any] = {"ncols": 12, "frameon": False, "fontsize": 8, "labelcolor": _INK}
    curves, _ = axes.get_legend_handles_labels()
    shading = [Patch(color=_SHARED, label="in two windows: counts in both")] if has_shared else []
    sheet.legend(handles=[*curves, *shading], loc="outside upper right", **style)
    if colors:
        patches = [Patch(color=color, label=label) for label, color in colors.items()]
        sheet.legend(handles=patches, loc="outside lower left", **style)


def _label_colors(timelines: Sequence[AttentionTimeline]) -> dict[str, str]:
    """Return a colour for each label; those beyond twelve share the last."""
    labels = sorted({label for timeline in timelines for _, _, label in timeline.spans})
    return {label: _BANDS[min(number, len(_BANDS) - 1)] for number, label in enumerate(labels)}
