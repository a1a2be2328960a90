"""The fast permutation test against slow loops, scipy, and its own level."""

import itertools
import time

import numpy as np
import pytest

from htvae.metrics.arrangements import make_arrangements
from htvae.metrics.group_test import (
    _statistics,
    centre,
    false_discovery_rates,
    make_design,
    permute_groups,
)

NONE = np.zeros((13, 0))
GROUPS = np.array([0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 1, 0])
BLOCKS = np.array([0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
RNG = np.random.default_rng(3)
VALUES = RNG.normal(size=(13, 5)) * [1, 10, 0.1, 1, 1] + [0, 50, 0, -3, 2]
COVARIATES = RNG.normal(size=(13, 2))


def test_without_blocks_it_is_welchs_t() -> None:
    from scipy.stats import ttest_ind

    design = make_design(GROUPS, np.zeros(13, int), NONE)
    squares = _statistics(design.residuals(VALUES), design, np.arange(13)[None])[0]
    t = ttest_ind(VALUES[GROUPS == 0], VALUES[GROUPS == 1], equal_var=False).statistic
    np.testing.assert_allclose(squares, t**2, rtol=1e-9)


def test_three_groups_are_the_f_of_an_analysis_of_variance() -> None:
    from scipy.stats import f_oneway

    groups = np.arange(13) % 3
    design = make_design(groups, np.zeros(13, int), NONE)
    ratio = _statistics(design.residuals(VALUES), design, np.arange(13)[None])[0] * 10 / 2
    expected = f_oneway(*(VALUES[groups == g] for g in range(3))).statistic
    np.testing.assert_allclose(ratio, expected, rtol=1e-9)


def test_pairs_are_the_paired_t() -> None:
    from scipy.stats import ttest_rel

    values = RNG.normal(size=(14, 5))
    groups, pairs = np.tile([0, 1], 7), np.repeat(np.arange(7), 2)
    design = make_design(groups, pairs, np.zeros((14, 0)))
    squares = _statistics(design.residuals(values), design, np.arange(14)[None])[0]
    t = ttest_rel(values[groups == 0], values[groups == 1]).statistic
    order = np.argsort(squares)
    np.testing.assert_array_equal(order, np.argsort(t**2))  # the one is a function of the other


def slow_statistics(residuals: np.ndarray, full: np.ndarray, place: int, rows: np.ndarray) -> np.ndarray:
    """Return the HC2 statistic of permuted residuals by least squares."""
    inverse = np.linalg.inv(full.T @ full)
    leverage = np.einsum("ij,jk,ik->i", full, inverse, full)
    result = []
    for row in rows:
        response = np.empty_like(residuals)
        response[row] = residuals
        slope = inverse @ full.T @ response
        left = response - full @ slope
        pull = full @ inverse[:, place]
        variance = np.square(pull) @ (np.square(left) / (1 - leverage)[:, None])
        result.append(slope[place] ** 2 / variance)
    return np.array(result)


@pytest.mark.parametrize("covariates", [NONE, COVARIATES])
def test_matrix_products_equal_least_squares_for_every_arrangement(covariates: np.ndarray) -> None:
    design = make_design(GROUPS, BLOCKS, covariates)
    rows = make_arrangements(np.arange(13), BLOCKS, 40, np.random.default_rng(0)).rows
    dummies = np.stack([BLOCKS == 0, BLOCKS == 1, GROUPS == 1], axis=1).astype(float)
    full = np.hstack([dummies, covariates])
    # exchanging residuals one way is exchanging the group's column the other way
    np.testing.assert_allclose(
        _statistics(design.residuals(VALUES), design, rows),
        slow_statistics(design.residuals(VALUES), full, 2, rows),
        rtol=1e-8,
    )


def test_exact_p_by_hand() -> None:
    """Of the 20 choices of three in six, only the observed one and its mirror are as far apart."""
    values = np.array([[1.0, 5], [2, 1], [3.1, 4], [10, 2], [11.5, 6], [12, 3]])
    groups = np.array([0, 0, 0, 1, 1, 1])
    design = make_design(groups, np.zeros(6, int), np.zeros((6, 0)))
    test = permute_groups(values, design, 999, np.random.default_rng(0))
    assert test.is_complete and test.num_arrangements == 20 and test.least_p == pytest.approx(0.1)
    statistics = []
    for chosen in itertools.combinations(range(6), 3):
        own, other = values[list(chosen), 1], np.delete(values[:, 1], chosen)
        statistics.append((own.mean() - other.mean()) ** 2 / (own.var() + other.var()))
    observed = statistics[0]
    by_hand = np.mean([s >= observed * (1 - 1e-9) for s in statistics])
    assert test.p.tolist() == pytest.approx([0.1, by_hand])


def test_random_arrangements_agree_with_all() -> None:
    design = make_design(GROUPS, np.zeros(13, int), NONE)
    exact = permute_groups(VALUES, design, 2000, np.random.default_rng(0))
    drawn = permute_groups(VALUES, design, 1700, np.random.default_rng(0))
    assert exact.is_complete and not drawn.is_complete
    np.testing.assert_allclose(drawn.p, exact.p, atol=0.05)  # four standard errors


def level(runs: int, make: object) -> float:
    """Return the share of p below 0.05."""
    found = [make(np.random.default_rng((9, run))).p for run in range(runs)]  # type: ignore[operator]
    return float(np.mean(np.array(found) < 0.05))


def test_level_with_blocks_that_go_with_the_group() -> None:
    """The group is 1 in 80 % of one block and in 20 % of the other, and blocks differ by two spreads."""
    blocks = np.repeat([0, 1], 10)
    groups = np.array([0] * 8 + [1] * 2 + [0] * 2 + [1] * 8)
    design = make_design(groups, blocks, np.zeros((20, 0)))

    def run(rng: np.random.Generator, chosen: object = design) -> object:
        values = rng.normal(size=(20, 6)) + 2 * blocks[:, None]
        return permute_groups(values, chosen, 199, rng)  # type: ignore[arg-type]

    assert 0.03 < level(200, run) < 0.07  # 1200 p-values: three standard errors are 0.019
    plain = make_design(groups, np.zeros(20, int), np.zeros((20, 0)))
    assert level(40, lambda rng: run(rng, plain)) > 0.3  # without blocks it is the block that is found


def test_level_with_covariates_that_go_with_the_group() -> None:
    groups = np.repeat([0, 1], 9)

    def run(rng: np.random.Generator) -> object:
        age = rng.normal(size=(18, 1)) + groups[:, None]
        design = make_design(groups, np.zeros(18, int), age)
        return permute_groups(rng.standard_t(3, size=(18, 6)) + 2 * age, design, 199, rng)

    assert 0.03 < level(200, run) < 0.07


def test_level_with_groups_of_other_size_and_spread() -> None:
    """Where the smaller group spreads three times as much, a test that takes spreads as equal finds 0.2."""
    groups = np.repeat([0, 1], [8, 24])
    design = make_design(groups, np.zeros(32, int), np.zeros((32, 0)))
    spread = np.where(groups == 0, 3, 1)[:, None]
    share = level(150, lambda rng: permute_groups(rng.normal(size=(32, 6)) * spread, design, 199, rng))
    assert 0.03 < share < 0.08


def test_ten_thousand_permutations_take_about_a_second() -> None:
    groups, values = np.arange(60) % 2, np.random.default_rng(0).normal(size=(60, 300))
    design = make_design(groups, np.zeros(60, int), np.zeros((60, 0)))
    started = time.process_time()
    permute_groups(values, design, 10_000, np.random.default_rng(0))
    assert time.process_time() - started < 4  # 0.3 s on an idle machine


def test_what_is_held_fixed_must_not_determine_the_group() -> None:
    with pytest.raises(ValueError, match="blocks or covariates determine the group"):
        make_design(GROUPS, GROUPS, NONE)
    with pytest.raises(ValueError, match="determine the group"):
        make_design(GROUPS, BLOCKS, (GROUPS[:, None] - 0.3 * BLOCKS[:, None]).astype(float))
    few = make_design(np.array([0, 1, 1]), np.zeros(3, int), np.array([[0.0], [1.0], [3.0]]))
    with pytest.raises(ValueError, match="nothing is left over"):
        permute_groups(np.zeros((3, 1)), few, 9, np.random.default_rng(0))


def test_false_discovery_rates_by_hand() -> None:
    q = false_discovery_rates(np.array([0.01, 0.04, np.nan, 0.03, 0.005]))
    # sorted: .005 * 4 / 1, .01 * 4 / 2, .03 * 4 / 3, .04 * 4 / 4, each the least from there on
    np.testing.assert_allclose(q, [0.02, 0.04, np.nan, 0.04, 0.02])
    assert np.isnan(false_discovery_rates(np.array([np.nan]))).all()


def test_centre() -> None:
    centred = centre(VALUES, BLOCKS)
    for block in (0, 1):
        np.testing.assert_allclose(centred[block == BLOCKS].mean(axis=0), 0, atol=1e-12)
