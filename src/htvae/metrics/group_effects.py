"""Sizes of differences between groups, with bootstrap intervals over units, for many measures at once.

Two groups: the difference, and Hedges' g, the difference in spreads of units within groups. More groups: the
highest mean minus the lowest, and omega squared, the share of the spread that the groups explain.

Axes: ``n`` rows, ``s`` units, ``m`` measures, ``G`` groups, ``B`` draws, ``q`` columns of the model.
"""

from dataclasses import dataclass

import numpy as np

from htvae.metrics.bootstrap import (
    accelerated_interval,
    draw_counts,
    leave_one_out,
    small_sample_widening,
)
from htvae.metrics.group_test import centre

_LEAST_DISTINCT = 3
"""Different rows beyond the model's columns that a draw must have, one less for pairs."""
_LEAST_DRAWS = 0.85
"""Share of draws that must have so many for an interval."""
_PART = 250
"""Draws at once."""
_LEAST_SPREAD = 1e-12


@dataclass(frozen=True, eq=False)
class EffectModel:
    """What effects are computed from: rows are units, or in a paired design units in one group each."""

    groups: np.ndarray
    """Group (n,) of each row, integers 0 to G - 1."""
    blocks: np.ndarray
    """Block (n,) of each row, integers; in a paired design the unit."""
    covariates: np.ndarray
    """Covariates (n, c) that are held fixed."""
    is_paired: bool
    """Whether units are in several groups."""

    @property
    def num_groups(self) -> int:
        """G."""
        return int(self.groups.max()) + 1


@dataclass(frozen=True, eq=False)
class GroupEffects:
    """Effects of every measure; intervals hold 95 %."""

    difference: np.ndarray
    """(m,) in the measure's unit, blocks and covariates held fixed."""
    difference_interval: tuple[np.ndarray, np.ndarray]
    effect: np.ndarray
    """(m,) Hedges' g, or omega squared where there are more than two groups."""
    effect_interval: tuple[np.ndarray, np.ndarray]


