"""How strongly to plant, so that the outcome changes by what was asked.

A hand moves with the trunk, and a tracker's noise cannot be slowed, so the measured change is smaller than
that of the planted movement. The strength is found by the secant method on the controls' mean.
"""

from collections.abc import Callable, Sequence

import numpy as np

from htvae.analysis.measures import MeasureTable
from htvae.analysis.power.effects import Effect
from htvae.analysis.power.pipeline import Pipeline
from htvae.analysis.power.subjects import Owners
from htvae.data.processing import ProcessedSequence

LEAST, MOST = -0.95, 4.0
"""Limits of the strength."""
TOLERANCE, MOTIF_TOLERANCE = 0.01, 0.1
"""Largest miss, as a share of the wanted change."""
_NEAR_ENOUGH = 0.3
"""Miss up to which the nearest strength is taken; the change that it makes is reported."""
_MOST_ROUNDS = 10


def find_strength(
    effect: Effect,
    pipeline: Pipeline,
    controls: Sequence[ProcessedSequence],
    owners: Owners,
    table: MeasureTable,
    outcome: Sequence[int],
) -> float:
    """Return the strength at which the outcome's mean over subjects changes by the effect's size.

    A direction is planted by its size as it is. Bouts change by whole pieces, so the time in a motif is hit
    only roughly.

    Raises:
        ValueError: no strength changes the outcome so much.
    """
    if effect.kind == "direction":
        return effect.size
    names = [table.names[i] for i in outcome]

    def mean(values: np.ndarray) -> float:
        return float(np.nanmean(owners.average(values)))

    before = mean(table.values[:, list(outcome)])
    if not np.isfinite(before) or before <= 0:
        raise ValueError(
            f"Controls must show {effect.text!r}, but none shows {names[0]}. Choose another landmark."
        )
    wanted = effect.size * before if effect.is_relative else effect.size

    def change(strength: float) -> float:
        planted = pipeline.measure_outcome([pipeline.planter.plant(c, strength) for c in controls])
        return mean(planted.values[:, [planted.names.index(name) for name in names]]) - before

    return _solve(effect, change, wanted, wanted / before, before)


def _solve(
    effect: Effect, change: Callable[[float], float], wanted: float, guess: float, before: float
) -> float:
    """Return the strength at which ``change`` is ``wanted``."""
    strength = float(np.clip(guess, LEAST, MOST))
    tolerance = MOTIF_TOLERANCE if effect.kind == "motif" else TOLERANCE
    last, last_change, tried = 0.0, 0.0, {0.0: 0.0}
    for _ in range(_MOST_ROUNDS):
        tried[strength] = found = change(strength)
        if abs(found - wanted) <= tolerance * abs(wanted):
            return strength
        slope = (found - last_change) / (strength - last) if strength != last else 0.0
        if slope <= 0:
            break
        last, last_change = strength, found
        strength = float(np.clip(strength + (wanted - found) / slope, LEAST, MOST))
    nearest = min(tried, key=lambda own: abs(tried[own] - wanted))
    if abs(tried[nearest] - wanted) <= _NEAR_ENOUGH * abs(wanted):
        return nearest
    where = (
        "The rest is noise of the tracker."
        if effect.is_warp
        else "The rest moves with the trunk, or is noise."
    )
    raise ValueError(
        f"effect must be one that the recordings can show, but {effect.text!r} asks for a change of "
        f"{wanted / before:+.1%}, and the nearest that planting reaches is {tried[nearest] / before:+.1%}. "
        f"{'Bouts are too few or too short.' if effect.kind == 'motif' else where} Choose another size."
    )
