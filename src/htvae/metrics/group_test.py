"""Permutation tests of a difference between groups, for many measures at once.

The model is linear: measure = block + covariates + group. Blocks and covariates are fitted without the
groups, and what is left over, the residuals, is exchanged within blocks (Freedman & Lane). Without covariates
this is the plain permutation test: exact, whatever the distribution. With covariates it is approximate, and
among the approximate tests the one that keeps its level best (Winkler et al. 2014).

All arrangements of all measures come from a few matrix products: exchanging the residuals in one way equals
exchanging the rows of the group's column in the reverse way.

Source: Freedman & Lane 1983, "A Nonstochastic Interpretation of Reported Significance Levels"; Winkler et al.
    2014, "Permutation inference for the general linear model", NeuroImage 92.

Axes: ``n`` rows, ``m`` measures, ``P`` arrangements, ``G`` groups, ``c`` covariates, ``k = G - 1``.
"""

from dataclasses import dataclass

import numpy as np

from htvae.metrics.arrangements import Arrangements, count_arrangements, least_p, make_arrangements

_LEAST_FOR_SPREADS = 3
"""Rows that each group must have so that its own spread is estimated."""
_PART = 2_000
"""Arrangements at once; memory is 8 bytes times this times the measures, about ten times."""
_TIE = 1e-9
"""Relative difference up to which two statistics are equal."""


@dataclass(frozen=True, eq=False)
class GroupDesign:
    """The linear model of a comparison, without the measures; see `make_design`."""

    groups: np.ndarray
    """Group (n,) of each row, integers from 0."""
    blocks: np.ndarray
    """Block (n,) of each row, integers; rows are exchanged within blocks."""
    nuisance: np.ndarray
    """Orthonormal columns (n, r) of the covariates, blocks taken off."""
    columns: np.ndarray
    """Orthonormal columns (n, k) of the groups, blocks and covariates taken off."""

    @property
    def free(self) -> int:
        """Degrees of freedom of the residuals."""
        used = len(np.unique(self.blocks)) + self.nuisance.shape[1] + self.columns.shape[1]
        return len(self.groups) - used

    @property
    def compares_spreads(self) -> bool:
        """Whether the statistic lets the two groups have different spreads."""
        sizes = np.bincount(self.groups)
        return self.columns.shape[1] == 1 and int(sizes[sizes > 0].min()) >= _LEAST_FOR_SPREADS

    def residuals(self, values: np.ndarray) -> np.ndarray:
        """Return values (n, m) without what blocks and covariates say."""
        centred = centre(values, self.blocks)
        return centred - self.nuisance @ (self.nuisance.T @ centred)


@dataclass(frozen=True, eq=False)
class GroupTest:
    """The result of a test."""

    p: np.ndarray
    """p-value (m,) of each measure, two-sided."""
    least_p: float
    """Smallest p-value that the design allows."""
    num_arrangements: int
    """Arrangements that exist."""
    is_complete: bool
    """Whether all of them were tried."""


def make_design(groups: np.ndarray, blocks: np.ndarray, covariates: np.ndarray) -> GroupDesign:
    """Return the model of a comparison.

    Args:
        groups: (n,) integers from 0.
        blocks: (n,) integers; in a paired design the subject.
        covariates: (n, c) to hold fixed.

    Raises:
        ValueError: blocks and covariates determine the groups, or leave no degree of freedom.
    """
    nuisance = _orthonormal(centre(covariates, blocks))
    names = np.unique(groups)
    dummies = centre((groups[:, None] == names).astype(np.float64), blocks)
    columns = _orthonormal(dummies - nuisance @ (nuisance.T @ dummies))
    if columns.shape[1] < len(names) - 1:
        raise ValueError(
            "Groups must differ where blocks and covariates are the same, but blocks or covariates determine "
            "the group. No test can separate the two; compare without them, or record more."
        )
    return GroupDesign(groups, blocks, nuisance, columns)


