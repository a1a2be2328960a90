"""A level's latents: KL of each number, cumulative variance of components, reliability of components.

Axes: ``d`` numbers, ``k`` components, ``r`` components with a reliability.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from htvae.metrics.reliability import LEAST_RELIABLE
from htvae.plots.charts import _INK, _MUTED, PALETTE, _new_figure, _save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PALE = "#ced4da"
_SHIFT = 0.16


@dataclass(frozen=True, eq=False)
class DimensionPanels:
    """What is drawn of one level."""

    name: str
    kl: np.ndarray
    """(d,) nats."""
    is_active: np.ndarray
    """(d,) bool."""
    shares: np.ndarray
    """(k,) of the variance."""
    participation_ratio: float
    reliabilities: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]
    """Value, lower and upper end (r,) by name, NaN where unknown."""


def draw_dimensions(levels: Sequence[DimensionPanels], path: Path, title: str) -> Path:
    """Draw the levels, one row each, and return the path (PNG)."""
    figure, panels = _new_figure(len(levels), 3, (12.6, 0.8 + 3.1 * len(levels)), title)
    for row, level in enumerate(levels):
        _draw_kl(panels[3 * row], level)
        _draw_shares(panels[3 * row + 1], level)
        _draw_reliability(panels[3 * row + 2], level)
        panels[3 * row].set_ylabel(f"{level.name}\nKL (nats)", fontsize=9, color=_INK)
    return _save(figure, path)


def _title(axes: "Axes", text: str) -> None:
    axes.set_title(text, fontsize=10, color=_INK, loc="left")


def _draw_kl(axes: "Axes", level: DimensionPanels) -> None:
    order = np.argsort(-level.kl, kind="stable")
    colors = [PALETTE[0] if active else _PALE for active in level.is_active[order]]
    axes.bar(np.arange(len(order)), level.kl[order], color=colors, width=0.8)
    axes.grid(axis="x", visible=False)
    step = max(1, len(order) // 16)
    axes.set_xticks(np.arange(len(order))[::step], [str(i) for i in order[::step]], fontsize=7)
    axes.set_xlabel("number of the latent, sorted", fontsize=8, color=_MUTED)
    rest = "" if level.is_active.all() else " (grey: inactive)"
    _title(axes, f"{level.is_active.sum()} of {len(order)} active, {level.kl.sum():.1f} nats{rest}")


def _draw_shares(axes: "Axes", level: DimensionPanels) -> None:
    count = len(level.shares)
    axes.set_ylim(0, 1.03)
    axes.set_xlabel("principal components", fontsize=8, color=_MUTED)
    axes.set_ylabel("cumulative share of variance", fontsize=8, color=_MUTED)
    if not count:
        _title(axes, "no components")
        return
    places = np.arange(1, count + 1)
    axes.bar(places, level.shares, color=_PALE, width=0.8)
    axes.plot(places, np.cumsum(level.shares), color=PALETTE[0], linewidth=1.8, marker="o", markersize=3)
    axes.axvline(level.participation_ratio, color=PALETTE[1], linewidth=1.4, linestyle="--")
    axes.grid(axis="x", visible=False)
    _title(axes, f"participation ratio {level.participation_ratio:.1f} (dashed)")


def _draw_reliability(axes: "Axes", level: DimensionPanels) -> None:
    axes.axhspan(-1, LEAST_RELIABLE, color="#f4f5f7", zorder=0)
    axes.axhline(LEAST_RELIABLE, color=_MUTED, linewidth=1, linestyle="--")
    is_drawn, count = False, 1
    for number, (name, (value, low, high)) in enumerate(level.reliabilities.items()):
        known, color = np.isfinite(value), PALETTE[number]
        count = max(count, len(value))
        places = np.arange(1, len(value) + 1) + _SHIFT * (2 * number - 1)
        if known.any():
            is_drawn = True
            axes.vlines(places[known], low[known], high[known], color=color, linewidth=1.6, alpha=0.5)
            axes.plot(places[known], value[known], "o", color=color, markersize=5, label=name)
    axes.set_xlim(0.4, count + 0.6)
    axes.set_ylim(-0.6, 1.03)
    axes.set_xticks(np.arange(1, count + 1))
    axes.set_xlabel("principal component", fontsize=8, color=_MUTED)
    axes.grid(axis="x", visible=False)
    _title(axes, "reliability" if is_drawn else "reliability: too few recordings")
    if is_drawn:
        axes.legend(
            loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False, fontsize=8, labelcolor=_INK,
            borderaxespad=0.2, handletextpad=0.2, columnspacing=1.0,
        )  # fmt: skip