def measure_effects(
    values: np.ndarray, model: EffectModel, num_draws: int, rng: np.random.Generator
) -> GroupEffects:
    """Return differences and effects, and their intervals from draws of units within groups.

    Hedges' g is g = J d / s with J = 1 - 3 / (4 df - 1). The spread s is that of units within groups, blocks
    and covariates held fixed. In a paired design it is the mean of the groups' own variances (d_av), so that
    paired and unpaired studies compare, and df is the number of pairs minus 1.
    Omega squared is (G - 1)(F - 1) / ((G - 1)(F - 1) + n), at least 0.

    Args:
        values: (n, m) without NaN.
        model: groups, blocks and covariates of the rows.
        num_draws: B; 0 leaves the intervals NaN.
        rng: source of the draws.

    Source: Hedges 1981, "Distribution Theory for Glass's Estimator of Effect Size"; Cumming 2012,
        "Understanding The New Statistics", for pairs; Olejnik & Algina 2003, "Generalized Eta and Omega
        Squared Statistics".
    """
    values = np.asarray(values, np.float64)
    unit_of_row = (
        np.unique(model.blocks, return_inverse=True)[1] if model.is_paired else np.arange(len(values))
    )
    fit = _Fit(values, model)
    difference, effect = (part[0] for part in fit.effects(np.ones((1, len(values)))))
    missing = np.full(values.shape[1], np.nan)
    if not num_draws:
        return GroupEffects(difference, (missing, missing), effect, (missing, missing))
    num_units = int(unit_of_row.max()) + 1
    strata = np.zeros(num_units, int) if model.is_paired else model.groups
    counts = draw_counts(strata, num_draws, rng)[:, unit_of_row]
    counts = counts[fit.distinct(counts) >= _LEAST_DISTINCT - model.is_paired]
    if len(counts) < _LEAST_DRAWS * num_draws:
        return GroupEffects(difference, (missing, missing), effect, (missing, missing))
    drawn = [fit.effects(part) for part in np.array_split(counts, max(1, num_draws // _PART))]
    jackknife = fit.effects(leave_one_out(num_units)[:, unit_of_row])
    free = fit.free(np.ones((1, len(values))))
    widening = small_sample_widening(num_units, int(free[0, 0]))
    intervals = [
        accelerated_interval(
            estimate, np.concatenate([part[kind] for part in drawn]), jackknife[kind], widening=factor
        )
        for kind, (estimate, factor) in enumerate(
            ((difference, widening), (effect, widening if model.is_paired and model.num_groups == 2 else 1.0))
        )
    ]
    return GroupEffects(difference, intervals[0], effect, intervals[1])


class _Fit:
    """Fits the linear model to rows that count several times, or not at all."""

    def __init__(self, values: np.ndarray, model: EffectModel) -> None:
        self.model, self.values = model, values
        dummies = (model.groups[:, None] == np.arange(model.num_groups)).astype(np.float64)
        blocks = np.unique(model.blocks)
        if model.is_paired:  # units count as wholes, so that their means can be taken off beforehand
            self.response = centre(values, model.blocks)
            self.rest = centre(model.covariates, model.blocks)
            self.groups = centre(dummies[:, 1:], model.blocks)
        else:
            others = (model.blocks[:, None] == blocks[1:]).astype(np.float64)
            covariates = model.covariates - model.covariates.mean(axis=0)
            self.response = values - values.mean(axis=0)
            self.rest = np.hstack([np.ones((len(values), 1)), others - others.mean(axis=0), covariates])
            self.groups = dummies[:, 1:]
        self.dummies = dummies

    def effects(self, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return differences and effects (B, m) where rows count ``counts`` (B, n) times."""
        num_free_groups = self.groups.shape[1]
        coefficients, left = self._solve(np.hstack([self.groups, self.rest]), counts)
        free = self.free(counts)
        if self.model.num_groups == 2:
            difference = coefficients[:, 0]
            return difference, self._hedges(difference, left, free, counts)
        means = np.concatenate(
            [np.zeros_like(coefficients[:, :1]), coefficients[:, :num_free_groups]], axis=1
        )
        without = self._solve(self.rest, counts)[1]
        return means.max(axis=1) - means.min(axis=1), self._omega(left, without, free, counts)

    def _solve(self, columns: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return coefficients (B, q, m) and the squares left over (B, m)."""
        num_columns, num_measures = columns.shape[1], self.response.shape[1]
        total = counts @ np.square(self.response)
        if not num_columns:
            return np.zeros((len(counts), 0, num_measures)), total
        products = (columns[:, :, None] * columns[:, None, :]).reshape(len(columns), -1)
        gram = (counts @ products).reshape(-1, num_columns, num_columns)
        target = np.stack([(counts * column) @ self.response for column in columns.T], axis=1)
        coefficients = np.linalg.pinv(gram, rcond=1e-10, hermitian=True) @ target
        left = total - (coefficients * target).sum(axis=1)
        return coefficients, np.maximum(left, _LEAST_SPREAD * total)

    def free(self, counts: np.ndarray, least: float = 1) -> np.ndarray:
        """Return degrees of freedom (B, 1) of what is left over, at least ``least``."""
        rows = counts.sum(axis=1, keepdims=True)
        if self.model.is_paired:
            first = np.unique(self.model.blocks, return_index=True)[1]
            rows = rows - counts[:, first].sum(axis=1, keepdims=True)
        return np.maximum(rows - self.groups.shape[1] - self.rest.shape[1], least)

    def distinct(self, counts: np.ndarray) -> np.ndarray:
        """Return the number (B,) of different rows of draws, minus the columns of the model."""
        free: np.ndarray = self.free((counts > 0).astype(np.float64), least=-1)[:, 0]
        return free

    def _hedges(
        self, difference: np.ndarray, left: np.ndarray, free: np.ndarray, counts: np.ndarray
    ) -> np.ndarray:
        """Return Hedges' g (B, m)."""
        variance = self._group_variance(counts) if self.model.is_paired else left / free
        correction = 1 - 3 / np.maximum(4 * free - 1, 3.5)
        with np.errstate(divide="ignore", invalid="ignore"):
            effect: np.ndarray = correction * difference / np.sqrt(variance)
        return effect

    def _group_variance(self, counts: np.ndarray) -> np.ndarray:
        """Return the mean (B, m) over groups of the variance of units."""
        centred = self.values - self.values.mean(axis=0)
        parts = []
        for dummy in self.dummies.T:
            weight = counts * dummy
            size = weight.sum(axis=1, keepdims=True)
            squares = weight @ np.square(centred) - np.square(weight @ centred) / np.maximum(size, 1)
            parts.append(squares / np.maximum(size - 1, 1))
        variance: np.ndarray = np.mean(parts, axis=0)
        return variance

    def _omega(
        self, left: np.ndarray, without: np.ndarray, free: np.ndarray, counts: np.ndarray
    ) -> np.ndarray:
        """Return omega squared (B, m)."""
        num_free_groups = self.model.num_groups - 1
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = (without - left) / num_free_groups / (left / free)
        excess = num_free_groups * np.maximum(np.nan_to_num(ratio, nan=0.0, posinf=1e12) - 1, 0)
        share: np.ndarray = excess / (excess + counts.sum(axis=1, keepdims=True))
        return share
