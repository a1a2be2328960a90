"""Bootstrap over units: how often each unit is drawn, and the interval of an estimate.

Axes: ``s`` units, ``B`` draws, ``m`` measures.
"""

import numpy as np


def draw_counts(strata: np.ndarray, num_draws: int, rng: np.random.Generator) -> np.ndarray:
    """Return how often (B, s) each unit is drawn; each stratum keeps its size.

    Args:
        strata: (s,) integers, such as the group, within which units are drawn with replacement.
        num_draws: B.
        rng: source of the draws.
    """
    counts = np.zeros((num_draws, len(strata)))
    for stratum in np.unique(strata):
        place = np.flatnonzero(strata == stratum)
        share = np.full(len(place), 1 / len(place))
        counts[:, place] = rng.multinomial(len(place), share, size=num_draws)
    return counts


def leave_one_out(num_units: int) -> np.ndarray:
    """Return how often (s, s) each unit counts where each in turn is left out."""
    counts: np.ndarray = 1.0 - np.eye(num_units)
    return counts


def percentile_interval(draws: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Return the middle ``level`` (m,), (m,) of draws (B, m); NaN draws do not count."""
    known = np.isfinite(draws)
    low, high = (np.full(draws.shape[1], np.nan) for _ in range(2))
    for measure in np.flatnonzero(2 * known.sum(axis=0) > len(draws)):
        own = draws[known[:, measure], measure]
        low[measure], high[measure] = np.quantile(own, [(1 - level) / 2, (1 + level) / 2])
    return low, high


def accelerated_interval(
    estimate: np.ndarray, draws: np.ndarray, jackknife: np.ndarray, level: float = 0.95, widening: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval (m,), (m,) that corrects the draws' bias and skewness (BCa).

    Args:
        estimate: (m,) from all units.
        draws: (B, m).
        jackknife: (s, m), each unit left out in turn.
        level: share of intervals that hold the truth.
        widening: factor of the normal quantiles, see `small_sample_widening`.

    Source: Efron 1987, "Better Bootstrap Confidence Intervals"; a = 1/6 sum d^3 / (sum d^2)^1.5.
    """
    from scipy.stats import norm

    below = (draws < estimate).mean(axis=0) + (draws == estimate).mean(axis=0) / 2
    bias = norm.ppf(np.clip(below, 0.5 / len(draws), 1 - 0.5 / len(draws)))
    known = np.isfinite(jackknife)
    middle = np.where(known, jackknife, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    distance = np.where(known, middle - np.where(known, jackknife, 0.0), 0.0)
    spread = np.square(distance).sum(axis=0) ** 1.5
    skew = (distance**3).sum(axis=0) / np.maximum(6 * spread, 1e-300)
    ordered = np.sort(draws, axis=0)
    limits = []
    for quantile in widening * norm.ppf([(1 - level) / 2, (1 + level) / 2]):
        place = norm.cdf(bias + (bias + quantile) / np.maximum(1 - skew * (bias + quantile), 0.1))
        limits.append(_read_quantile(ordered, place))
    return limits[0], limits[1]


def small_sample_widening(num_rows: int, free: int, level: float = 0.95) -> float:
    """Return the factor that widens intervals of means of few rows, 1 for many.

    Draws with replacement vary too little, by sqrt(free / num_rows), and a spread that is itself estimated
    asks for quantiles of Student's t.

    Source: Hesterberg 2015, "What Teachers Should Know About the Bootstrap", expanded percentile interval.
    """
    from scipy.stats import norm, t

    quantile = (1 + level) / 2
    return float(t.ppf(quantile, free) / norm.ppf(quantile) * np.sqrt(max(num_rows / free, 1)))


def _read_quantile(ordered: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Return each column's own quantile (m,) of sorted draws (B, m)."""
    position = np.clip(place, 0, 1) * (len(ordered) - 1)
    low = np.floor(position).astype(int)
    high = np.minimum(low + 1, len(ordered) - 1)
    columns = np.arange(ordered.shape[1])
    below, above = ordered[low, columns], ordered[high, columns]
    with np.errstate(invalid="ignore"):  # draws without end, where a spread was 0
        between = below + (above - below) * (position - low)
    value: np.ndarray = np.where(below == above, below, between)
    return value
