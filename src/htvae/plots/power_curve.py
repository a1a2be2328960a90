"""The curve of a planned study: power against subjects per group, and what comes with it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from htvae.plots.charts import _INK, _MUTED, PALETTE, _new_figure, _save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEVEL = 0.05


class PowerPoint(Protocol):
    """What is drawn of a size."""

    @property
    def size(self) -> int:
        """Subjects per group."""

    @property
    def power(self) -> float: ...  # noqa: D102
    @property
    def power_interval(self) -> tuple[float, float]: ...  # noqa: D102
    @property
    def table_power(self) -> float: ...  # noqa: D102
    @property
    def false_alarms(self) -> float: ...  # noqa: D102
    @property
    def exaggeration(self) -> float: ...  # noqa: D102


def draw_power(
    curve: Sequence[PowerPoint],
    needed: Sequence[tuple[float, int | None]],
    path: Path,
    title: str,
    outcome: str,
    num_measures: int,
    num_controls: int,
) -> Path:
    """Draw power on the left, the exaggeration of what is found on the right.

    Args:
        curve: at least one size, in any order.
        needed: wanted powers and the sizes that they need, None where that is not known.
        path: PNG.
        title: the effect in words.
        outcome: the measure that decides.
        num_measures: measures of the table.
        num_controls: controls that studies are drawn from.
    """
    points = sorted(curve, key=lambda point: point.size)
    figure, (left, right) = _new_figure(1, 2, (11.0, 4.6), title, width_ratios=(2.1, 1))
    sizes = [point.size for point in points]
    low, high = np.array([point.power_interval for point in points]).T
    label = f"{outcome} alone, p < {_LEVEL:g}"
    left.fill_between(sizes, low, high, color=PALETTE[0], alpha=0.16, linewidth=0)
    left.plot(sizes, [p.power for p in points], "o-", color=PALETTE[0], linewidth=2.2, label=label)
    label = f"all {num_measures} measures, q < {_LEVEL:g}"
    left.plot(sizes, [p.table_power for p in points], "s--", color=PALETTE[1], linewidth=1.6, label=label)
    left.plot(sizes, [p.false_alarms for p in points], ".:", color=_MUTED, label="false alarms")
    for target, size in needed:
        _mark_target(left, target, size, sizes[0])
    left.set_ylim(0, 1.02)
    left.set_yticks(np.arange(0, 1.01, 0.2), [f"{share:.0%}" for share in np.arange(0, 1.01, 0.2)])
    left.set_ylabel("studies that find the effect", color=_INK)
    left.set_xlabel(f"subjects per group. Band: 95 % interval from {num_controls} controls", color=_INK)
    right.axhline(1, color=_MUTED, linewidth=1)
    right.plot(sizes, [p.exaggeration for p in points], "o-", color=PALETTE[3], linewidth=2)
    right.set_ylabel("found difference / true difference (type M)", color=_INK)
    right.set_xlabel("subjects per group", color=_INK)
    right.set_ylim(0.9, max([1.5, *(1.08 * p.exaggeration for p in points if np.isfinite(p.exaggeration))]))
    figure.legend(
        *left.get_legend_handles_labels(), loc="outside lower left", ncols=3, frameon=False, fontsize=9
    )
    return _save(figure, path)


def _mark_target(axes: "Axes", target: float, size: int | None, first: int) -> None:
    """Draw a wanted power, and the size that it needs."""
    axes.axhline(target, color=_MUTED, linewidth=0.9, linestyle="--")
    if size is None:
        return
    axes.plot([size, size], [0, target], color=_INK, linewidth=1.1)
    axes.annotate(
        f"{size} per group\nfor {target:.0%}",
        (size, 0),
        xytext=(5, 14),
        textcoords="offset points",
        fontsize=9.5,
        fontweight="bold",
        color=_INK,
    )
