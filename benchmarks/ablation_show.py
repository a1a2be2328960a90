"""Shows what `ablation.py` measured: a table in Markdown."""

import statistics
from collections.abc import Sequence
from typing import Any

DEFAULT = "default"
FIGURES = {
    "mpjpe": "error, refined",
    "encoder_mpjpe": "encoder alone",
    "linear_code_mpjpe": "linear code alone",
    "velocity_error": "velocity error",
    "nats": "-ELBO, nats per frame",
    "complete_bursts_mpjpe": "bursts filled in",
    "complete_gap_30_mpjpe": "gaps of 30 frames filled in",
    "exchanged_mpjpe": "another's z",
    "numbers_used": "numbers",
}
"""Columns, in order."""
DIFFERENCES = ("nats",)
"""Figures that may be below 0: differences from the default, where others are ratios."""
PLAIN = ("numbers_used",)
"""Figures that are shown as they are."""


def render_table(result: dict[str, Any]) -> str:
    """Return the table: the default's figures, then each variant's over the default's of the same seed.

    A cell has the mean over seeds and, with several seeds, their range.
    """
    cells = {(cell["variant"], cell["seed"]): cell for cell in result["cells"]}
    columns = [key for key in FIGURES if any(key in cell for cell in cells.values())]
    rows = [["variant", *(FIGURES[key] for key in columns), "seeds"], ["---"] * (len(columns) + 2)]
    for variant in result["variants"]:
        seeds = [s for s in result["seeds"] if {(variant, s), (DEFAULT, s)} <= set(cells)]
        if not seeds:
            continue
        own = [(cells[variant, s], cells[DEFAULT, s]) for s in seeds]
        shown = [_render(key, own, is_default=variant == DEFAULT) for key in columns]
        name = f"**{variant}**" if variant == DEFAULT else variant
        rows.append([name, *shown, str(len(seeds))])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _render(key: str, pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]], is_default: bool) -> str:
    found = [(own[key], usual[key]) for own, usual in pairs if key in own and key in usual]
    if not found:
        return ""
    if key in PLAIN:
        return f"{statistics.fmean(own for own, _ in found):.1f}"
    if is_default:
        return _spread([own for own, _ in found], ".1f" if key in DIFFERENCES else ".4f")
    if key in DIFFERENCES:
        return _spread([own - usual for own, usual in found], "+.1f")
    return _spread([own / usual for own, usual in found], ".2f") + " x"


def _spread(values: Sequence[float], form: str) -> str:
    text = f"{statistics.fmean(values):{form}}"
    return f"{text} [{min(values):{form}}, {max(values):{form}}]" if len(values) > 1 else text


def describe(result: dict[str, Any]) -> str:
    """Return what stands above the table."""
    people = {cell["seed"]: ", ".join(cell["test_people"][:6]) for cell in result["cells"]}
    tested = "; ".join(f"seed {seed}: {names}" for seed, names in sorted(people.items()))
    return (
        f"{result['recordings']}: {result['frames']:g} million frames of training in each run "
        f"({result['train_frames']:,} different ones with seed 0). The first row has the default's figures "
        "(errors in torso lengths, numbers per 48 frames), the others have each variant's over the default's "
        "of the same seed, for nats the difference: means over seeds, in brackets their range. Above 1 (for "
        f"nats: 0) the variant is worse, so the part helps. Tested on {tested}. {result['machine']}; commit "
        f"{result['commit']}, {result['date']}."
    )
