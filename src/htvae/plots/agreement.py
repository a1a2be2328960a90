"""The picture of two labellings: which labels of one are which of the other."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from htvae.plots.charts import _INK, _new_figure, _save


def draw_agreement(
    table: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    matches: Sequence[tuple[int, int]],
    path: Path,
) -> Path:
    """Draw the share of each row's frames (A, B) in each column, matched rows in the order of columns."""
    place = dict(matches)
    order = sorted(range(len(rows)), key=lambda a: (place.get(a, len(columns)), a))
    shares = (table / np.maximum(table.sum(1, keepdims=True), 1))[order]
    size = (2.6 + 0.42 * len(columns), 2.2 + 0.34 * len(rows))
    figure, (axes,) = _new_figure(1, 1, size, "Labels of one (rows) beside the other's")
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, column in np.argwhere(shares >= 0.05):
        color = "white" if shares[row, column] > 0.6 else _INK
        text = f"{100 * shares[row, column]:.0f}"
        axes.text(column, row, text, ha="center", va="center", fontsize=8, color=color)
    axes.set_yticks(range(len(order)), [rows[a] for a in order])
    axes.set_xticks(range(len(columns)), list(columns), rotation=90)
    axes.grid(visible=False)
    return _save(figure, path)
