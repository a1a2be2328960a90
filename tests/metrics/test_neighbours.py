"""Coverage, copies and nearest rows, by hand."""

import numpy as np
import pytest

from htvae.metrics import neighbours
from htvae.metrics.neighbours import (
    find_nearest,
    find_nearest_distances,
    measure_copying,
    measure_coverage,
    share_alike,
)


def line(*places):
    return np.array(places, float)[:, None]


REAL = line(0, 1, 2, 10)
"""With k = 1 the balls reach 1, 1, 1 and 8 far."""


@pytest.mark.parametrize(
    ("other", "num_neighbours", "reached"),
    [
        (line(0.5, 3, 30), 1, 1),  # 0.5 lies in the balls of 0 and 1; 3 in those of 2 and 10; 30 in none
        (line(1.2, 1.2), 1, 0.5),  # in the balls of 1 and 2
        (line(1.2), 2, 1),  # with k = 2 the balls reach 2, 1, 2 and 9 far
        (line(100, 200), 1, 0),
    ],
)
def test_points_on_a_line_by_hand(other, num_neighbours, reached):
    assert measure_coverage(REAL, other, num_neighbours) == reached


def test_one_place_again_and_again_covers_little():
    rng = np.random.default_rng(0)
    real = rng.normal(size=(200, 2))
    assert measure_coverage(real, rng.normal(size=(200, 2))) > 0.9
    assert measure_coverage(real, np.zeros((200, 2))) < 0.2


def test_too_few_rows_are_said():
    with pytest.raises(ValueError, match="more than 5 real rows and at least one other, but got 4 and 1"):
        measure_coverage(REAL, line(1))
    with pytest.raises(ValueError, match="but got 4 and 0"):
        measure_coverage(REAL, np.empty((0, 1)), num_neighbours=1)


def test_copies_are_nearer_than_other_recordings():
    """Rows at 0, 1 | 10, 11: those of the first recording have their nearest other 10 and 9 away."""
    reference, groups = np.array([[0.0], [1.0], [10.0], [11.0]]), np.array([0, 0, 1, 1])
    rows = np.array([[1.0], [9.9], [-8.0], [-12.0], [25.0]])
    expected = [True, True, True, False, False]  # 0, 0.1, 8 of 10, 12 of 10, 14 of 10 away
    assert measure_copying(rows, reference, groups) == np.mean(expected)
    for row, copied in zip(rows, expected, strict=True):
        assert measure_copying(row[None], reference, groups) == copied
    assert np.isnan(measure_copying(rows, reference, np.zeros(4, int)))


def test_nearest_distances():
    rows = np.array([[3.0, 4.0], [10.0, 1.0]])
    np.testing.assert_allclose(find_nearest_distances(rows, np.array([[0.0, 0.0], [10.0, 3.0]])), [5.0, 2.0])


def test_nearest_rows_by_hand():
    index, distance = find_nearest(REAL, 2)
    assert index.tolist() == [[1, 2], [0, 2], [1, 0], [2, 1]]
    assert distance.tolist() == [[1, 2], [1, 1], [1, 2], [8, 9]]


def test_blocks_change_nothing(monkeypatch):
    rows, groups = np.random.default_rng(0).normal(size=(37, 3)), np.arange(37) % 5
    whole = find_nearest(rows, 4, groups)
    monkeypatch.setattr(neighbours, "_BLOCK_ROWS", 5)
    for one, other in zip(whole, find_nearest(rows, 4, groups), strict=True):
        np.testing.assert_array_equal(one, other)


def test_nearest_rows_of_other_groups():
    index, distance = find_nearest(REAL, 3, np.array([0, 0, 1, 1]))
    assert index.tolist() == [[2, 3, -1], [2, 3, -1], [1, 0, -1], [1, 0, -1]]
    assert np.isinf(distance[:, 2]).all()
    assert find_nearest(REAL[:1], 3)[0].shape == (1, 0)


def test_share_alike_by_hand_and_by_chance():
    """Neighbours 1, 0, 1, 2; the value of the last row is unknown."""
    rng = np.random.default_rng(0)
    found = share_alike(np.array([[1], [0], [1], [2]]), np.array(["a", "a", "b", ""]), 99, rng)
    assert found.num_pairs == 3 and found.share == pytest.approx(2 / 3)
    rows, values = rng.normal(size=(200, 3)), np.array(["a", "a", "a", "b"] * 50)
    by_chance = share_alike(find_nearest(rows, 5)[0], values, 99, rng)
    assert by_chance.chance == pytest.approx(0.75**2 + 0.25**2, abs=0.01)
    assert by_chance.share < by_chance.chance_high + 0.02
    rows[:, 0] += 20 * (values == "b")
    assert share_alike(find_nearest(rows, 5)[0], values, 99, rng).share == 1


def test_no_pairs_have_no_share():
    found = share_alike(np.array([[-1], [-1]]), np.array(["a", "b"]), 9, np.random.default_rng(0))
    assert found.num_pairs == 0 and np.isnan(found.share)
