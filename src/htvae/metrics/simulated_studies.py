"""Thousands of small studies of two groups of equal size, drawn from measured units and tested at once.

- Units of a study are drawn with replacement, so that a study is a sample of a population, whatever its size.
  A population of few units is too narrow and has gaps: each drawn unit is pulled towards the mean and gets a
  random mixture of all units' deviations on top, so that means and covariances stay (Silverman & Young 1987).
- With two groups of one size, Welch's t grows with the difference of means alone when units are exchanged,
  since the total of squares stays. So one matrix product tests all studies, and the p-values are those of
  `htvae.metrics.group_test.permute_groups`.

Axes: ``s`` measured units, ``v`` versions of a unit, ``S`` studies, ``n`` units of a group, ``m`` measures,
``P`` arrangements.
"""

import numpy as np

from htvae.metrics.arrangements import Arrangements, make_arrangements

SMOOTHING = 0.5
"""Share of the spread that the random mixture makes: 0 repeats units, 1 is a normal distribution."""
_TIE = 1e-9
"""Relative difference up to which two statistics are equal."""
_MOST_NUMBERS = 8_000_000
"""Differences of means at once."""


def draw_studies(
    rows: np.ndarray, treated: np.ndarray, size: int, num_studies: int, rng: np.random.Generator,
    smoothing: float = SMOOTHING,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Return studies (S, 2n, m) without an effect, and the same with the second half treated.

    Variances are those of a sample (with s - 1), on average.

    Args:
        rows: (s, v, m) units as they are; each draw takes one of a unit's v versions.
        treated: (s, v, m) the same units with the effect.
        size: n.
        num_studies: S.
        rng: source of the draws.
        smoothing: share (0..1) of the spread that is random.

    Source: Silverman & Young 1987, "The Bootstrap: To Smooth or Not to Smooth?".
    """
    num_units, num_versions = rows.shape[:2]
    unit = rng.integers(num_units, size=(num_studies, 2 * size))
    version = rng.integers(num_versions, size=unit.shape)
    mixture = rng.normal(size=(*unit.shape, num_units)) * (smoothing / np.sqrt(num_units - 1))
    kept = np.sqrt((1 - smoothing**2) * num_units / (num_units - 1))
    studies = []
    for values in (rows, treated):
        middle = values.mean(axis=(0, 1))
        drawn = kept * (values[unit, version] - middle)
        if smoothing:
            drawn += mixture @ (values.mean(axis=1) - middle)
        studies.append(middle + drawn)
    plain, planted = studies
    return plain, np.concatenate([plain[:, :size], planted[:, size:]], axis=1)


def arrange_study(size: int, num_arrangements: int, rng: np.random.Generator) -> Arrangements:
    """Return the ways to exchange the units of two groups of ``size``, as for a single study."""
    groups = np.repeat([0, 1], size)
    return make_arrangements(groups, np.zeros(2 * size, int), num_arrangements, rng)


def permute_studies(studies: np.ndarray, arrangements: Arrangements) -> np.ndarray:
    """Return the p-value (S, m) of the permutation test of every study and measure.

    Args:
        studies: (S, 2n, m), the first half of the units against the second.
        arrangements: from `arrange_study`; all studies share them.
    """
    num_studies, num_units, num_measures = studies.shape
    signs = np.where(arrangements.rows < num_units // 2, -1.0, 1.0)
    centred = studies - studies.mean(axis=1, keepdims=True)
    columns = centred.transpose(1, 0, 2).reshape(num_units, -1)
    part = max(1, _MOST_NUMBERS // len(signs))
    counts = [
        _count_extreme(signs, columns[:, start : start + part]) for start in range(0, columns.shape[1], part)
    ]
    return arrangements.p_values(np.concatenate(counts)).reshape(num_studies, num_measures)


def _count_extreme(signs: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return how many arrangements differ at least as much as the first one, itself included."""
    difference = np.square(signs @ columns)
    counts: np.ndarray = (difference >= difference[0] * (1 - _TIE)).sum(axis=0)
    return counts
