"""Bands for people who are not among the controls."""

import numpy as np
import pytest

from htvae.metrics.coverage import covering_factor, measure_coverage


def people(count: int, rng: np.random.Generator, points: int = 300) -> list[np.ndarray]:
    """Return scores of people who differ: each has a scale of its own."""
    return [np.exp(0.3 * rng.normal()) * np.abs(rng.standard_t(3, points)) for _ in range(count)]


@pytest.mark.parametrize("count", [3, 6, 20])
def test_new_people_are_covered_with_a_margin_that_shrinks(count: int) -> None:
    """Over 150 studies of heavy-tailed points; the standard error of the mean is about 0.003."""
    rng, shares = np.random.default_rng(count), []
    for _ in range(150):
        factor = covering_factor(people(count, rng))
        shares.append((people(1, rng, 2_000)[0] <= factor).mean())
    assert 0.9 <= np.mean(shares) <= 0.90 + 0.17 / np.sqrt(count)


def test_equal_people_need_the_quantile() -> None:
    own = np.arange(1.0, 101)
    assert covering_factor([own] * 5) == pytest.approx(90)


def test_people_count_and_not_their_points() -> None:
    """One person with few large scores weighs as much as one with many small ones."""
    calm, wild = np.linspace(0, 1, 5_000), np.linspace(0, 10, 50)
    assert covering_factor([calm, wild]) > 8


def test_left_out_coverage_is_each_persons_in_the_others_bands() -> None:
    scores = people(5, np.random.default_rng(0))
    shares = measure_coverage(scores)
    for i, own in enumerate(scores):
        others = [other for j, other in enumerate(scores) if j != i]
        assert shares[i] == (own <= covering_factor(others)).mean()


def test_people_without_points() -> None:
    scores = [np.array([]), np.array([np.nan]), np.ones(4)]
    assert np.isnan(covering_factor(scores))
    assert np.isnan(measure_coverage(scores)).all()
