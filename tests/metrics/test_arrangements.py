"""All arrangements once each, random ones within blocks, and the least p."""

import itertools
import math

import numpy as np
import pytest

from htvae.metrics.arrangements import count_arrangements, least_p, make_arrangements

ONE_BLOCK = np.zeros(6, int)


def test_all_arrangements_of_two_groups_are_the_choices_of_one_group() -> None:
    groups = np.array([0, 1, 0, 1, 1, 0])
    made = make_arrangements(groups, ONE_BLOCK, 100, np.random.default_rng(0))
    assert made.is_complete
    found = {tuple(groups[row]) for row in made.rows}
    expected = {tuple(int(i in chosen) for i in range(6)) for chosen in itertools.combinations(range(6), 3)}
    assert found == expected and len(made.rows) == 20 == count_arrangements(groups, ONE_BLOCK)
    np.testing.assert_array_equal(groups[made.rows[0]], groups)


def test_blocks_multiply() -> None:
    groups, blocks = np.array([0, 1, 1, 2, 0, 0, 1]), np.array([5, 5, 5, 5, 7, 7, 7])
    made = make_arrangements(groups, blocks, 100, np.random.default_rng(0))
    assert len(made.rows) == count_arrangements(groups, blocks) == 12 * 3
    assert len({tuple(groups[row]) for row in made.rows}) == 36
    assert (blocks[made.rows] == blocks).all()


def test_pairs_are_all_flips() -> None:
    groups, blocks = np.array([0, 1, 0, 1, 1, 0]), np.array([0, 0, 1, 1, 2, 2])
    made = make_arrangements(groups, blocks, 8, np.random.default_rng(0))
    assert made.is_complete and len(made.rows) == 8


def test_random_arrangements_exchange_within_blocks_evenly() -> None:
    blocks = np.array([1, 0, 1, 0, 1, 0, 1])
    made = make_arrangements(np.arange(7), blocks, 20, np.random.default_rng(0))
    assert not made.is_complete and made.rows.shape == (21, 7)
    assert made.rows[0].tolist() == list(range(7))
    assert (np.sort(made.rows, axis=1) == np.arange(7)).all()
    assert (blocks[made.rows] == blocks).all()
    many = make_arrangements(np.arange(9), np.zeros(9, int), 4000, np.random.default_rng(1)).rows[1:]
    shares = np.stack([(many == i).mean(axis=0) for i in range(9)])
    assert abs(shares - 1 / 9).max() < 0.025  # five standard errors of 4000 draws


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [((4, 4), 2 / 70), ((3, 5), 1 / 56), ((1, 1), 1.0), ((2, 2, 2), 6 / 90), ((2, 2, 3), 2 / 210)],
)
def test_least_p(sizes: tuple[int, ...], expected: float) -> None:
    groups = np.repeat(np.arange(len(sizes)), sizes)
    assert least_p(groups, np.zeros(len(groups), int), 10_000) == pytest.approx(expected)


def test_least_p_of_pairs_and_of_random_arrangements() -> None:
    groups, blocks = np.tile([0, 1], 6), np.repeat(np.arange(6), 2)
    assert least_p(groups, blocks, 10_000) == pytest.approx(2 / 64)
    assert least_p(np.repeat([0, 1], 30), np.zeros(60, int), 999) == pytest.approx(1 / 1000)


def test_many_rows_can_be_counted() -> None:
    groups = np.repeat([0, 1], 200)
    assert count_arrangements(groups, np.zeros(400, int)) == math.comb(400, 200)
