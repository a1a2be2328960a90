"""Maps of latents: one row a map, one column a colouring, with one legend below each column.

Axes: ``n`` points of a map.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from htvae.plots.charts import _INK, _MARKERS, _MUTED, PALETTE, _group_labels, _new_figure, _save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PALE = "#ccd1d6"
_WIDTH, _HEIGHT = 3.7, 3.1
_LEGEND_LINE, _LEGEND_COLUMNS, _LONG_NAME = 0.2, 2, 18
_FEW, _MANY = 80, 400
_FEW_SIZE, _SIZE, _SMALL_SIZE = 38, 20, 9


@dataclass(frozen=True, eq=False)
class MapRow:
    """One map."""

    name: str
    """What the points are."""
    points: np.ndarray
    """(n, 2), NaN where a point has no place."""
    axis_names: tuple[str, str]


@dataclass(frozen=True, eq=False)
class Colouring:
    """One column of values that colours the points of every map."""

    name: str
    values: Sequence[Sequence[str | None]]
    """For each map its points' values (n,), None where unknown."""


def draw_latent_maps(rows: Sequence[MapRow], colourings: Sequence[Colouring], path: Path, title: str) -> Path:
    """Draw every map in every colouring, and return the path (PNG).

    Colours mean the same in all maps of a column. Beyond twelve values the rarest are ``other``.

    Args:
        rows: at least one map.
        colourings: columns; none: the points have one colour.
        path: file to write.
        title: heading.
    """
    shown = colourings or [Colouring("", [[None] * len(row.points) for row in rows])]
    groups = [_group_labels([value or "" for part in c.values for value in part]) for c in shown]
    lines = max(-(-len(names) // _LEGEND_COLUMNS) for names in groups)
    width, height = 0.7 + _WIDTH * len(shown), 0.9 + _HEIGHT * len(rows) + _LEGEND_LINE * lines
    figure, panels = _new_figure(len(rows), len(shown), (max(width, 6.0), height), title)
    for column, (colouring, names) in enumerate(zip(shown, groups, strict=True)):
        start = 0
        for place, row in enumerate(rows):
            axes = panels[place * len(shown) + column]
            _draw_points(axes, row.points, names, start)
            start += len(row.points)
            axes.set_xlabel(row.axis_names[0], fontsize=8, color=_MUTED)
            if column == 0:
                axes.set_ylabel(f"{row.name}\n{row.axis_names[1]}", fontsize=9, color=_INK)
        panels[column].set_title(colouring.name, fontsize=11, color=_INK, loc="left")
        if colourings:
            _draw_legend(axes, names)
    return _save(figure, path)


def _draw_points(axes: "Axes", points: np.ndarray, names: dict[str, np.ndarray], start: int) -> None:
    """Draw the points of one map, which are numbered from ``start`` in ``names``; unknown values below."""
    for number, (name, chosen) in _order(names):
        own = chosen[(chosen >= start) & (chosen < start + len(points))] - start
        color, marker = _style(number, name)
        axes.scatter(
            points[own, 0],
            points[own, 1],
            s=_FEW_SIZE if len(points) < _FEW else _SIZE if len(points) < _MANY else _SMALL_SIZE,
            c=color,
            marker=marker,
            alpha=0.9 if len(points) < _MANY else 0.65,
            linewidths=0.4 if len(points) < _MANY else 0.0,
            edgecolors="white",
        )


def _order(names: dict[str, np.ndarray]) -> list[tuple[int, tuple[str, np.ndarray]]]:
    """Return groups with their numbers; those without a name of their own first, covered by the others."""
    numbers = {
        name: number for number, name in enumerate(name for name in names if name not in ("", "other"))
    }
    ordered = sorted(names.items(), key=lambda item: item[0] not in ("", "other"))
    return [(numbers.get(name, 0), (name, chosen)) for name, chosen in ordered]


def _style(number: int, name: str) -> tuple[str, str]:
    if name in ("", "other"):
        return _PALE, _MARKERS[0]
    return PALETTE[number % len(PALETTE)], _MARKERS[number // len(PALETTE) % len(_MARKERS)]


def _draw_legend(axes: "Axes", names: dict[str, np.ndarray]) -> None:
    from matplotlib.lines import Line2D

    handles = []
    for number, (name, _) in sorted(_order(names), key=lambda item: (item[1][0] in ("", "other"), item[0])):
        color, marker = _style(number, name)
        text = (
            name if len(name) <= _LONG_NAME else f"{name[: _LONG_NAME // 2]}…{name[-_LONG_NAME // 2 + 1 :]}"
        )
        handles.append(
            Line2D([], [], color=color, marker=marker, linestyle="", markersize=6, label=text or "unknown")
        )
    axes.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(-0.03, -0.2),
        ncols=_LEGEND_COLUMNS,
        frameon=False,
        fontsize=8,
        labelcolor=_INK,
        handletextpad=0.2,
        columnspacing=1.2,
        borderaxespad=0.0,
    )
