"""Covariates that change within a subject, such as the task of a recording.

Their effect is best learned where only they change, between recordings of one subject, and is then taken off
every recording. That costs no degree of freedom of the comparison between subjects, and says nothing of the
groups, so the permutation test stays as it is, but for one thing: where groups differ in the covariate, an
error of its effect shifts them apart. So it is done only where that adds at most `MOST_ADDED` to the variance
of their difference, whatever the data; else the covariate is held fixed between subjects.

Axes: ``n`` recordings, ``u`` rows (units), ``m`` measures, ``c`` covariates, ``G`` groups.
"""

import itertools

import numpy as np

from htvae.metrics.group_test import centre

MOST_ADDED = 0.05
"""Share of the variance; p of 0.05 then means 0.055 at most."""
_LEAST_FREE = 10
"""Recordings beyond rows and covariates that the effect is learned from."""


def can_learn_within(covariates: np.ndarray, rows: np.ndarray, groups: np.ndarray) -> bool:
    """Return whether the effect of covariates can be learned within rows.

    Args:
        covariates: (n, c) of recordings.
        rows: row (n,) of each recording.
        groups: group (u,) of each row.
    """
    within = centre(covariates, rows)
    free = len(rows) - len(groups) - covariates.shape[1]
    if free < _LEAST_FREE or np.linalg.matrix_rank(within, tol=1e-6) < covariates.shape[1]:
        return False
    sizes = np.bincount(rows)
    sums = np.zeros((len(groups), covariates.shape[1]))
    np.add.at(sums, rows, covariates)
    means = [(sums / sizes[:, None])[groups == g].mean(axis=0) for g in np.unique(groups)]
    noise = [np.sum(1 / sizes[groups == g]) / np.sum(groups == g) ** 2 for g in np.unique(groups)]
    error = np.linalg.inv(within.T @ within)
    added = [
        (means[g] - means[h]) @ error @ (means[g] - means[h]) / (noise[g] + noise[h])
        for g, h in itertools.combinations(range(len(means)), 2)
    ]
    return max(added) <= MOST_ADDED


def remove_within(values: np.ndarray, covariates: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return values (n, m) without what covariates (n, c), centred, change within rows (n,)."""
    adjusted, known = values.copy(), np.isfinite(values)
    patterns, index = np.unique(known, axis=1, return_inverse=True)
    for pattern, chosen in enumerate(patterns.T):
        measures = np.flatnonzero(np.ravel(index) == pattern)
        if not chosen.any():
            continue
        own = values[np.ix_(chosen, measures)]
        slope = np.linalg.lstsq(
            centre(covariates[chosen], rows[chosen]), centre(own, rows[chosen]), rcond=None
        )[0]
        adjusted[np.ix_(chosen, measures)] = own - covariates[chosen] @ slope
    return adjusted
