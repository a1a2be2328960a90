"""Intervals of shares against textbook values, and how often they hold the truth."""

import numpy as np
import pytest
from scipy.stats import binom

from htvae.metrics.shares import predictive_interval, wilson_interval


def test_wilson_by_hand() -> None:
    z2 = 1.959964**2
    assert wilson_interval(0, 10) == pytest.approx((0.0, z2 / (10 + z2)), abs=1e-6)
    assert wilson_interval(10, 10) == pytest.approx((10 / (10 + z2), 1.0), abs=1e-6)
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998, table I
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_prediction_with_flat_knowledge_is_all() -> None:
    assert predictive_interval(0, 0, 20) == (0.0, 1.0)
    assert predictive_interval(10, 10, 20)[1] == 1.0
    assert predictive_interval(0, 10, 20)[0] == 0.0


def test_prediction_narrows_to_the_chance_of_new_cases() -> None:
    low, high = predictive_interval(800_000, 1_000_000, 50)
    assert (low, high) == pytest.approx(tuple(binom.ppf([0.025, 0.975], 50, 0.8) / 50))
    narrow, wide = predictive_interval(16, 20, 1000), predictive_interval(16, 20, 10)
    assert narrow[1] - narrow[0] < wide[1] - wide[0]


def test_prediction_holds_the_share_found_in_new_cases() -> None:
    rng = np.random.default_rng(0)
    held = []
    for share in rng.uniform(0.3, 1.0, 300):
        low, high = predictive_interval(rng.binomial(12, share), 12, 20)
        held.append(low - 1e-9 <= rng.binomial(20, share) / 20 <= high + 1e-9)
    assert np.mean(held) > 0.93  # 0.95 is meant; its standard error here is 0.013
