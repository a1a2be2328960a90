"""A chart of surprise over time: the scores of the recordings with the worst spans, one below the other.

Axes: T frames.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from htvae.plots.charts import _INK, _MUTED, PALETTE, _new_figure, _save

Array = np.ndarray

_MOST_COLUMNS = 1500
"""Most points of a curve; of more frames, the highest of neighbours is drawn."""
_HIGHEST = 3.0
"""Height of a panel, in multiples of the threshold; higher scores are cut, their spans are named."""


@dataclass(frozen=True, eq=False)
class Timeline:
    """The scores of one recording."""

    title: str
    times: Array
    """(T,) seconds, or frames."""
    scores: Mapping[str, Array]
    """Kind to score (T,), NaN where unknown."""
    spans: Sequence[tuple[float, float, str]]
    """Start, stop and kind of each span."""


def draw_timelines(
    timelines: Sequence[Timeline], kinds: Sequence[str], threshold: float, unit: str, path: Path
) -> Path:
    """Draw the scores of recordings over time (PNG).

    Args:
        timelines: one panel each.
        kinds: all kinds, in the order of their colours.
        threshold: score from which a frame belongs to a span.
        unit: unit of the times.
        path: file to write.
    """
    size = (10.5, 1.0 + 1.55 * len(timelines))
    figure, panels = _new_figure(len(timelines), 1, size, "Surprise: the recordings with the worst spans")
    colors = dict(zip(kinds, PALETTE, strict=False))
    for axes, timeline in zip(panels, timelines, strict=True):
        axes.set_title(timeline.title, fontsize=9, color=_INK, loc="left", pad=3)
        for start, stop, kind in timeline.spans:
            axes.axvspan(start, stop, color=colors[kind], alpha=0.18, linewidth=0)
            axes.plot((start + stop) / 2, 0.97 * _HIGHEST * threshold, "v", color=colors[kind], markersize=5)
        for kind, values in timeline.scores.items():
            times, highest = _thin(timeline.times, values)
            axes.plot(times, highest, color=colors[kind], linewidth=0.9)
        axes.axhline(threshold, color=_MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
        axes.set_ylim(0, _HIGHEST * threshold)
        axes.set_xlim(timeline.times[0], max(timeline.times[-1], timeline.times[0] + 1e-9))
    panels[-1].set_xlabel(unit, fontsize=9, color=_INK)
    figure.supylabel("score (dashed: worth a look)", fontsize=9, color=_INK)
    shown = [kind for kind in kinds if any(kind in timeline.scores for timeline in timelines)]
    handles = [panels[0].plot([], [], color=colors[kind], linewidth=2.5, label=kind)[0] for kind in shown]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(shown), frameon=False, fontsize=9)
    return _save(figure, path)


def _thin(times: Array, values: Array) -> tuple[Array, Array]:
    """Return at most `_MOST_COLUMNS` points, the highest of neighbouring frames each."""
    step = -(-len(values) // _MOST_COLUMNS)
    if step == 1:
        return times, values
    padded = np.append(values, np.full(-len(values) % step, np.nan)).reshape(-1, step)
    known = np.isfinite(padded)
    highest = np.where(known, padded, -np.inf).max(axis=1)
    return times[::step], np.where(known.any(axis=1), highest, np.nan)
