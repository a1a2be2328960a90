"""Charts: point maps, attention maps, curves. matplotlib is imported only when a chart is drawn."""

import math
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from htvae.utils.files import atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = np.ndarray
Curve = Sequence[tuple[int, float]]

PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#5b5b5b", "#8c6d31")
"""Colours that colour-blind people can distinguish (after Okabe and Ito)."""

_INK, _MUTED, _GRID = "#212529", "#6c757d", "#e3e6ea"
_MARKERS = ("o", "^")
_MAX_LABELS = 12
_MAX_PANELS = 12
_SMOOTH_FROM = 60  # fewest values of a curve over which a moving average is drawn


def draw_point_map(
    points: Array, labels: Sequence[str | None] | None, path: Path, title: str, axis_names: tuple[str, str]
) -> Path:
    """Draw points (n, 2), one colour and marker per label; beyond twelve labels the rarest are ``other``."""
    figure, (axes,) = _new_figure(1, 1, (7.6, 5.6), title)
    points = np.asarray(points, dtype=float)
    groups = _group_labels(["" if label is None else str(label) for label in labels or [""] * len(points)])
    for number, (label, chosen) in enumerate(groups.items()):
        color = "#b8bec7" if label in ("", "other") else PALETTE[number % len(PALETTE)]
        axes.scatter(
            points[chosen, 0],
            points[chosen, 1],
            s=34 if len(points) < 500 else 14,
            c=color,
            marker=_MARKERS[number // len(PALETTE) % len(_MARKERS)],
            alpha=0.85,
            linewidths=0.4,
            edgecolors="white",
            label=label or "without label",
        )
    axes.set_xlabel(axis_names[0])
    axes.set_ylabel(axis_names[1])
    if labels is not None:
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, fontsize=9, labelcolor=_INK)
    return _save(figure, path)


def draw_attention(weights: Array, path: Path, title: str, query_name: str, key_name: str) -> Path:
    """Draw attention (Q, K), or (H, Q, K) with the mean first and one panel per head; dark means much."""
    maps = (
        {"": weights}
        if weights.ndim == 2
        else {f"head {number + 1}": head for number, head in enumerate(weights)}
    )
    if len(maps) > 1:
        maps = dict([("mean of heads", weights.mean(axis=0)), *maps.items()][:_MAX_PANELS])
    num_columns = math.ceil(math.sqrt(len(maps)))
    num_rows = math.ceil(len(maps) / num_columns)
    size = (1.2 + 3.0 * num_columns, 0.9 + 2.8 * num_rows) if len(maps) > 1 else (6.4, 5.4)
    figure, panels = _new_figure(num_rows, num_columns, size, title)
    top = max(float(np.nanquantile(weights, 0.995)), 1e-12)
    for axes, (name, values) in zip(panels, maps.items(), strict=False):
        axes.grid(False)
        picture = axes.imshow(values, cmap="Blues", vmin=0, vmax=top, aspect="auto", interpolation="nearest")
        axes.set_title(name, fontsize=9, color=_MUTED)
    for axes in panels[len(maps) :]:
        axes.set_visible(False)
    figure.supxlabel(key_name, fontsize=10, color=_INK)
    figure.supylabel(query_name, fontsize=10, color=_INK)
    bar = figure.colorbar(picture, ax=panels, fraction=0.04, aspect=36, pad=0.02, extend="max")
    bar.set_label("attention", color=_INK)
    bar.ax.tick_params(colors=_MUTED, labelsize=8)
    return _save(figure, path)


def draw_curves(history: Mapping[str, Curve], path: Path, title: str) -> Path:
    """Draw each quantity against the step in a panel of its own.

    ``train/kl`` and ``val/kl`` share the panel ``kl``. A panel whose values are positive and span more than a
    factor of 50 is logarithmic.
    """
    panels: dict[str, dict[str, Array]] = {}
    for name, curve in history.items():
        part, _, quantity = name.rpartition("/")
        panels.setdefault(quantity, {})[part] = np.array(curve, dtype=float).reshape(-1, 2)
    if not panels:
        raise ValueError("history must have a curve, but is empty.")
    num_columns = min(len(panels), 3)
    num_rows = math.ceil(len(panels) / num_columns)
    figure, grid = _new_figure(num_rows, num_columns, (0.6 + 4.0 * num_columns, 0.9 + 2.6 * num_rows), title)
    parts = list(dict.fromkeys(part for curves in panels.values() for part in curves))
    for axes, (quantity, curves) in zip(grid, panels.items(), strict=False):
        axes.set_title(quantity, fontsize=10, color=_INK, loc="left")
        axes.set_xlabel("step", fontsize=8, color=_MUTED)
        for part, points in curves.items():
            _plot_curve(axes, points, PALETTE[parts.index(part) % len(PALETTE)], part)
        values = np.concatenate([points[:, 1] for points in curves.values()])
        values = values[np.isfinite(values)]
        if len(values) and values.min() > 0 and values.max() > 50 * values.min():
            axes.set_yscale("log")
        if any(curves):
            axes.legend(frameon=False, fontsize=8, labelcolor=_INK)
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    return _save(figure, path)


def _plot_curve(axes: "Axes", curve: Array, color: str, label: str) -> None:
    steps, values = curve.T
    if len(values) < _SMOOTH_FROM:
        marker = "o" if len(values) < 30 else ""
        axes.plot(steps, values, color=color, linewidth=1.6, label=label, marker=marker, markersize=3)
        return
    width = len(values) // 25
    smooth = np.convolve(values, np.ones(width) / width, mode="valid")
    axes.plot(steps, values, color=color, linewidth=0.7, alpha=0.25)
    axes.plot(steps[width // 2 : width // 2 + len(smooth)], smooth, color=color, linewidth=1.6, label=label)


def _group_labels(labels: list[str]) -> dict[str, Array]:
    """Return the indices of each label in alphabetic order; beyond twelve labels the rarest are ``other``."""
    counts = Counter(labels)
    kept = (
        list(counts)
        if len(counts) <= _MAX_LABELS
        else [name for name, _ in counts.most_common(_MAX_LABELS - 1)]
    )
    shown = np.array([label if label in kept else "other" for label in labels], dtype=object)
    names = sorted(kept) + ["other"] * (len(kept) < len(counts))
    return {name: np.flatnonzero(shown == name) for name in dict.fromkeys(names)}


def _new_figure(
    num_rows: int, num_columns: int, size: tuple[float, float], title: str, **layout: Any
) -> "tuple[Figure, list[Axes]]":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, dpi=130, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    figure.suptitle(title, x=0.01, ha="left", fontsize=13, fontweight="bold", color=_INK)
    panels = list(figure.subplots(num_rows, num_columns, squeeze=False, **layout).flat)
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color("#ced4da")
        axes.tick_params(colors=_MUTED, labelsize=8)
        axes.grid(color=_GRID, linewidth=0.8)
        axes.set_axisbelow(True)
    return figure, panels


def _save(figure: "Figure", path: Path) -> Path:
    with atomic_write(path) as temporary, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # a name in any script draws as boxes
        figure.savefig(temporary)
    return Path(path)
