"""Reliability of measures: how much of the spread between subjects a second look would find again.

Groups' means are taken off first, so that a measure is not called reliable because groups differ.

Axes: ``s`` subjects, ``n`` recordings, ``m`` measures, ``B`` draws, ``G`` groups.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from htvae.metrics.bootstrap import draw_counts, percentile_interval

LEAST_RELIABLE = 0.5
"""Reliability below which a measure is marked: more than half of its spread is chance."""
_LEAST_FREE = 3
"""Subjects beyond the number of groups that a measure must have."""
_ROUNDING = 1e-12
"""Share of a measure's squares below which a spread is rounding."""


@dataclass(frozen=True, eq=False)
class Reliability:
    """Reliability of every measure, in [-1, 1]; NaN where it cannot be said."""

    value: np.ndarray
    """(m,)."""
    interval: tuple[np.ndarray, np.ndarray]
    """(m,), (m,): 95 %, from draws of subjects."""

    @property
    def is_low(self) -> np.ndarray:
        """Whether (m,) the reliability is below `LEAST_RELIABLE`."""
        return is_unreliable(self.value)


def is_unreliable(*values: np.ndarray) -> np.ndarray:
    """Return whether (m,) a measure is marked: one of its reliabilities is below `LEAST_RELIABLE`.

    Args:
        values: (m,) each, kinds of reliability of the same measures; NaN where unknown, which marks nothing.
    """
    low: np.ndarray = np.any(np.stack(values) < LEAST_RELIABLE, axis=0)
    return low


def split_half_reliability(
    first: np.ndarray, second: np.ndarray, groups: np.ndarray, num_draws: int, rng: np.random.Generator
) -> Reliability:
    """Return the reliability of whole recordings from their halves.

    It is 2 r / (1 + r) with the correlation r of the halves over subjects; r below 0 stays as it is.

    Args:
        first: (s, m) each subject's first halves, NaN where missing.
        second: (s, m) the second halves.
        groups: (s,) integers from 0.
        num_draws: B.
        rng: source of the draws.

    Source: Spearman 1910; Brown 1910, "Some Experimental Results in the Correlation of Mental Abilities".
    """
    known = np.isfinite(first) & np.isfinite(second)
    middle = np.where(known, first, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    a, b = (np.where(known, half - middle, 0.0) for half in (first, second))

    def correlate(counts: np.ndarray) -> np.ndarray:
        products = [0.0, 0.0, 0.0]
        for group in np.unique(groups):
            own = counts * (groups == group)
            size = np.maximum(own @ known, 1e-12)
            for place, (x, y) in enumerate(((a, a), (b, b), (a, b))):
                products[place] = products[place] + own @ (x * y) - (own @ x) * (own @ y) / size
        least = [_ROUNDING * np.square(part).sum(axis=0) for part in (a, b)]
        varies = (products[0] > least[0]) & (products[1] > least[1])
        spread = np.sqrt(np.where(varies, np.asarray(products[0]) * products[1], 1.0))
        r = np.clip(products[2] / spread, -1, 1)
        return np.where(varies, np.where(r > 0, 2 * r / (1 + np.maximum(r, 0)), r), np.nan)

    return _with_interval(correlate, known, groups, num_draws, rng)


def retest_reliability(
    values: np.ndarray, subjects: np.ndarray, groups: np.ndarray, num_draws: int, rng: np.random.Generator
) -> Reliability:
    """Return ICC(1,1): the share of one recording's spread that is the subject's.

    ICC = (MSB - MSW) / (MSB + (n0 - 1) MSW) with the mean squares between and within subjects, and n0, the
    mean number of recordings, corrected for differing numbers. One-way, since recordings have no order that
    all subjects share.

    Args:
        values: (n, m), NaN where missing.
        subjects: (n,) integers from 0.
        groups: (n,) integers from 0, the same for all recordings of a subject.
        num_draws: B.
        rng: source of the draws.

    Source: Shrout & Fleiss 1979, "Intraclass Correlations", case 1; n0 as in Donner 1986.
    """
    num_subjects = int(subjects.max()) + 1
    known = np.isfinite(values)
    middle = np.where(known, values, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, values - middle, 0.0)
    sums, squares, sizes = (np.zeros((num_subjects, values.shape[1])) for _ in range(3))
    for total, part in ((sums, filled), (squares, np.square(filled)), (sizes, known)):
        np.add.at(total, subjects, part)
    within = squares - np.square(sums) / np.maximum(sizes, 1)
    group_of = np.zeros(num_subjects, int)
    group_of[subjects] = groups

    def correlate(counts: np.ndarray) -> np.ndarray:
        between, sizes_squared, num_groups = 0.0, 0.0, 0.0
        for group in np.unique(group_of):
            own = counts * (group_of == group)
            size = own @ sizes
            between = between + own @ (np.square(sums) / np.maximum(sizes, 1))
            between = between - np.square(own @ sums) / np.maximum(size, 1e-12)
            sizes_squared = sizes_squared + own @ np.square(sizes) / np.maximum(size, 1e-12)
            num_groups = num_groups + (size > 0)
        total, present = counts @ sizes, counts @ (sizes > 0)
        free_between, free_within = present - num_groups, total - present
        with np.errstate(divide="ignore", invalid="ignore"):
            mean_between, mean_within = between / free_between, (counts @ within) / free_within
            typical = (total - sizes_squared) / free_between
            icc: np.ndarray = (mean_between - mean_within) / (mean_between + (typical - 1) * mean_within)
        return np.where((free_between > 0) & (free_within > 0), icc, np.nan)

    return _with_interval(correlate, sizes > 1, group_of, num_draws, rng)


def _with_interval(
    correlate: Callable[[np.ndarray], np.ndarray],
    known: np.ndarray,
    groups: np.ndarray,
    num_draws: int,
    rng: np.random.Generator,
) -> Reliability:
    """Return the value from all subjects, NaN where too few are ``known`` (s, m), and its interval."""
    value = correlate(np.ones((1, len(groups))))[0]
    low, high = percentile_interval(correlate(draw_counts(groups, num_draws, rng)))
    present = sum((known[groups == group].any(axis=0)).astype(int) for group in np.unique(groups))
    few = known.sum(axis=0) - present < _LEAST_FREE
    for part in (value, low, high):
        part[few] = np.nan
    return Reliability(value, (low, high))
