"""Filling gaps and cutting windows."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from htvae.metrics.windows import cut_windows, fill_gaps, mean_pose, window_starts

NAN = np.nan


def test_gaps_are_filled_linearly_and_ends_are_held():
    pose = np.array([NAN, 1.0, NAN, NAN, 4.0, NAN], np.float32).reshape(6, 1, 1)
    assert fill_gaps(pose, np.zeros((1, 1))).ravel().tolist() == [1, 1, 2, 3, 4, 4]


def test_a_landmark_never_observed_stands_at_its_fallback():
    pose = np.full((3, 2, 2), NAN, np.float32)
    pose[:, 0] = 1.0
    filled = fill_gaps(pose, np.array([[9.0, 9.0], [5.0, 6.0]]))
    assert (filled[:, 0] == 1).all()
    assert (filled[:, 1] == [5, 6]).all()
    assert np.isnan(pose[:, 1]).all()


def test_mean_pose_counts_observed_frames():
    first, second = np.full((3, 2, 1), NAN, np.float32), np.full((1, 2, 1), 4.0, np.float32)
    first[1, 0] = 2.0
    second[:, 1] = NAN
    assert mean_pose([first, second]).tolist() == [[3.0], [0.0]]


@given(num_frames=st.integers(1, 200), window=st.integers(1, 60), stride=st.integers(1, 60))
def test_windows_cover_from_the_first_frame_to_the_last(num_frames, window, stride):
    starts = window_starts(num_frames, window, stride)
    assert starts[0] == 0
    assert starts[-1] == max(num_frames - window, 0)
    assert (np.diff(starts) > 0).all()
    assert (np.diff(starts) <= stride).all()


def test_cut_windows_holds_the_last_frame_beyond_the_end():
    pose = np.arange(5, dtype=np.float32).reshape(5, 1, 1)
    assert cut_windows(pose, np.array([0, 2]), 4)[..., 0, 0].tolist() == [[0, 1, 2, 3], [2, 3, 4, 4]]
