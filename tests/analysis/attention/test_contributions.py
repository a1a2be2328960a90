"""Contributions of chunks to z, by hand, and whether their comparison is calibrated."""

import numpy as np
import pytest

from htvae.analysis.attention.contributions import (
    PartLatents,
    compare,
    describe_agreement,
    join_shares,
    leave_each_out,
    leave_each_out_of_window,
    rank_correlation,
    share_windows,
)
from htvae.models.chunking import ChunkGrid


def one_window(mu, precision=None):
    mu = np.array(mu, dtype=float)
    return PartLatents(mu, np.ones_like(mu) if precision is None else np.array(precision, dtype=float))


def cut(num_chunks, window=4):
    grid = ChunkGrid(chunk_size=4, chunk_overlap=0, window=window)
    return grid.cut(num_chunks * 4)


def test_one_window_moves_in_standard_deviations():
    """Precision 4 is a standard deviation of 0.5: a move of (3, 4) is 5 units, 10 deviations."""
    parts = one_window([[0, 0], [3, 4], [0, 0], [1, 0]], np.full((4, 2), 4.0))
    assert leave_each_out(cut(3), [parts]) == pytest.approx([10, 0, 2])
    assert leave_each_out_of_window(parts) == pytest.approx([10, 0, 2])
    assert leave_each_out_of_window(parts.beyond(1)) == pytest.approx([8, 0, 0])


def test_the_only_chunk_cannot_be_left_out():
    parts = one_window([[0.0], [7.0]])
    assert np.isnan(leave_each_out(cut(1), [parts])).all()
    assert np.isnan(leave_each_out_of_window(parts)).all()


def test_a_chunk_in_two_windows_is_left_out_of_both():
    """Windows hold chunks 0 to 3 and 3 to 6. z is their mean; its precision is the sum, 2."""
    windows = cut(7)
    assert [window.chunks for window in windows] == [(0, 4), (3, 7)]
    first = one_window([[0], [1], [0], [0], [2]])
    second = one_window([[0], [4], [0], [0], [6]])
    expected = np.sqrt(2) * np.array([0.5, 0, 0, 3, 0, 0, 3])
    assert leave_each_out(windows, [first, second]) == pytest.approx(expected)


def test_a_window_of_one_chunk_is_left_out_whole():
    windows = cut(2, window=1)
    parts = [one_window([[1.0], [9.0]]), one_window([[3.0], [9.0]])]
    assert leave_each_out(windows, parts) == pytest.approx(np.sqrt(2) * np.array([1, 1]))


def test_shares_of_windows_are_weighted_by_their_precision():
    windows = cut(7)
    parts = [one_window(np.zeros((5, 2)), np.full((5, 2), precision)) for precision in (3.0, 1.0)]
    weights = share_windows(parts)
    assert weights == pytest.approx([0.75, 0.25])
    shares = join_shares(windows, [np.array([0.1, 0.2, 0.1, 0.4]), np.array([0.4, 0, 0.4, 0])], weights)
    expected = np.array([0.075, 0.15, 0.075, 0.3 + 0.1, 0, 0.1, 0])
    assert shares == pytest.approx(expected / expected.sum())


def test_rank_correlation():
    assert rank_correlation(np.array([1.0, 2, 3, 9]), np.array([0.1, 0.2, 0.3, 0.4])) == pytest.approx(1)
    assert rank_correlation(np.array([1.0, 2, 3]), np.array([3.0, 2, 1])) == pytest.approx(-1)
    assert np.isnan(rank_correlation(np.array([1.0, 2]), np.array([3.0, 2])))
    assert np.isnan(rank_correlation(np.ones(5), np.arange(5.0)))


def test_agreement_is_judged_inside_windows():
    """Two windows that agree backwards, of different sizes: over all chunks they would agree."""
    shares = [[np.array([3.0, 2, 1]), np.array([30.0, 20, 10])]]
    left_out = [[np.array([1.0, 2, 3]), np.array([10.0, 20, 30])]]
    agreement = compare(shares, left_out, seed=0)
    assert agreement.recordings == pytest.approx([-1]) and agreement.mean == pytest.approx(-1)
    assert np.isnan(agreement.interval).all()
    assert "hardly tell which chunks z depends on: Spearman correlation -1.00, mean" in describe_agreement(
        agreement
    )


def test_recordings_that_are_too_short_do_not_count():
    agreement = compare([[np.ones(1)], [np.arange(4.0)]], [[np.full(1, np.nan)], [np.arange(4.0)]], seed=0)
    assert np.isnan(agreement.recordings[0]) and agreement.mean == pytest.approx(1)
    nothing = compare([[np.ones(1)]], [[np.full(1, np.nan)]], seed=0)
    assert "no window has three chunks" in describe_agreement(nothing)


def test_the_interval_holds_the_truth_of_unrelated_contributions():
    """The truth is 0. Of 100 intervals at 95 %, 95 hold it; bootstraps of 12 recordings somewhat fewer."""
    rng = np.random.default_rng(0)
    held = 0
    for seed in range(100):
        shares, left_out = (list(rng.normal(size=(12, 1, 10))) for _ in range(2))
        low, high = compare(shares, left_out, seed).interval
        held += low <= 0 <= high
    assert 84 <= held <= 100


def test_the_same_seed_gives_the_same_interval():
    shares, left_out = (list(np.random.default_rng(i).normal(size=(5, 2, 6))) for i in range(2))
    assert compare(shares, left_out, 3) == compare(shares, left_out, 3)
    assert compare(shares, left_out, 3).interval != compare(shares, left_out, 4).interval
