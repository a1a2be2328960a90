"""Intervals of means of a few independent draws."""

import numpy as np


def student_interval(draws: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of the mean of draws (R,) by Student's t; without end for a single draw.

    Args:
        draws: independent draws, about normal.
        level: share of such intervals that hold the mean.
    """
    from scipy.stats import t

    mean = float(np.mean(draws))
    if len(draws) < 2:
        return -np.inf, np.inf
    half = float(t.ppf((1 + level) / 2, len(draws) - 1) * np.std(draws, ddof=1) / np.sqrt(len(draws)))
    return mean - half, mean + half
