"""Intervals of shares, from few cases."""

import numpy as np


def wilson_interval(hits: float, cases: float, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of a share from ``hits`` of ``cases``; (0, 1) without cases.

    Unlike the normal interval it holds for few cases, and never leaves 0..1.

    Args:
        hits: cases that count, at least 0.
        cases: all cases; weighted ones may be fractions.
        level: share of such intervals that hold the truth.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    from scipy.stats import norm

    if cases <= 0:
        return 0.0, 1.0
    z2 = float(norm.ppf((1 + level) / 2)) ** 2
    share = hits / cases
    middle = (share + z2 / (2 * cases)) / (1 + z2 / cases)
    half = np.sqrt(z2) / (1 + z2 / cases) * np.sqrt(share * (1 - share) / cases + z2 / (4 * cases**2))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def predictive_interval(hits: float, cases: float, future: int, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of the share that will be found in ``future`` new cases; (0, 1) without cases.

    It holds what is not known of the share, and the chance of the new cases: the middle of a beta-binomial
    distribution, after Jeffreys' prior Beta(1/2, 1/2).

    Args:
        hits: cases that counted, at least 0.
        cases: all cases so far; weighted ones may be fractions.
        future: new cases, at least 1.
        level: share of such intervals that hold the share found.
    """
    from scipy.stats import betabinom

    if cases <= 0:
        return 0.0, 1.0
    counts = betabinom(future, hits + 0.5, max(cases - hits, 0.0) + 0.5)
    low, high = counts.ppf([(1 - level) / 2, (1 + level) / 2]) / future
    return float(low), float(high)
