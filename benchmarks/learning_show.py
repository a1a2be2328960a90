"""Shows what `learning_curve.py` measured: a table in Markdown, and a picture."""

import statistics
from pathlib import Path
from typing import Any

from quality_show import GREY, INK, label_ends

from htvae.plots.charts import PALETTE
from htvae.utils.files import atomic_write

TITLES = {
    "mpjpe": "HT-VAE, refined",
    "encoder_mpjpe": "HT-VAE, encoder alone",
    "linear_code_mpjpe": "its linear code alone",
    "pca_mpjpe": "PCA",
}
STYLES = {"encoder_mpjpe": "--", "linear_code_mpjpe": ":"}


def list_counts(result: dict[str, Any]) -> list[int]:
    """Return the counts that were measured."""
    return sorted({cell["count"] for cell in result["cells"]})


def values_of(result: dict[str, Any], count: int, key: str) -> list[float]:
    """Return a figure of a count, one for each seed."""
    return [cell[key] for cell in result["cells"] if cell["count"] == count]


def render_table(result: dict[str, Any]) -> str:
    """Return the table: a row for each count, with the errors' means over seeds and their range."""
    header = [result["by"], "frames", *TITLES.values(), "refined / PCA", "numbers, ours / PCA", "seeds"]
    rows = [header, ["---"] * len(header)]
    for count in list_counts(result):
        errors = {key: values_of(result, count, key) for key in TITLES}
        best = min(errors, key=lambda key: statistics.fmean(errors[key]))
        shown = [f"**{_spread(v)}**" if key == best else _spread(v) for key, v in errors.items()]
        ratio = statistics.fmean(errors["mpjpe"]) / statistics.fmean(errors["pca_mpjpe"])
        frames = values_of(result, count, "train_frames")
        keys = ("numbers_used", "pca_numbers_used")
        numbers = " / ".join(f"{statistics.fmean(values_of(result, count, key)):.1f}" for key in keys)
        length = f"{min(frames):,}" if min(frames) == max(frames) else f"{min(frames):,} to {max(frames):,}"
        rows.append([str(count), length, *shown, f"{ratio:.2f} x", numbers, str(len(frames))])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _spread(values: list[float]) -> str:
    text = f"{statistics.fmean(values):.4f}"
    return f"{text} [{min(values):.4f}, {max(values):.4f}]" if len(values) > 1 else text


def describe(result: dict[str, Any]) -> str:
    """Return what stands above the table."""
    return (
        f"{result['recordings']}: {result['held_out']}, {result['test_frames']:,} frames are scored. Mean "
        f"error in torso lengths, in brackets the range over seeds, which choose the {result['by']}. "
        f"{result['frames']:g} million frames of training in each. PCA has as many numbers per 48 frames "
        f"where its windows suffice, and is fitted to the same recordings. {result['machine']}; commit "
        f"{result['commit']}, {result['date']}; "
        f"seeds {result['seeds']}."
    )


def draw_picture(result: dict[str, Any], path: Path) -> None:
    """Draw errors against counts: ours, the encoder alone (dashed), its linear code (dotted), PCA (grey)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullLocator

    figure = Figure(figsize=(8.6, 5.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    counts, ends = list_counts(result), []
    for key, title in TITLES.items():
        colour, style = GREY if key == "pca_mpjpe" else PALETTE[0], STYLES.get(key, "-")
        columns = [values_of(result, count, key) for count in counts]
        errors, width = [statistics.fmean(values) for values in columns], 2.4 if key == "mpjpe" else 1.4
        axes.plot(counts, errors, style, color=colour, linewidth=width, marker="o", markersize=3.5)
        for count, values in zip(counts, columns, strict=True):
            axes.plot([count] * 2, [min(values), max(values)], color=colour, linewidth=width / 2)
        ends.append((float(counts[-1]), errors[-1], title, colour))
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(counts, [str(count) for count in counts])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.set_xlabel(f"training {result['by']}", color=INK)
    axes.set_ylabel("mean error on held-out recordings (torso lengths)", color=INK)
    title = f"{result['recordings']}, {result['frames']:g} million frames of training each"
    axes.set_title(title, loc="left", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e3e6ea", linewidth=0.6)
    label_ends(axes, ends)
    with atomic_write(path) as temporary:
        figure.savefig(temporary, format="png", dpi=150)
