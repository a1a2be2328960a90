"""Agreement of labellings: by hand, names do not matter, boundaries matched once."""

import numpy as np
import pytest

from htvae.metrics.agreement import (
    NOTHING,
    adjusted_rand,
    count_pairs,
    match_boundaries,
    match_labels,
    measure_agreement,
)


def test_equal_labellings_with_other_names_agree_in_full():
    first = [np.array([0, 0, 1, 1, 2]), np.array([2, 2, 0])]
    names = np.array([5, 3, 4])
    found = measure_agreement(first, [names[x] for x in first], 0)
    assert found == pytest.approx(dict.fromkeys(("nmi", "ari", "accuracy", "f1", "boundary_f1"), 1.0))


def test_figures_by_hand():
    first, second = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 0, 1, 1, 1, 2])
    found = measure_agreement([first], [second], 0)
    assert found["accuracy"] == pytest.approx(4 / 6)  # 0 with 0 and 1 with 1
    assert found["f1"] == pytest.approx((2 * (2 * 2 / 5) + 3 * (2 * 2 / 6)) / 6)
    assert found["boundary_f1"] == 0.0  # at 3, and at 2 and 5
    assert measure_agreement([first], [second], 1)["boundary_f1"] == pytest.approx(2 / 3)


def test_random_labels_agree_by_chance_alone():
    rng = np.random.default_rng(0)
    first, second = rng.integers(4, size=(2, 20_000))
    found = measure_agreement([first], [second], 0)
    assert abs(found["ari"]) < 0.01 and found["nmi"] < 0.01


def test_frames_without_a_label_are_left_out():
    first, second = np.array([0, 0, 1, 1, NOTHING]), np.array([0, NOTHING, 1, 1, 0])
    assert measure_agreement([first], [second], 0)["accuracy"] == 1.0
    with pytest.raises(ValueError, match="share labelled frames"):
        measure_agreement([np.array([NOTHING, 0])], [np.array([0, NOTHING])], 0)


def test_boundaries_are_matched_once_and_each_recording_has_its_tolerance():
    once, twice = np.array([0] * 5 + [1] * 5), np.array([0] * 4 + [1] * 2 + [2] * 4)
    assert match_boundaries([once], [twice], 2) == pytest.approx(2 / 3)
    assert match_boundaries([once, once], [twice, twice], [0, 2]) == pytest.approx(1 / 3)
    assert np.isnan(match_boundaries([np.zeros(4, int)], [np.zeros(4, int)], 1))


def test_matching_takes_the_most_frames():
    table = count_pairs(np.array([0, 0, 0, 1, 1]), np.array([1, 1, 0, 1, 1]))
    assert table.tolist() == [[1, 2], [0, 2]]
    assert table[match_labels(table)].sum() == 3


def test_the_adjusted_rand_index_alone_is_the_same():
    rng = np.random.default_rng(0)
    first, second = ([rng.integers(NOTHING, 3, n) for n in (40, 7)] for _ in range(2))
    assert adjusted_rand(first, second) == measure_agreement(first, second, 0)["ari"]
    with pytest.raises(ValueError, match="must share labelled frames"):
        adjusted_rand([np.array([NOTHING, 0])], [np.array([1, NOTHING])])
