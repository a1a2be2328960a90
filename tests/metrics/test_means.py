"""Intervals of means hold the mean as often as they say."""

import numpy as np
import pytest

from htvae.metrics.means import student_interval


@pytest.mark.parametrize("num_draws", [2, 3, 8])
def test_coverage(num_draws: int) -> None:
    rng = np.random.default_rng(0)
    held = [low <= 5 <= high for low, high in map(student_interval, rng.normal(5, 3, (600, num_draws)))]
    assert np.mean(held) == pytest.approx(0.95, abs=0.03)  # 3.4 standard errors of 600 repeats


def test_ends() -> None:
    low, high = student_interval(np.array([1.0, 3.0]))
    assert (low + high) / 2 == pytest.approx(2)
    assert high - 2 == pytest.approx(12.706, abs=1e-3)  # the quantile of Student's t, 1 degree of freedom
    assert student_interval(np.array([1.0])) == (-np.inf, np.inf)
