"""Rules of the verdict on completion: filled-in gaps, and the intervals around filled-in points."""

import math
from collections.abc import Iterator

from htvae.evaluation.findings import Figures, Finding, divide
from htvae.evaluation.tables import format_number
from htvae.evaluation.verdict_reconstruction import MARGIN

COVERAGE_RANGE = (0.85, 0.95)
"""Share of points that 90 % intervals should hold on recordings that the model does not know."""


def judge_completion(figures: Figures) -> Iterator[Finding]:
    """Say up to which length gaps are filled in better than by interpolation."""
    gaps = sorted(int(n.split("_")[2]) for n in figures if n.startswith("complete_gap_") and "linear" in n)
    ratios = [divide(figures, f"complete_gap_{n}_mpjpe", f"complete_gap_{n}_linear_mpjpe") for n in gaps]
    if not gaps or not all(map(math.isfinite, ratios)):
        return
    better = next((i for i, ratio in enumerate(ratios) if ratio > 1 - MARGIN), len(gaps))
    if better == 0:
        yield Finding("Gaps are filled in no better than by interpolation.", is_fault=True)
        return
    name, longer = f"complete_gap_{gaps[better - 1]}", ", longer ones are not" if better < len(gaps) else ""
    yield Finding(
        f"Gaps of up to {gaps[better - 1]} frames are filled in better than by interpolation (error "
        f"{format_number(figures[f'{name}_mpjpe'])} against {format_number(figures[f'{name}_linear_mpjpe'])})"
        f"{longer}."
    )


def judge_intervals(figures: Figures) -> Iterator[Finding]:
    """Say what share of points lies in 90 % intervals, and where that is too few or too many."""
    shares = {name: value for name, value in figures.items() if _is_coverage(name)}
    if not shares:
        return
    low, high = min(shares.values()), max(shares.values())
    least, most = COVERAGE_RANGE
    held = f"{low:.0%}" if f"{low:.0%}" == f"{high:.0%}" else f"{low:.0%} to {high:.0%}"
    found = f"90 % intervals hold {held} of filled-in points"
    kinds = {
        "narrow": [_name_hole(name) for name, value in shares.items() if value < least],
        "wide": [_name_hole(name) for name, value in shares.items() if value > most],
    }
    faults = [f"too {word} for {', '.join(holes)}" for word, holes in kinds.items() if holes]
    if not faults:
        yield Finding(f"{found}, as they should ({least:.0%} to {most:.0%}).")
        return
    yield Finding(
        f"{found}, but should hold {least:.0%} to {most:.0%}: they are {' and '.join(faults)}.",
        "more subjects for validation (--val_fraction), on which intervals are calibrated; `htvae "
        "train-prior` calibrates those of an older model",
        is_fault=True,
    )


def _is_coverage(name: str) -> bool:
    return name.startswith("complete_") and name.endswith("_coverage")


def _name_hole(name: str) -> str:
    """Return the words for the kind of hole that a figure is about."""
    kind = name.removeprefix("complete_").removesuffix("_coverage")
    if kind.startswith("gap_"):
        return f"gaps of {kind.removeprefix('gap_')} frames"
    return {"bursts": "landmarks hidden for bursts", "landmarks": "landmarks never seen"}[kind]
