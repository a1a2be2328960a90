"""The picture of a judgement: the confusion of labels, and recordings' evidence over time.

Axes: G labels, C chunks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from htvae.plots.charts import _INK, _MUTED, PALETTE, _new_figure, _save
from htvae.utils.text import shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_LINES = 6
"""Most labels that a timeline draws."""
_MOST_NUMBERS = 15
"""Most labels of a confusion matrix whose counts are written into it."""
_LEAST_GAP = 0.13
"""Least distance of two names of labels, as a share of a timeline's height."""
_STRIP = 0.09
"""Height of the strip of labelled spans, as a share of a timeline's height."""
_LEAST_WIDTH = 0.05
"""Least share of the width from which a span's name is written."""


@dataclass(frozen=True, eq=False)
class JudgeTimeline:
    """The evidence of one recording."""

    title: str
    edges: Sequence[float]
    """Beginnings (C,) of the chunks and the end of the last."""
    evidence: np.ndarray
    """Evidence (G, C) of each label, nats."""
    best: int
    """Label that the recording looks like."""
    against: int
    """Label that it is compared with."""
    decisive: tuple[float, float] | None
    """Beginning and end of the part that decides."""
    spans: Sequence[tuple[float, float, str]]
    """Start, stop and label of labelled spans."""
    unit: str
    """Unit of the times."""


def draw_judgement(
    confusion: np.ndarray | None, labels: Sequence[str], timelines: Sequence[JudgeTimeline], path: Path
) -> Path:
    """Draw a judgement (PNG).

    Args:
        confusion: counts (G, G) by given (row) and most likely label (column). None: no labels are known.
        labels: (G,).
        timelines: recordings to draw, one panel each.
        path: file to write.
    """
    num_panels = max(len(timelines), 1)
    size = (13.0, max(1.2 + 1.75 * num_panels, 4.2))
    figure, panels = _new_figure(
        num_panels, 2, size, "Which label recordings look like", width_ratios=[1, 2.1]
    )
    grid = panels[0].get_gridspec()
    assert grid is not None, "axes of a grid"
    for axes in panels[::2]:
        axes.remove()
    _draw_confusion(figure.add_subplot(grid[:, 0]), confusion, labels)
    for axes, timeline in zip(panels[1::2], timelines, strict=False):
        _draw_timeline(axes, timeline, labels)
    if timelines:
        panels[2 * len(timelines) - 1].set_xlabel(timelines[-1].unit, fontsize=9, color=_INK)
    else:
        panels[1].remove()
    return _save(figure, path)


def _draw_confusion(axes: "Axes", confusion: np.ndarray | None, labels: Sequence[str]) -> None:
    axes.spines[["top", "right", "left", "bottom"]].set_visible(False)
    if confusion is None:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "no label is known", transform=axes.transAxes, ha="center", color=_MUTED)
        return
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.15)
    if len(labels) <= _MOST_NUMBERS:
        for row, column in np.argwhere(confusion > 0):
            color = "white" if shares[row, column] > 0.6 else _INK
            axes.text(column, row, str(confusion[row, column]), ha="center", va="center", color=color)
    names = [shorten(label) for label in labels]
    axes.set_xticks(range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor", fontsize=9)
    axes.set_yticks(range(len(names)), names, fontsize=9)
    axes.tick_params(length=0, labelcolor=_INK)
    axes.set_xlabel("looks like", fontsize=10, color=_INK)
    axes.set_ylabel("label", fontsize=10, color=_INK)
    axes.set_title("Recordings whose label is known", fontsize=10, color=_INK, loc="left")


def _draw_timeline(axes: "Axes", timeline: JudgeTimeline, labels: Sequence[str]) -> None:
    """Draw the evidence, added up over time, of the most likely labels above that of `against`."""
    sums = np.concatenate([np.zeros((len(labels), 1)), timeline.evidence.cumsum(axis=1)], axis=1)
    sums = sums - sums[timeline.against]
    shown = list(np.argsort(-sums[:, -1], kind="stable")[:_MOST_LINES])
    axes.set_title(timeline.title, fontsize=9.5, color=_INK, loc="left", pad=3)
    if timeline.decisive is not None:
        axes.axvspan(*timeline.decisive, color=PALETTE[4], alpha=0.22, linewidth=0)
    drawn = sorted({*shown, timeline.against}, key=lambda index: sums[index, -1])
    for index in drawn:
        width = 2.0 if index in (timeline.best, timeline.against) else 0.9
        axes.plot(timeline.edges, sums[index], color=PALETTE[index % len(PALETTE)], linewidth=width)
    axes.set_ylabel("nats", fontsize=8, color=_MUTED)
    axes.set_xlim(timeline.edges[0], timeline.edges[-1])
    low, high = axes.get_ylim()
    axes.set_ylim(low - 2 * _STRIP * (high - low), high)
    heights = spread_heights(sums[drawn, -1], _LEAST_GAP * (high - low))
    for index, height in zip(drawn, heights, strict=True):
        axes.annotate(
            shorten(labels[index]), (timeline.edges[-1], height), xytext=(4, 0), va="center",
            textcoords="offset points", fontsize=8, color=PALETTE[index % len(PALETTE)],
            fontweight="bold" if index in (timeline.best, timeline.against) else "normal",
        )  # fmt: skip
    _draw_spans(axes, timeline)


def spread_heights(heights: np.ndarray, gap: float) -> np.ndarray:
    """Return rising heights (n,) moved apart, so that neighbours differ by at least ``gap``."""
    steps = gap * np.arange(len(heights))
    moved: np.ndarray = np.maximum.accumulate(heights - steps) + steps
    return moved


def _draw_spans(axes: "Axes", timeline: JudgeTimeline) -> None:
    """Draw the labelled spans as a strip at the bottom."""
    length = timeline.edges[-1] - timeline.edges[0]
    for number, (start, stop, label) in enumerate(timeline.spans):
        axes.axvspan(start, stop, 0, 1.4 * _STRIP, color=("#dee2e6", "#ced4da")[number % 2], linewidth=0)
        if stop - start >= max(_LEAST_WIDTH, 0.011 * len(label)) * length:
            axes.text(
                (start + stop) / 2, 0.7 * _STRIP, shorten(label), transform=axes.get_xaxis_transform(),
                ha="center", va="center", fontsize=6.5, color=_INK, clip_on=True,
            )  # fmt: skip
