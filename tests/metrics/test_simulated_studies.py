"""Studies drawn from units, and the fast test beside the one of single studies."""

import numpy as np
import pytest

from htvae.metrics.group_test import make_design, permute_groups
from htvae.metrics.simulated_studies import arrange_study, draw_studies, permute_studies


def draw(num_studies: int, size: int, num_measures: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    studies = rng.normal(size=(num_studies, 2 * size, num_measures))
    studies[: num_studies // 2, size:] += 1.0
    return studies


@pytest.mark.parametrize(("size", "count"), [(4, 500), (5, 250), (9, 300)])
def test_p_values_are_those_of_single_studies(size: int, count: int) -> None:
    """Four against four are tried in all 70 ways, the others at random."""
    studies = draw(6, size, 5)
    fast = permute_studies(studies, arrange_study(size, count, np.random.default_rng(3)))
    design = make_design(np.repeat([0, 1], size), np.zeros(2 * size, int), np.zeros((2 * size, 0)))
    slow = [permute_groups(study, design, count, np.random.default_rng(3)).p for study in studies]
    np.testing.assert_allclose(fast, slow, rtol=0, atol=1e-12)


def test_parts_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    studies, arrangements = draw(7, 6, 3), arrange_study(6, 99, np.random.default_rng(0))
    whole = permute_studies(studies, arrangements)
    monkeypatch.setattr("htvae.metrics.simulated_studies._MOST_NUMBERS", 500)
    np.testing.assert_array_equal(permute_studies(studies, arrangements), whole)


@pytest.mark.parametrize("smoothing", [0.0, 0.5, 1.0])
def test_studies_have_the_units_means_and_covariances(smoothing: float) -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(9, 1, 3)) @ np.array([[2.0, 0, 0], [1, 1, 0], [0, 0.5, 0.2]]) + 5
    treated = rows * np.array([0.5, 1, 1])
    plain, planted = draw_studies(rows, treated, 7, 20_000, rng, smoothing)
    flat = plain.reshape(-1, 3)
    np.testing.assert_allclose(flat.mean(axis=0), rows[:, 0].mean(axis=0), atol=0.03)
    np.testing.assert_allclose(np.cov(flat.T), np.cov(rows[:, 0].T), rtol=0.03, atol=0.03)
    np.testing.assert_array_equal(planted[:, :7], plain[:, :7])
    np.testing.assert_allclose(
        planted[:, 7:, 0], 0.5 * plain[:, 7:, 0], rtol=1e-9
    )  # the effect is the unit's
    np.testing.assert_allclose(planted[:, 7:, 1:], plain[:, 7:, 1:], rtol=1e-9)


def test_versions_of_a_unit_are_drawn_alike() -> None:
    rows = np.array([[[0.0], [1.0]], [[10.0], [11.0]], [[20.0], [21.0]]])
    plain, _ = draw_studies(rows, rows, 4, 3_000, np.random.default_rng(0), smoothing=0.0)
    back = 10.5 + (plain - 10.5) * np.sqrt(2 / 3)  # the factor s / (s - 1) taken off
    values, counts = np.unique(np.round(back, 6), return_counts=True)
    np.testing.assert_allclose(values, [0, 1, 10, 11, 20, 21], atol=1e-5)
    np.testing.assert_allclose(counts / counts.sum(), 1 / 6, atol=0.01)


def test_false_alarms_keep_the_level() -> None:
    """1,500 studies of skewed units: the share below 0.05 lies within 2.5 standard errors."""
    rng = np.random.default_rng(5)
    rows = rng.exponential(size=(15, 1, 1))
    plain, _ = draw_studies(rows, rows, 8, 1_500, rng)
    share = (permute_studies(plain, arrange_study(8, 399, rng)) < 0.05).mean()
    assert 0.035 < share < 0.065
