"""The pictures of norms: how far bands and intervals hold, and where a patient deviates.

Axes: G parts of the body, S spans, L landmarks, m measures, n recordings, s subjects.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from htvae.plots.body_map import draw_body
from htvae.plots.charts import _INK, _MUTED, PALETTE, _new_figure, _save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.colors import Colormap

Array = np.ndarray
MOST_DEVIATION = 2.0
"""Deviation (band units) at which colours end; 1 is the border of what nine in ten controls do."""
MOST_MEASURES = 9
"""Measures that are drawn of a recording."""
_COLORS = (*((0.0, "#f3f7fb"), (0.47, "#c6dbef"), (0.53, "#fdbe85"), (0.75, "#e6550d"), (1.0, "#7f0000")),)
_MISSING, _EXPECTED = "white", "#e9ecef"


@dataclass(frozen=True, kw_only=True, eq=False)
class ScorePanel:
    """What is drawn of one recording."""

    title: str
    """Heading."""
    pose: Array
    """Typical pose (L, 2), y up, NaN where missing."""
    edges: Sequence[tuple[int, int]]
    """Bones."""
    landmark_deviations: Array
    """Deviations (L,) in band units; NaN where not seen."""
    groups: Sequence[str]
    """Names (G,) of the parts."""
    deviations: Array
    """Deviations (G, S) in band units; NaN where not seen."""
    borders: Array
    """Borders (S + 1,) of the spans, in `unit`."""
    unit: str
    """``seconds`` or ``frames``."""
    measures: Sequence[tuple[str, float]]
    """Names and z of measures, the largest |z| first."""
    limit: float
    """The largest |z| of nine in ten of controls' recordings."""


def draw_scores(panels: Sequence[ScorePanel], path: Path, title: str) -> Path:
    """Draw recordings one below the other: body map, timeline of deviations, largest measures.

    Args:
        panels: at least one.
        path: PNG to write.
        title: heading.
    """
    size = (15.0, 1.2 + 3.3 * len(panels))
    figure, axes = _new_figure(len(panels), 3, size, title, width_ratios=(1, 3.2, 1.3))
    for row, panel in enumerate(panels):
        body, timeline, measures = axes[3 * row : 3 * row + 3]
        _draw_body(body, panel)
        image = _draw_timeline(timeline, panel)
        _draw_measures(measures, panel)
    bar = figure.colorbar(image, ax=axes, location="bottom", fraction=0.05, aspect=60, pad=0.01, extend="max")
    bar.set_label(
        "deviation (1: border of what nine in ten seconds of controls show)", color=_INK, fontsize=9
    )
    bar.ax.tick_params(colors=_MUTED, labelsize=8)
    return _save(figure, path)


def draw_norm(
    values: Array,
    names: Sequence[str],
    interval: tuple[Array, Array],
    coverage: Array,
    groups: Sequence[str],
    title: str,
    path: Path,
) -> Path:
    """Draw controls' measures in their intervals, and how many of their points left-out bands hold.

    Args:
        values: logarithms (n, m) of controls' measures.
        names: of the measures.
        interval: logarithms (m,), (m,) of the limits.
        coverage: (s, G) shares of points.
        groups: names of the parts.
        title: heading.
        path: PNG to write.
    """
    shown = [i for i in range(len(names)) if np.isfinite(interval[0][i])]
    size = (13.0, 1.4 + 0.24 * max(len(shown), len(groups)))
    figure, (left, right) = _new_figure(1, 2, size, title, width_ratios=(2, 1))
    for place, i in enumerate(shown):
        middle = (interval[0][i] + interval[1][i]) / 2
        bounds = np.exp([interval[0][i] - middle, interval[1][i] - middle])
        left.plot(bounds, [place, place], color=PALETTE[0], linewidth=6, alpha=0.25, solid_capstyle="round")
        left.plot(np.exp(values[:, i] - middle), np.full(len(values), place), ".", color=_INK, markersize=4)
    left.set_xscale("log")
    _label_ratios(left)
    left.set_yticks(range(len(shown)), [names[i] for i in shown], color=_INK)
    left.set_ylim(max(len(shown), 1) - 0.5, -0.5)
    left.set_xlabel("controls' recordings over the controls' mean; bars: 90 % of new controls", color=_INK)
    right.axvspan(0.85, 0.95, color=_EXPECTED)
    right.axvline(0.9, color=_MUTED, linewidth=1)
    for place in range(len(groups)):
        right.plot(coverage[:, place], np.full(len(coverage), place), "o", color=PALETTE[0], alpha=0.5)
        if np.isfinite(coverage[:, place]).any():
            right.plot(np.nanmean(coverage[:, place]), place, "D", color=PALETTE[1], markersize=7)
    right.set_yticks(range(len(groups)), groups, color=_INK)
    right.set_ylim(len(groups) - 0.5, -0.5)
    right.set_xlabel("left-out controls' points in 90 % bands", color=_INK)
    for axes in (left, right):
        axes.tick_params(axis="y", length=0, labelcolor=_INK)
    return _save(figure, path)


