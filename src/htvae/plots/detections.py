"""The picture of detections: one lane a recording, darker where the detector is surer."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from htvae.plots.charts import _MUTED, _new_figure, _save

MOST_LANES = 24
"""Most recordings that are drawn."""
MOST_LETTERS = 22
"""Letters of a name that are drawn."""


def draw_detections(
    names: Sequence[str],
    lengths: Sequence[int],
    fps: float | None,
    spans: Sequence[Sequence[tuple[int, int, float]]],
    path: Path,
    title: str,
) -> Path:
    """Draw detections, and return the path.

    Args:
        names: of recordings.
        lengths: frames of each.
        fps: frames per second, None where unknown.
        spans: (first, one after the last, probability) of each recording's detections.
        path: PNG to write.
        title: heading.
    """
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    chosen = np.unique(np.linspace(0, len(names) - 1, MOST_LANES).round().astype(int))
    figure, (axes,) = _new_figure(1, 1, (11.0, 1.6 + 0.28 * len(chosen)), title)
    shades, norm, unit = colormaps["Blues"], Normalize(0.0, 1.0), 1 / (fps or 1.0)
    for lane, i in enumerate(chosen):
        axes.broken_barh([(0, lengths[i] * unit)], (lane - 0.38, 0.76), facecolors="#f0f2f5")
        bars = [(start * unit, (stop - start) * unit) for start, stop, _ in spans[i]]
        colors = [shades(norm(probability)) for *_, probability in spans[i]]
        axes.broken_barh(bars, (lane - 0.38, 0.76), facecolors=colors)
    axes.set_yticks(range(len(chosen)), [_shorten(names[i]) for i in chosen])
    axes.set_ylim(len(chosen) - 0.5, -0.5)
    axes.set_xlim(0, max(lengths) * unit)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("seconds" if fps else "frames", color=_MUTED, fontsize=9)
    bar = figure.colorbar(ScalarMappable(norm, shades), ax=axes, fraction=0.02, pad=0.01)
    bar.ax.set_ylim(0.5, 1.0)
    bar.set_label("probability", color=_MUTED, fontsize=9)
    return _save(figure, path)


def _shorten(name: str) -> str:
    return name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 3]}..."
