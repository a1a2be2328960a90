"""Shows what `quality.py` measured: a table in Markdown, and a picture."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from htvae.plots.charts import PALETTE
from htvae.utils.files import atomic_write

TITLES = {"htvae": "HT-VAE", "htvae_encoder": "HT-VAE, encoder alone"}
OURS = tuple(TITLES)
LEAST_GAP = 0.05
"""Least distance of two names in the picture, as a share of its height."""
GREY, INK = "#8a8f98", "#212529"


def list_models(result: dict[str, Any]) -> list[str]:
    """Return the models of a result: ours first, then in the order in which they were measured."""
    found = dict.fromkeys(cell["model"] for cell in result["cells"])
    return sorted(found, key=lambda name: OURS.index(name) if name in OURS else len(OURS))


def title_of(result: dict[str, Any], model: str) -> str:
    """Return the name of a model in table and picture."""
    return str(result["titles"].get(model, model))


def cells_of(result: dict[str, Any], model: str, numbers: float) -> list[dict[str, Any]]:
    """Return a model's cells in a column, one for each seed."""
    return [c for c in result["cells"] if c["model"] == model and c["numbers"] == numbers]


def mean_of(cells: Sequence[dict[str, Any]], key: str = "mpjpe") -> float:
    """Return the mean of a figure over seeds."""
    return statistics.fmean(cell[key] for cell in cells)


def find_best(result: dict[str, Any], numbers: float) -> str | None:
    """Return the model with the least mean error in a column, None where nothing was measured."""
    found = {m: mean_of(c) for m in list_models(result) if (c := cells_of(result, m, numbers))}
    return min(found, key=found.__getitem__) if found else None


def list_numbers(result: dict[str, Any]) -> list[float]:
    """Return the columns of a result."""
    return sorted({cell["numbers"] for cell in result["cells"]})


def render_table(result: dict[str, Any]) -> str:
    """Return the table: a row for each model, a column for each count of numbers, and who is ahead.

    A cell has the mean error over seeds, their range, and the numbers that the model needed.
    """
    columns = list_numbers(result)
    lines = [
        ["model", *(f"{n:g} numbers" for n in columns), "time", "M parameters"],
        ["---"] * (len(columns) + 3),
    ]
    best = {numbers: find_best(result, numbers) for numbers in columns}
    for model in list_models(result):
        own = [cell for cell in result["cells"] if cell["model"] == model]
        cells = [_render_cell(cells_of(result, model, n), best[n] == model) for n in columns]
        seconds = [cell["seconds"] for cell in own]
        time = f"{min(seconds):.0f} to {max(seconds):.0f} s" if max(seconds) > 0 else "no training"
        size = f"{mean_of(own, 'parameters') / 1e6:.1f}"
        lines.append([title_of(result, model), *cells, time, size])
    lines.append(["**least error**", *(_render_best(result, n) for n in columns), "", ""])
    if "htvae" in list_models(result):
        unrefined = {**result, "cells": [c for c in result["cells"] if c["model"] != "htvae"]}
        lines.append(["**... without refinement**", *(_render_best(unrefined, n) for n in columns), "", ""])
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def _render_cell(cells: Sequence[dict[str, Any]], is_best: bool) -> str:
    if not cells:
        return "not measured"
    errors = [cell["mpjpe"] for cell in cells]
    text = f"{mean_of(cells):.4f}"
    text = f"**{text}**" if is_best else text
    text += f" [{min(errors):.4f}, {max(errors):.4f}]" if len(cells) > 1 else ""
    return f"{text} ({mean_of(cells, 'numbers_used'):.1f})"


