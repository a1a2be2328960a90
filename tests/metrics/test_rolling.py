"""Centred means and medians beside slow loops."""

import numpy as np
import pytest

from htvae.metrics.rolling import LEAST_SHARE, rolling_mean, rolling_median


@pytest.fixture
def values() -> np.ndarray:
    """Values (T, L) of odd sizes, a fifth of them missing, one column without any."""
    rng = np.random.default_rng(3)
    values = rng.normal(size=(37, 5))
    values[rng.random(values.shape) < 0.2] = np.nan
    values[5:14, 1] = np.nan
    values[:, 4] = np.nan
    return values


@pytest.mark.parametrize("window", [1, 3, 9, 41])
def test_means_are_those_of_a_loop(values: np.ndarray, window: int) -> None:
    half = window // 2
    expected = np.full(values.shape, np.nan)
    for frame, column in np.ndindex(*values.shape):
        part = values[max(frame - half, 0) : frame + half + 1, column]
        if np.isfinite(part).any():
            expected[frame, column] = np.nanmean(part)
    np.testing.assert_allclose(rolling_mean(values, window), expected, atol=1e-12)  # sums run along


@pytest.mark.parametrize("window", [1, 3, 9, 41])
def test_medians_are_those_of_a_loop(values: np.ndarray, window: int) -> None:
    half = window // 2
    expected = np.full(values.shape, np.nan)
    for frame, column in np.ndindex(*values.shape):
        part = values[max(frame - half, 0) : frame + half + 1, column]
        if np.isfinite(part).sum() >= max(1, round(LEAST_SHARE * window)):
            expected[frame, column] = np.nanmedian(part)
    np.testing.assert_allclose(rolling_median(values, window), expected, atol=1e-12)
