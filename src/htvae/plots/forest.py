"""Forest plots: effects with intervals, one below the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from htvae.plots.charts import _INK, _MUTED, PALETTE, _new_figure, _save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEVEL = 0.05
_PALE = "#adb5bd"


@dataclass(frozen=True, kw_only=True)
class ForestRow:
    """One effect."""

    name: str
    effect: float
    low: float
    """Lower end of the interval, NaN where unknown."""
    high: float
    """Upper end of the interval, NaN where unknown."""
    q: float
    """False discovery rate."""
    is_doubtful: bool
    """Whether the measure is unreliable; drawn hollow."""


def draw_forest(
    rows: Sequence[ForestRow],
    path: Path,
    title: str,
    effect_name: str,
    ends: tuple[str, str] | None = None,
) -> Path:
    """Draw effects, the first row on top; rows with q below 0.05 are coloured by direction.

    Args:
        rows: effects; none gives an empty picture that says so.
        path: PNG.
        title: what is compared.
        effect_name: name of the effect, below the axis.
        ends: meaning of the left and the right side of zero. None: effects have no sign.
    """
    figure, (axes,) = _new_figure(1, 1, (9.0, 1.5 + 0.29 * max(len(rows), 4)), title)
    axes.grid(axis="y", visible=False)
    axes.axvline(0, color=_MUTED, linewidth=1)
    for index, row in enumerate(rows):
        _draw_row(axes, -index, row)
    axes.set_yticks([-place for place in range(len(rows))], [row.name for row in rows], color=_INK)
    axes.set_ylim(-len(rows) + 0.4, 0.6)
    axes.tick_params(axis="y", length=0, labelcolor=_INK)
    axes.set_xlabel(f"{effect_name} and its 95 % interval. {_legend(rows)}".rstrip(), color=_INK)
    _limit(axes, rows, ends is not None)
    if ends is not None:
        for side, place, align in ((ends[0], 0.0, "left"), (ends[1], 1.0, "right")):
            axes.text(
                place, 1.01, side, transform=axes.transAxes, ha=align, va="bottom", fontsize=9, color=_MUTED
            )
    if not rows:
        axes.text(0.5, 0.5, "nothing could be tested", transform=axes.transAxes, ha="center", color=_MUTED)
    axes.text(1.015, 1.01, "q", transform=axes.transAxes, va="bottom", fontsize=9, color=_MUTED)
    return _save(figure, path)


def _draw_row(axes: "Axes", place: float, row: ForestRow) -> None:
    color = _color(row)
    if np.isfinite(row.low) and np.isfinite(row.high):
        axes.plot([row.low, row.high], [place, place], color=color, linewidth=2, solid_capstyle="round")
    face = "white" if row.is_doubtful else color
    axes.plot(row.effect, place, "o", markersize=6.5, color=color, markerfacecolor=face, markeredgewidth=1.5)
    axes.text(
        1.015, place, f"{row.q:.2g}", transform=axes.get_yaxis_transform(), va="center", fontsize=8,
        color=_INK if row.q < _LEVEL else _MUTED, fontweight="bold" if row.q < _LEVEL else "normal",
    )  # fmt: skip


def _color(row: ForestRow) -> str:
    if not row.q < _LEVEL:
        return _PALE
    return PALETTE[0] if row.effect < 0 else PALETTE[1]


def _limit(axes: "Axes", rows: Sequence[ForestRow], has_sign: bool) -> None:
    """Set the horizontal limits; intervals without end are cut off."""
    values = [value for row in rows for value in (row.effect, row.low, row.high) if np.isfinite(value)]
    effects = [abs(row.effect) for row in rows if np.isfinite(row.effect)]
    if not values:
        return
    largest = 3 * max(*effects, 0.3)
    low, high = max(min(*values, 0.0), -largest), min(max(*values, 0.0), largest)
    margin = 0.06 * max(high - low, 0.1)
    axes.set_xlim(low - margin if has_sign else -margin, high + margin)


def _legend(rows: Sequence[ForestRow]) -> str:
    """Return what the marks of these rows mean."""
    marks = [("Coloured: q < 0.05", any(row.q < _LEVEL for row in rows))]
    marks.append(("Hollow: reliability < 0.5", any(row.is_doubtful for row in rows)))
    return " ".join(f"{mark}." for mark, is_there in marks if is_there)