def _render_best(result: dict[str, Any], numbers: float) -> str:
    """Return who is ahead, and the ratio of its error to that of ours, or to the best of the others."""
    best = find_best(result, numbers)
    if best is None:
        return ""
    others = [
        m for m in list_models(result) if (m in OURS) != (best in OURS) and cells_of(result, m, numbers)
    ]
    if not others:
        return title_of(result, best)
    ratio = mean_of(cells_of(result, best, numbers)) / min(
        mean_of(cells_of(result, m, numbers)) for m in others
    )
    against = "the best of the others" if best in OURS else "HT-VAE"
    return f"{title_of(result, best)}, {ratio:.2f} x {against}"


def describe(result: dict[str, Any]) -> str:
    """Return what stands above the table: recordings, time, machine, how numbers and learning rates go."""
    return (
        f"{result['recordings']}: {result['held_out']}; {result['test_frames']:,} frames are scored, "
        f"{result['train_frames']:,} are trained on. Mean error in torso lengths, in brackets the range over "
        f"seeds, in parentheses the numbers per 48 frames that were needed. {result['minutes']:g} min of "
        f"training each; PCA needs none. HT-VAE's first row fits the chunk latents to each recording (as "
        "htvae evaluate does), the others are one pass. HT-VAE has its default settings (windows as long as "
        "the recordings), chosen on several public sets; other models have the best of the learning rates "
        f"{result['rates']} on the validation recordings. {result['machine']}; commit {result['commit']}, "
        f"{result['date']}; seeds {result['seeds']}."
    )


def draw_picture(result: dict[str, Any], path: Path) -> None:
    """Draw errors against numbers, a line for each model with its name at the end; PCA is grey."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullLocator

    figure = Figure(figsize=(8.6, 5.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    colours = iter(PALETTE[1:] * 3)
    ends: list[tuple[float, float, str, str]] = []
    for model in list_models(result):
        columns = [cells for n in list_numbers(result) if (cells := cells_of(result, model, n))]
        numbers = [mean_of(cells, "numbers_used") for cells in columns]
        errors = [mean_of(cells) for cells in columns]
        colour = PALETTE[0] if model in OURS else GREY if model == "pca" else next(colours)
        style = "--" if model == "htvae_encoder" else "-"
        width = 2.4 if model == "htvae" else 1.4
        axes.plot(numbers, errors, style, color=colour, linewidth=width, marker="o", markersize=3.5)
        for x, cells in zip(numbers, columns, strict=True):
            spread = [cell["mpjpe"] for cell in cells]
            axes.plot([x, x], [min(spread), max(spread)], color=colour, linewidth=width / 2)
        ends.append((numbers[-1], errors[-1], title_of(result, model), colour))
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(list_numbers(result), [f"{n:g}" for n in list_numbers(result)])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.set_xlabel("numbers per 48 frames", color=INK)
    axes.set_ylabel("mean error on held-out recordings (torso lengths)", color=INK)
    axes.set_title(
        f"{result['recordings']}, {result['minutes']:g} min of training each", loc="left", fontsize=10
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e3e6ea", linewidth=0.6)
    label_ends(axes, ends)
    with atomic_write(path) as temporary:
        figure.savefig(temporary, format="png", dpi=150)


def label_ends(axes: Any, ends: Sequence[tuple[float, float, str, str]]) -> None:
    """Write each name right of its line's end, moved apart where names would cover each other."""
    axes.figure.draw_without_rendering()  # the limits are known from here on
    right = max(x for x, *_ in ends)
    to_axes = axes.transData + axes.transAxes.inverted()
    places = sorted((float(to_axes.transform((x, y))[1]), name, colour) for x, y, name, colour in ends)
    heights: list[float] = []
    for place, _, _ in places:
        heights.append(max(place, heights[-1] + LEAST_GAP) if heights else place)
    excess = max(0.0, heights[-1] - 1.0)
    for height, (_, name, colour) in zip(heights, places, strict=True):
        axes.annotate(
            name, (right, height - excess), xycoords=("data", "axes fraction"), xytext=(8, 0),
            textcoords="offset points", color=colour, fontsize=8.5, va="center",
        )  # fmt: skip
