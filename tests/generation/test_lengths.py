"""Labels and recordings by length: what is near counts, what is far leaves the overall shares."""

import numpy as np
import pytest

from htvae.generation.drawing import draw_labels
from htvae.generation.lengths import LENGTH_WIDTH, OVERALL_WEIGHT, shares_at_length, weigh_recordings

JUMPS = [(1, ((0, frames),)) for frames in (95, 100, 105, 110)]
WALKS = [(2, ((1, 500), (0, 1500))), (2, ((0, 2400),))]
RECORDED = [*JUMPS, *WALKS]
SHARES = (0.0, 0.1, 0.9)


def test_short_motion_gets_the_labels_of_short_recordings():
    short, long = (shares_at_length(SHARES, RECORDED, frames) for frames in (100, 2200))
    assert sum(short) == pytest.approx(1) and sum(long) == pytest.approx(1)
    assert short[1] > 0.65 and long[1] < 0.06  # overall 0.1
    assert short[0] == long[0] == 0  # every recording has a label


def test_a_recording_of_just_this_length_counts_one_beside_the_overall_weight():
    recorded = [(1, ((0, 100),)), (2, ((0, 100_000),))]
    expected = (1 + OVERALL_WEIGHT * 0.1) / (1 + OVERALL_WEIGHT)
    assert shares_at_length(SHARES, recorded, 100)[1] == pytest.approx(expected)
    near = np.exp(-0.5)
    expected = (near + OVERALL_WEIGHT * 0.1) / (near + OVERALL_WEIGHT)
    apart = round(100 * 2**LENGTH_WIDTH)
    assert shares_at_length(SHARES, recorded, apart)[1] == pytest.approx(expected, abs=0.01)  # whole frames


def test_far_from_all_recordings_the_overall_shares_hold():
    assert shares_at_length(SHARES, RECORDED, 100_000) == pytest.approx(SHARES)
    assert shares_at_length(SHARES, [], 100) == SHARES
    assert shares_at_length((), RECORDED, 100) == ()


def test_drawn_labels_follow_the_length():
    drawn = [draw_labels(shares_at_length(SHARES, RECORDED, n), 200, 0).numpy() for n in (100, 2200)]
    assert (drawn[0] == 1).mean() > 0.6 and (drawn[1] == 1).mean() < 0.08


def test_recordings_are_weighed_by_length_and_else_by_their_frames():
    weights = weigh_recordings(RECORDED, 100)
    assert weights.sum() == pytest.approx(1) and weights[:4].sum() > 0.6
    frames = np.array([95, 100, 105, 110, 2000, 2400])
    np.testing.assert_allclose(weigh_recordings(RECORDED, 10**6), frames / frames.sum())
