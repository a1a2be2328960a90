"""Centred means and medians over a few frames, where some values are missing.

Axes: ``T`` frames, ``L`` columns.
"""

import numpy as np

LEAST_SHARE = 0.5
"""Least share (0..1) of a window's values that a median must have."""


def rolling_mean(values: np.ndarray, window: int) -> np.ndarray:
    """Return the mean of each window of frames, over its values that are not missing.

    Args:
        values: (T, ...), NaN where missing.
        window: odd number of frames; at the ends the window is shorter.

    Returns:
        (T, ...) float64, NaN where a window has no value.
    """
    from scipy.ndimage import uniform_filter1d

    known = np.isfinite(values)
    filled = np.where(known, values, 0).astype(np.float64)
    total, share = (
        uniform_filter1d(part, window, axis=0, mode="constant") for part in (filled, known.astype(np.float64))
    )
    present = share > 0.5 / window
    mean: np.ndarray = np.where(present, total / np.where(present, share, 1), np.nan)
    return mean


def rolling_median(values: np.ndarray, window: int) -> np.ndarray:
    """Return the median of each window of frames, over its values that are not missing.

    Args:
        values: (T, L), NaN where missing.
        window: odd number of frames; at the ends the window is shorter.

    Returns:
        (T, L) float64, NaN where a window has less than `LEAST_SHARE` of its values.
    """
    import pandas as pd

    least = max(1, round(LEAST_SHARE * window))
    median: np.ndarray = (
        pd.DataFrame(values.astype(np.float64)).rolling(window, center=True, min_periods=least).median()
    ).to_numpy()
    return median
