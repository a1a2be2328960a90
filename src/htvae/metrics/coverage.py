"""Bands that hold nine in ten points of people who are not among the controls.

Points of one person are not independent, so people count as draws. A band's factor is chosen on scores of
people whom the band was not fitted to (split conformal prediction), not where their mean coverage reaches the
level, but where its lower confidence limit does: with few people, or with people who differ, bands get wider.

Source: Lei et al. 2018, "Distribution-Free Predictive Inference for Regression", section 2.2; people as draws
    after Dunn et al. 2023, "Distribution-Free Prediction Sets for Two-Layer Hierarchical Models".
"""

from collections.abc import Sequence

import numpy as np

CONFIDENCE = 5 / 6
"""Confidence that the mean coverage of people reaches the level: about one standard error."""
_MOST_CANDIDATES = 2000


def covering_factor(scores: Sequence[np.ndarray], level: float = 0.9) -> float:
    """Return the factor that makes bands hold a share ``level`` of the points of a person.

    Args:
        scores: for each person, |error| / half-width of that person's points; empty ones do not count.
        level: share of points to hold.

    Returns:
        The factor; NaN with fewer than two people.
    """
    from scipy.stats import t

    ordered = [np.sort(own[np.isfinite(own)]) for own in scores]
    ordered = [own for own in ordered if len(own)]
    if len(ordered) < 2:
        return float("nan")
    pooled = np.sort(np.concatenate(ordered))
    places = np.unique(np.linspace(0, len(pooled) - 1, _MOST_CANDIDATES).round().astype(int))
    candidates = pooled[places]
    covered = np.stack([np.searchsorted(own, candidates, side="right") / len(own) for own in ordered])
    spread = covered.std(axis=0, ddof=1) / np.sqrt(len(ordered))
    lower = covered.mean(axis=0) - t.ppf(CONFIDENCE, len(ordered) - 1) * spread
    failing = np.flatnonzero(lower < level)
    return float(candidates[failing[-1] + 1 if len(failing) else 0])


def measure_coverage(scores: Sequence[np.ndarray], level: float = 0.9) -> np.ndarray:
    """Return the share of each person's points that the bands of the other people hold; NaN without points.

    Args:
        scores: as for `covering_factor`.
        level: share of points that bands are made to hold.
    """
    shares = np.full(len(scores), np.nan)
    for i, own in enumerate(scores):
        known = own[np.isfinite(own)]
        factor = covering_factor([other for j, other in enumerate(scores) if j != i], level)
        if len(known) and np.isfinite(factor):
            shares[i] = (known <= factor).mean()
    return shares