def _label_ratios(axes: "Axes") -> None:
    """Let a logarithmic axis have plain numbers at its ticks."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

    low, high = axes.get_xlim()
    ticks = [tick for tick in (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10) if low <= tick <= high]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _draw_body(axes: "Axes", panel: ScorePanel) -> None:
    """Draw the body, its landmarks and bones coloured by deviation; grey where not seen."""
    scale = _color_map()
    axes.axis("off")
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_title(panel.title, fontsize=10, color=_INK, loc="left")

    deviations = panel.landmark_deviations
    shares = np.minimum(np.nan_to_num(deviations) / MOST_DEVIATION, 1.0)
    colors = np.where(np.isfinite(deviations)[:, None], scale(shares), 1.0)
    draw_body(axes, panel.pose, panel.edges, colors, 4.5, outline=True)
    axes.autoscale_view()


def _color_map() -> "Colormap":
    """Return colours: blue below 1, orange to dark red above."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("deviation", list(_COLORS))


def _draw_timeline(axes: "Axes", panel: ScorePanel) -> "QuadMesh":
    image = axes.pcolormesh(
        panel.borders, np.arange(len(panel.groups) + 1), np.ma.masked_invalid(panel.deviations),
        cmap=_color_map(), vmin=0, vmax=MOST_DEVIATION,
    )  # fmt: skip
    axes.set_facecolor(_MISSING)
    axes.grid(visible=False)
    axes.set_yticks(np.arange(len(panel.groups)) + 0.5, panel.groups, color=_INK)
    axes.set_ylim(len(panel.groups), 0)
    axes.tick_params(axis="y", length=0, labelcolor=_INK)
    axes.set_xlabel(panel.unit, color=_MUTED, fontsize=9)
    return image


def _draw_measures(axes: "Axes", panel: ScorePanel) -> None:
    """Draw the largest measures as bars of z; dotted lines are the controls' largest."""
    shown = panel.measures[:MOST_MEASURES]
    for place, (name, z) in enumerate(shown):
        is_large = abs(z) > panel.limit
        axes.barh(place, z, height=0.42, color=PALETTE[1] if is_large else "#ced4da")
        axes.text(0, place - 0.42, name, fontsize=7, color=_INK, ha="center", va="center")
    reach = max([panel.limit, *(abs(z) for _, z in shown)]) * 1.15
    if np.isfinite(reach):
        axes.set_xlim(-reach, reach)
    for side in (-panel.limit, panel.limit):
        axes.axvline(side, color=_MUTED, linewidth=1, linestyle=":")
    axes.axvline(0, color=_MUTED, linewidth=1)
    axes.set_yticks([])
    axes.set_ylim(max(len(shown), 1) - 0.4, -1.0)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("z by controls (dotted: largest |z| of 9 in 10)", color=_MUTED, fontsize=8)
