"""Reliability by hand and of known truth."""

import numpy as np
import pytest

from htvae.metrics.reliability import is_unreliable, retest_reliability, split_half_reliability


def halves(reliability: float, subjects: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return halves of which the whole has this reliability: a half's noise has twice the variance."""
    truth = rng.normal(size=(subjects, 3)) * np.sqrt(reliability)
    noise = rng.normal(size=(2, subjects, 3)) * np.sqrt(2 * (1 - reliability))
    return truth + noise[0], truth + noise[1]


@pytest.mark.parametrize("truth", [0.3, 0.8])
def test_split_half_finds_the_truth(truth: float) -> None:
    rng = np.random.default_rng(0)
    first, second = halves(truth, 2000, rng)
    groups = np.arange(2000) % 2
    first[groups == 1] += 50
    second[groups == 1] += 50  # groups that differ do not make a measure reliable
    found = split_half_reliability(first, second, groups, 50, rng)
    assert abs(found.value - truth).max() < 0.07  # three standard errors of r, lifted
    assert found.is_low.tolist() == [truth < 0.5] * 3
    assert (found.interval[0] < found.value).all() and (found.value < found.interval[1]).all()


def test_split_half_by_hand_with_gaps() -> None:
    first, second = np.array([[1.0], [2], [3], [4], [np.nan]]), np.array([[2.0], [1], [4], [5], [7]])
    r = np.corrcoef([1, 2, 3, 4], [2, 1, 4, 5])[0, 1]
    found = split_half_reliability(first, second, np.zeros(5, int), 20, np.random.default_rng(0))
    assert found.value == pytest.approx([2 * r / (1 + r)])


def slow_icc(values: list[list[float]]) -> float:
    """Return ICC(1,1) of recordings by subject."""
    everything = np.concatenate(values)
    total, count = len(everything), len(values)
    sizes = np.array([len(own) for own in values])
    between = sum(len(own) * (np.mean(own) - everything.mean()) ** 2 for own in values) / (count - 1)
    within = sum(np.sum((np.array(own) - np.mean(own)) ** 2) for own in values) / (total - count)
    typical = (total - (sizes**2).sum() / total) / (count - 1)
    return float((between - within) / (between + (typical - 1) * within))


def test_icc_by_hand_with_differing_numbers_and_gaps() -> None:
    own = [[9.0, 2, 5], [6, 1], [8, 4, 6], [7, 1, 2, 6], [10, 5], [6, 2]]
    subjects = np.repeat(np.arange(6), [len(part) for part in own])
    values = np.concatenate(own)[:, None]
    values = np.hstack([values, values])
    values[3, 1] = np.nan
    found = retest_reliability(values, subjects, np.zeros(16, int), 50, np.random.default_rng(0))
    gap = [own[0], [1.0], *own[2:]]
    assert found.value == pytest.approx([slow_icc(own), slow_icc(gap)])


def test_icc_of_shrout_and_fleiss() -> None:
    """Their table 2: six targets, four judges, ICC(1,1) = 0.17."""
    table = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])
    subjects = np.repeat(np.arange(6), 4)
    values = table.astype(float).reshape(-1, 1)
    found = retest_reliability(values, subjects, np.zeros(24, int), 20, np.random.default_rng(0))
    assert round(float(found.value[0]), 2) == 0.17


def test_icc_takes_groups_off_and_finds_the_truth() -> None:
    rng = np.random.default_rng(2)
    subjects = np.repeat(np.arange(900), 3)
    groups = (subjects % 3 == 0).astype(int)
    values = rng.normal(size=(900, 2))[subjects] * np.sqrt(0.6) + rng.normal(size=(2700, 2)) * np.sqrt(0.4)
    found = retest_reliability(values + 100 * groups[:, None], subjects, groups, 40, rng)
    assert abs(found.value - 0.6).max() < 0.06


def test_where_it_cannot_be_said() -> None:
    rng = np.random.default_rng(0)
    single = retest_reliability(rng.normal(size=(6, 2)), np.arange(6), np.zeros(6, int), 20, rng)
    assert np.isnan(single.value).all() and np.isnan(single.interval[0]).all() and not single.is_low.any()
    missing = np.full((6, 2), np.nan)
    assert np.isnan(split_half_reliability(missing, missing, np.zeros(6, int), 20, rng).value).all()
    assert np.isnan(retest_reliability(missing, np.arange(6) // 2, np.zeros(6, int), 20, rng).value).all()


def test_marked_is_what_one_known_reliability_denies() -> None:
    first, second = np.array([0.49, 0.5, np.nan, np.nan, 0.9]), np.array([0.9, 0.5, np.nan, 0.1, np.nan])
    assert is_unreliable(first).tolist() == [True, False, False, False, False]
    assert is_unreliable(first, second).tolist() == [True, False, False, True, False]
