"""Studies of several sizes, drawn from controls and tested: power, false alarms, exaggeration.

Numbers in, numbers out: neither a model nor recordings are needed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from htvae.analysis.power.subjects import SubjectRows
from htvae.metrics.power_curves import (
    LEVEL,
    effect_in_spreads,
    effect_interval,
    needed_size,
    shift_power,
    size_for_power,
)
from htvae.metrics.shares import wilson_interval
from htvae.metrics.simulated_studies import arrange_study, draw_studies, permute_studies

LEAST_SIZE, LARGEST_SIZE = 4, 500
"""Subjects of a group: with three, p cannot fall below 0.1."""
NUM_DRAWS = 2_000
"""Draws of controls for the intervals."""
PART = 250
"""Studies in memory at once."""
_STEPS = (0.35, 0.5, 0.7, 1.0, 1.4, 2.0)
"""Sizes of the curve, in those that a t-test needs."""

Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class SizeResult:
    """What studies with so many subjects per group find; intervals hold 95 %."""

    size: int
    """Subjects of each group."""
    power: float
    """Share of studies that find the effect in its outcome, p < 0.05."""
    power_interval: Range
    """What few controls leave open, and the chance of the simulated studies."""
    false_alarms: float
    """The same share without an effect."""
    exaggeration: float
    """Mean size of the difference in studies that find it, over the true one (type M); NaN if none does."""
    wrong_sign: float
    """Share of the studies that find it whose difference has the wrong sign (type S); NaN if none does."""
    table_power: float
    """Share of studies that find it in a table of all measures, q < 0.05, in any measure it should change."""
    table_interval: Range
    table_false_alarms: float
    """Share of studies without an effect that find anything in the table."""


@dataclass(frozen=True)
class Needed:
    """Subjects per group that a power needs."""

    target: float
    size: int | None
    """None: more than the largest size of the curve."""
    interval: tuple[int, int]
    """What controls leave open, by the t-test."""
    table_size: int | None
    """The same for the table of all measures."""


@dataclass(frozen=True, eq=False)
class Simulation:
    """A curve of sizes, and what it says."""

    effect: float
    """Difference of the outcome in spreads of subjects, without sign."""
    effect_interval: Range
    curve: tuple[SizeResult, ...]
    needed: tuple[Needed, ...]


def simulate(
    rows: SubjectRows,
    sizes: Sequence[int] = (),
    targets: Sequence[float] = (0.8,),
    num_studies: int = 1_000,
    num_permutations: int = 5_000,
    seed: int = 0,
    on_share: Callable[[float], None] = lambda share: None,
) -> Simulation:
    """Draw studies of each size with and without the effect, and test them.

    Args:
        rows: controls without and with the effect.
        sizes: subjects per group; none: those around what a t-test needs.
        targets: powers whose sizes are wanted.
        num_studies: studies of each size.
        num_permutations: random exchanges of a study; all are tried where no more exist.
        seed: seed of the random numbers.
        on_share: called with the share of the work that is done.
    """
    plain, treated = rows.outcome
    effect = abs(float(effect_in_spreads(plain, treated)[0]))
    interval = effect_interval(plain, treated, NUM_DRAWS, np.random.default_rng((seed, 0)))
    sizes = tuple(sorted(set(sizes))) or choose_sizes(effect, max(targets))
    curve: list[SizeResult] = []
    for size in sizes:
        rng = np.random.default_rng((seed, 1, size))
        curve.append(_simulate_size(rows, size, effect, interval, num_studies, num_permutations, rng))
        on_share(len(curve) / len(sizes))
    needed = tuple(_find_needed(curve, effect, interval, target) for target in targets)
    return Simulation(effect, interval, tuple(curve), needed)


def choose_sizes(effect: float, target: float) -> tuple[int, ...]:
    """Return sizes around the one that a t-test of the effect needs."""
    middle = size_for_power(max(effect, 1e-3), target)
    rounded = (int(np.clip(round(middle * step), LEAST_SIZE, LARGEST_SIZE)) for step in _STEPS)
    return tuple(dict.fromkeys(rounded))


def _simulate_size(
    rows: SubjectRows,
    size: int,
    effect: float,
    interval: Range,
    num_studies: int,
    num_permutations: int,
    rng: np.random.Generator,
) -> SizeResult:
    arrangements = arrange_study(size, num_permutations, rng)
    parts: list[tuple[np.ndarray, ...]] = []
    for start in range(0, num_studies, PART):
        count = min(PART, num_studies - start)
        plain, planted = draw_studies(rows.plain, rows.treated, size, count, rng)
        tested = [permute_studies(studies, arrangements) for studies in (plain, planted)]
        found = [_find(p[:, 1:]) for p in tested]
        difference = planted[:, size:, 0].mean(axis=1) - planted[:, :size, 0].mean(axis=1)
        hit = np.any(found[1] & rows.touched[1:], axis=1)
        parts.append((tested[1][:, 0], tested[0][:, 0], difference, hit, np.any(found[0], axis=1)))
    p, p_plain, difference, hit, alarm = (np.concatenate(part) for part in zip(*parts, strict=True))
    true = float(np.mean(rows.outcome[1] - rows.outcome[0]))
    significant = difference[p < LEVEL] / true if true else np.zeros(0)

    def bound(power: float) -> Range:
        low, high = (shift_power(power, num_studies, size, effect, other) for other in interval)
        least, most = wilson_interval(power * num_studies, num_studies)  # chance of the simulated studies
        below, above = np.hypot(power - low, power - least), np.hypot(high - power, most - power)
        return max(power - float(below), 0.0), min(power + float(above), 1.0)

    power, table_power = float((p < LEVEL).mean()), float(hit.mean())
    return SizeResult(
        size=size,
        power=power,
        power_interval=bound(power),
        false_alarms=float((p_plain < LEVEL).mean()),
        exaggeration=float(np.abs(significant).mean()) if len(significant) else float("nan"),
        wrong_sign=float((significant < 0).mean()) if len(significant) else float("nan"),
        table_power=table_power,
        table_interval=bound(table_power),
        table_false_alarms=float(alarm.mean()),
    )


def _find(p: np.ndarray) -> np.ndarray:
    """Return whether (S, m) measures are found in their study's table, q < 0.05."""
    from scipy.stats import false_discovery_control

    if not p.shape[1]:
        return np.zeros(p.shape, bool)
    found: np.ndarray = false_discovery_control(p, axis=1, method="bh") < LEVEL
    return found


def _find_needed(curve: Sequence[SizeResult], effect: float, interval: Range, target: float) -> Needed:
    """Return the sizes that a target needs; the interval keeps the curve's distance from the t-test."""
    sizes = [result.size for result in curve]
    size = needed_size(sizes, [result.power for result in curve], target)
    by_test = size_for_power(effect, target)
    ratio = 1.0 if size is None or size == sizes[0] else size / by_test
    bounds = [size_for_power(max(other, 1e-3), target) for other in reversed(interval)]
    low, high = (max(round(ratio * bound), LEAST_SIZE) for bound in bounds)
    table = needed_size(sizes, [result.table_power for result in curve], target)
    return Needed(target, size, (low, high), table)
