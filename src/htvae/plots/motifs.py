"""The picture of motifs: what happens when, how motifs are alike, and what follows what."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from htvae.plots.charts import _INK, _MUTED, PALETTE, _new_figure, _save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_LANES = 16
"""Most recordings that are drawn; as many as motifs, up to twice as many, where there are more motifs."""
MOST_LETTERS = 22
"""Letters of a name that are drawn."""
SHADES = 0.5
"""Share of a palette's colour in its next paler, or darker, shade."""
TITLE = "Motifs: when they happen, how they are alike, what follows what"


def draw_motifs(
    labels: Sequence[np.ndarray],
    rates: Sequence[float | None],
    recordings: Sequence[str],
    names: Sequence[str],
    transitions: np.ndarray,
    joins: Sequence[tuple[int, int, float]],
    path: Path,
    activities: Sequence[np.ndarray] | None = None,
) -> Path:
    """Draw motifs, and return the path.

    Args:
        labels: (T,) motif of each frame for each recording, negative for none.
        rates: frames per second of each recording.
        recordings: their names.
        names: of the K motifs.
        transitions: (K, K) counts, from rows to columns.
        joins: motifs kept and removed, and the cost of each join, in order.
        path: PNG to write.
        activities: (T,) activity of each frame for each recording, drawn below its motifs. None: there are
            none.
    """
    most = max(MOST_LANES, min(len(names), 2 * MOST_LANES))
    chosen = np.unique(np.linspace(0, len(labels) - 1, most).round().astype(int))
    colors = motif_colors(len(names))
    size = (15.0, 1.6 + 0.3 * max(len(chosen), len(names)))
    figure, (lanes, tree, table) = _new_figure(1, 3, size, TITLE, width_ratios=(2.2, 1, 1))
    shown = [(labels[i], rates[i], recordings[i]) for i in chosen]
    _draw_lanes(lanes, shown, colors, 0.38 if activities is None else 0.15)
    if len(chosen) < len(labels):
        lanes.set_title(f"{len(chosen)} of {len(labels)} recordings", loc="left", color=_MUTED, fontsize=9)
    if activities is not None:
        _draw_activities(lanes, [(activities[i], rates[i]) for i in chosen])
    used = np.bincount(np.concatenate([x[x >= 0] for x in labels]), minlength=len(names))
    order = _draw_tree(tree, joins, names, used / sum(map(len, labels)), colors)
    _draw_transitions(table, transitions[np.ix_(order, order)], [names[i] for i in order])
    return _save(figure, path)


def motif_colors(count: int) -> np.ndarray:
    """Return the colours (count, 3), 0..1, of motifs: the palette, then paler, then darker, and on."""
    from matplotlib.colors import to_rgb

    base = np.array([to_rgb(color) for color in PALETTE])
    turns = np.arange(count) // len(base)
    share = (SHADES ** ((turns + 1) // 2))[:, None]  # of the colour; the rest is white or black
    return base[np.arange(count) % len(base)] * share + (1 - share) * (turns % 2)[:, None]


def _draw_lanes(
    axes: "Axes", shown: Sequence[tuple[np.ndarray, float | None, str]], colors: np.ndarray, bottom: float
) -> None:
    """Draw one lane a recording: each frame in its motif's colour, nothing where it has none."""
    for lane, (labels, rate, _) in enumerate(shown):
        spans, own = _cut(labels, rate)
        axes.broken_barh(spans, (lane - 0.38, 0.38 + bottom), facecolors=colors[own])
    axes.set_yticks(range(len(shown)), [_shorten(name) for _, _, name in shown])
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("seconds" if all(rate for _, rate, _ in shown) else "frames", color=_MUTED, fontsize=9)


def _draw_activities(axes: "Axes", shown: Sequence[tuple[np.ndarray, float | None]]) -> None:
    """Draw activities as a thin strip below each lane, greys with their numbers, as far as there is room."""
    count = 1 + max(int(labels.max()) for labels, _ in shown)
    greys = np.linspace(0.93, 0.5, count)
    longest = max(len(labels) / (rate or 1.0) for labels, rate in shown)
    for lane, (labels, rate) in enumerate(shown):
        spans, own = _cut(labels, rate)
        shades = np.repeat(greys[own][:, None], 3, axis=1)
        axes.broken_barh(spans, (lane + 0.18, 0.22), facecolors=shades)
        for (start, length), activity in zip(spans, own, strict=True):
            if length > 0.03 * longest:
                place = start + length / 2, lane + 0.29
                axes.text(
                    *place, f"a{activity + 1}", ha="center", va="center_baseline", fontsize=6, color=_INK
                )


def _cut(labels: np.ndarray, rate: float | None) -> tuple[list[tuple[float, float]], np.ndarray]:
    """Return start and length of stretches with a label, in seconds or frames, and their labels (b,)."""
    edges = np.array([0, *(np.flatnonzero(np.diff(labels)) + 1), len(labels)])
    own = labels[edges[:-1]]
    spans = np.stack([edges[:-1], np.diff(edges)], axis=1)[own >= 0] / (rate or 1.0)
    return [(float(start), float(length)) for start, length in spans], own[own >= 0]


def _draw_tree(
    axes: "Axes",
    joins: Sequence[tuple[int, int, float]],
    names: Sequence[str],
    shares: np.ndarray,
    colors: np.ndarray,
) -> list[int]:
    """Draw which motifs are alike, with their shares of all frames, and return them from top to bottom."""
    members: list[list[int]] = [[i] for i in range(len(names))]
    for kept, removed, _ in joins:
        members[kept] = members[kept] + members.pop(removed)
    order = members[0] if members else []
    places = [(float(order.index(i)), 0.0) for i in range(len(names))]
    reached = 0.0
    for kept, removed, cost in joins:
        reached = max(reached, cost)
        (a, left), (b, right) = places[kept], places[removed]
        axes.plot([left, reached, reached, right], [a, a, b, b], color=_INK, linewidth=1.2)
        places[kept] = ((a + b) / 2, reached)
        del places[removed]
    axes.scatter(np.zeros(len(order)), range(len(order)), s=60, c=colors[order], zorder=3, clip_on=False)
    axes.set_yticks(range(len(order)), [f"{_shorten(names[i])}  {shares[i]:.0%}" for i in order])
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("how unlike: nats per window", color=_MUTED, fontsize=9)
    return order


def _draw_transitions(axes: "Axes", counts: np.ndarray, names: Sequence[str]) -> None:
    """Draw the share of bouts of each row's motif that each column's motif follows."""
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=max(float(shares.max()), 0.01))
    for row, column in np.argwhere(shares >= 0.1):
        dark = shares[row, column] > 0.6 * shares.max()
        text = f"{100 * shares[row, column]:.0f}"
        axes.text(column, row, text, ha="center", va="center", fontsize=7, color="white" if dark else _INK)
    ticks = range(len(names))
    axes.set_yticks(ticks, [_shorten(name) for name in names])
    axes.set_xticks(ticks, [_shorten(name) for name in names], rotation=90)
    axes.grid(visible=False)
    axes.set_xlabel("what follows: % of a row's bouts", color=_MUTED, fontsize=9)


def _shorten(name: str) -> str:
    """Return a name with its middle left out: recordings differ at their ends."""
    half = (MOST_LETTERS - 3) // 2
    return name if len(name) <= MOST_LETTERS else f"{name[:half]}...{name[-half:]}"