def permute_groups(
    values: np.ndarray, design: GroupDesign, num_arrangements: int, rng: np.random.Generator
) -> GroupTest:
    """Return the permutation test of every measure.

    The statistic of two groups is Welch's t, or with blocks and covariates the t that lets spreads differ
    (HC2): groups of different sizes and spreads then keep the level (Chung & Romano 2013). With more groups,
    fewer than three rows in one, or pairs, it is F.

    Args:
        values: (n, m) without NaN.
        design: the model.
        num_arrangements: random arrangements; all are tried where no more exist.
        rng: source of random arrangements.

    Raises:
        ValueError: there are no degrees of freedom left.
    """
    if design.free < 1:
        raise ValueError(
            f"A test must have more units than groups, blocks and covariates, but has {len(design.groups)} "
            "and nothing is left over. Hold fewer columns fixed, or record more subjects."
        )
    kinds = np.arange(len(values)) if design.nuisance.shape[1] else design.groups
    arrangements = make_arrangements(kinds, design.blocks, num_arrangements, rng)
    residuals = design.residuals(np.asarray(values, np.float64))
    observed = _statistics(residuals, design, arrangements.rows[:1])[0]
    count = np.zeros(values.shape[1])
    for start in range(0, len(arrangements.rows), _PART):
        drawn = _statistics(residuals, design, arrangements.rows[start : start + _PART])
        count += (drawn >= observed * (1 - _TIE)).sum(axis=0)
    return GroupTest(
        p=arrangements.p_values(count),
        least_p=_least(design, arrangements),
        num_arrangements=count_arrangements(design.groups, design.blocks),
        is_complete=arrangements.is_complete,
    )


def false_discovery_rates(p: np.ndarray) -> np.ndarray:
    """Return q-values (m,): the least false discovery rate at which each measure counts as found.

    Args:
        p: (m,) p-values; NaN where nothing was tested, which stays NaN and does not count.

    Source: Benjamini & Hochberg 1995, "Controlling the False Discovery Rate".
    """
    from scipy.stats import false_discovery_control

    q = np.full(len(p), np.nan)
    tested = np.isfinite(p)
    if tested.any():
        q[tested] = false_discovery_control(p[tested], method="bh")
    return q


def centre(values: np.ndarray, blocks: np.ndarray) -> np.ndarray:
    """Return values (n, m) minus their block's mean."""
    index = np.unique(blocks, return_inverse=True)[1]
    sums = np.zeros((index.max() + 1, values.shape[1]))
    np.add.at(sums, index, values)
    centred: np.ndarray = values - (sums / np.bincount(index)[:, None])[index]
    return centred


def _least(design: GroupDesign, arrangements: Arrangements) -> float:
    return least_p(design.groups, design.blocks, max(len(arrangements.rows) - 1, 1))


def _orthonormal(columns: np.ndarray) -> np.ndarray:
    """Return orthonormal columns (n, r) of the same span."""
    if not columns.shape[1]:
        return columns
    scale = np.linalg.norm(columns, axis=0)
    scaled = columns[:, scale > 1e-9] / scale[scale > 1e-9]
    left, strength, _ = np.linalg.svd(scaled, full_matrices=False)
    basis: np.ndarray = left[:, strength > 1e-6]
    return basis


def _statistics(residuals: np.ndarray, design: GroupDesign, rows: np.ndarray) -> np.ndarray:
    """Return the statistic (P, m) of each arrangement: larger means groups that differ more."""
    columns, nuisance = design.columns, design.nuisance
    effects = [column[rows] @ residuals for column in columns.T]
    fitted = [column[rows] @ residuals for column in nuisance.T]
    explained = sum(np.square(effect) for effect in effects)
    if design.compares_spreads:
        basis = np.hstack([columns, nuisance])
        spread = _robust_variance(residuals, design, rows, basis, [*effects, *fitted])
    else:
        spread = np.square(residuals).sum(axis=0) - explained - sum(np.square(part) for part in fitted)
    least = 1e-12 * np.square(residuals).sum(axis=0) / len(residuals)
    statistic: np.ndarray = explained / np.maximum(spread, np.maximum(least, 1e-300))
    return statistic


def _robust_variance(
    residuals: np.ndarray, design: GroupDesign, rows: np.ndarray, basis: np.ndarray, effects: list[np.ndarray]
) -> np.ndarray:
    """Return the variance (P, m) of the group's effect, each row with a spread of its own (HC2).

    It is the sum of w e^2 over rows, where e is what the full model leaves over and
    w = u^2 / (1 - leverage). With e = y - sum of b_j c_j the square is multiplied out, so that no array of
    arrangements times rows times measures is needed.

    Source: MacKinnon & White 1985, "Some heteroskedasticity-consistent covariance matrix estimators".
    """
    block_sizes = np.unique(design.blocks, return_inverse=True, return_counts=True)
    leverage = 1 / block_sizes[2][block_sizes[1]] + np.square(basis).sum(axis=1)
    weight = np.square(design.columns[:, 0]) / np.maximum(1 - leverage, 1e-9)
    total = weight[rows] @ np.square(residuals)
    products = basis.T @ (weight[:, None] * basis)
    for j, effect in enumerate(effects):
        total -= 2 * effect * ((weight * basis[:, j])[rows] @ residuals)
        for other, strength in zip(effects, products[j], strict=True):
            total += strength * effect * other
    return total
