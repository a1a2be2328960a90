"""One person beside few controls: by hand, and by simulation."""

import numpy as np
import pytest

from htvae.metrics.single_case import ControlSpread


def test_by_hand() -> None:
    """Subjects with means 1, 2 and 6; only the first has two recordings, 0 and 2."""
    spread = ControlSpread.of(np.array([[0.0], [2], [2], [6]]), np.array([0, 0, 1, 2]))
    assert spread.mean[0] == 3 and spread.num_subjects[0] == 3
    assert spread.within[0] == 2  # (1 + 1) / 1
    of_means = (4 + 1 + 9) / 2
    assert spread.between[0] == pytest.approx(of_means - 2 * (1 / 2 + 1 + 1) / 3)
    assert spread.deviation(1)[0] == pytest.approx(np.sqrt(spread.between[0] + 2))
    assert spread.deviation(4)[0] == pytest.approx(np.sqrt(spread.between[0] + 0.5))
    assert spread.z(np.array([3 + spread.deviation()[0]]))[0] == pytest.approx(1)
    assert spread.smallest_real_change[0] == pytest.approx(1.96 * 2)  # 1.96 sqrt(2) sqrt(2)


def test_percentile_and_interval_agree() -> None:
    values = np.random.default_rng(0).normal(size=(7, 4))
    spread = ControlSpread.of(values, np.arange(7))
    low, high = spread.interval()
    np.testing.assert_allclose(spread.percentile(low), 5)
    np.testing.assert_allclose(spread.percentile(high), 95)
    assert np.isnan(spread.within).all() and np.isnan(spread.smallest_real_change).all()


@pytest.mark.parametrize(("count", "repeats"), [(5, 1), (12, 3)])
def test_nine_in_ten_new_controls_lie_inside(count: int, repeats: int) -> None:
    """4,000 measures stand for as many studies; the standard error of the share is 0.005."""
    rng, num = np.random.default_rng(1), 4_000
    people = np.repeat(rng.normal(size=(count + 1, num)), repeats, axis=0)
    values = people + 0.8 * rng.normal(size=people.shape)
    spread = ControlSpread.of(values[:-repeats], np.repeat(np.arange(count), repeats))
    low, high = spread.interval()
    new = values[-1]
    share = float(((low <= new) & (new <= high)).mean())
    assert 0.885 <= share <= 0.93


def test_missing_values_and_too_few() -> None:
    values = np.array([[1.0, 1, 1], [2, np.nan, 1], [4, np.nan, 1], [np.nan, 3, 1]])
    spread = ControlSpread.of(values, np.arange(4))
    np.testing.assert_array_equal(spread.num_subjects, [3, 2, 4])
    assert np.isfinite(spread.z(np.ones(3))).tolist() == [True, False, False]  # few subjects; no spread
