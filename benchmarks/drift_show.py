"""Shows what `drift.py` measured: a table in Markdown, and a picture."""

from pathlib import Path
from typing import Any

from quality_show import GREY, INK

from htvae.plots.charts import PALETTE
from htvae.utils.files import atomic_write
from htvae.utils.text import format_duration

TITLES = {
    "distance": "distance",
    "speed": "speed",
    "still": "still",
    "bones": "bones",
    "bone_spread": "bone spread",
    "body": "body",
}
"""Figures, and the heads of their columns."""
AXES = {
    "distance": "Fréchet excess over training",
    "speed": "speed over training's",
    "still": "share of still frames",
    "bones": "bone lengths over training's",
    "bone_spread": "spread of bone lengths over training's",
    "body": "change of bone lengths since the first window",
}
TRAINING = {"distance": 0.0, "speed": 1.0, "still": 0.1, "bones": 1.0, "bone_spread": 1.0}
"""What training recordings have by definition."""
SINCE_FIRST = ("body",)
"""Figures that compare with the first place, where they have no value of their own."""
CLEAR = 2.0
"""Multiple of its error beyond which a change is more than chance."""


def describe(result: dict[str, Any]) -> str:
    """Return what stands above the table."""
    trained = f" at commit {result['trained_at']}" if result.get("trained_at") else ""
    return (
        f"{result['recordings']}: {result['num_sequences']} sequences of {result['num_frames']:,} frames for "
        f"which nothing was asked, {result['window']} frames of each before a place; ± is a standard error. "
        f"A model after at most {result['training']}{trained}. {result['machine']}; commit "
        f"{result['commit']}, {result['date']}. **{describe_change(result)}**"
    )


def describe_change(result: dict[str, Any]) -> str:
    """Return which figures differ at the last place from the first by more than chance, in words."""
    found = [
        f"{TITLES[name]} by {change:+.3g} ± {result['change_errors'][name]:.2g}"
        for name, change in result["change"].items()
        if name not in SINCE_FIRST and abs(change) > CLEAR * result["change_errors"][name]
    ]
    if not found:
        return "From the first to the last place nothing changes by more than twice its error."
    return (
        f"From the first to the last place these change by more than twice their error: {', '.join(found)}."
    )


def time_of(result: dict[str, Any], end: int) -> str:
    """Return the time of a place in words, or its frame where the rate is not known."""
    return format_duration(end / result["fps"]) if result["fps"] else f"frame {end:,}"


def render_table(result: dict[str, Any]) -> str:
    """Return the table: a row for each place, then the change, then held-out recordings."""
    names = list(result["figures"])
    rows = [
        ["before", "frame", *(TITLES[name] for name in names), "time of a core", "memory"],
        ["---"] * (len(names) + 4),
    ]
    for place, end in enumerate(result["ends"]):
        cells = [
            _cell(result["figures"][name][place], result["errors"][name][place])
            if place or name not in SINCE_FIRST
            else ""
            for name in names
        ]
        cost = result["costs"][place]
        costs = [f"{cost['core_seconds']:.2g} s", f"{cost['peak_mib']:.0f} MiB"]
        rows.append([time_of(result, end), f"{end:,}", *cells, *costs])
    changes = [
        "" if name in SINCE_FIRST else _cell(result["change"][name], result["change_errors"][name], "+")
        for name in names
    ]
    rows.append(["**last less first**", "", *changes, "", ""])
    held_out = [_number(result["held_out"][name]) for name in names]
    rows.append(["held-out recordings", "", *held_out, "", ""])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(value: float, error: float, sign: str = "") -> str:
    return f"{_number(value, sign)} ± {_number(error)}"


def _number(value: float, sign: str = "") -> str:
    """Return a number with three decimals, from 10 on with one."""
    return f"{value:{sign}.{1 if abs(value) >= 10 else 3}f}"


def draw_picture(result: dict[str, Any], path: Path) -> None:
    """Draw each figure against time, beside training (dotted) and held-out recordings (dashed)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullLocator

    names = list(result["figures"])
    num_columns = min(3, len(names))
    num_rows = -(-len(names) // num_columns)
    figure = Figure(figsize=(3.6 * num_columns, 0.5 + 2.6 * num_rows), layout="constrained")
    FigureCanvasAgg(figure)
    seconds = [end / (result["fps"] or 1) for end in result["ends"]]
    for axes, name in zip(figure.subplots(num_rows, num_columns, squeeze=False).flat, names, strict=False):
        first = int(name in SINCE_FIRST)
        values, errors = result["figures"][name][first:], [2 * e for e in result["errors"][name][first:]]
        axes.errorbar(
            seconds[first:], values, errors, color=PALETTE[0], linewidth=1.8, marker="o", markersize=3.5
        )
        axes.axhline(result["held_out"][name], color=PALETTE[1], linestyle="--", linewidth=1.2)
        if name in TRAINING:
            axes.axhline(TRAINING[name], color=GREY, linestyle=":", linewidth=1.2)
        axes.margins(y=0.15)
        axes.set_xscale("log", base=2)
        labels = [_tick(s, bool(result["fps"])) if n % 2 == 0 else "" for n, s in enumerate(seconds)]
        axes.set_xticks(seconds, labels, fontsize=8)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_title(AXES[name], loc="left", fontsize=9, color=INK)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="#e3e6ea", linewidth=0.6)
    unit = "time in the sequence" if result["fps"] else "frame"
    figure.supxlabel(unit, fontsize=9, color=INK)
    figure.suptitle(
        f"{result['recordings']}: generated motion (with two standard errors), held-out recordings (dashed), "
        "training (dotted)",
        x=0.01,
        ha="left",
        fontsize=10,
    )
    with atomic_write(path) as temporary:
        figure.savefig(temporary, format="png", dpi=150)


def _tick(seconds: float, is_time: bool) -> str:
    if not is_time:
        return f"{seconds:g}"
    return f"{seconds:.2g} s" if seconds < 60 else f"{seconds / 60:.2g} min"
