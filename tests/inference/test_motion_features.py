"""Motion seen through the filter of the model's output."""

import numpy as np
import pytest

from htvae.inference.motion_features import motion_features, smooth_pose


def make_walk(noise=0.0):
    time = np.arange(200, dtype=np.float32)[:, None, None]
    walk = np.concatenate([np.sin(time / 9 + k) for k in range(4)], 1) * np.array([1.0, 0.5])
    return (walk + noise * np.random.default_rng(0).normal(size=walk.shape)).astype(np.float32)


def test_noise_of_the_tracker_is_taken_off():
    rough, smooth = (np.abs(np.diff(pose, 3, axis=0)).mean() for pose in (make_walk(0.02), make_walk()))
    filtered = np.abs(np.diff(smooth_pose(make_walk(0.02)), 3, axis=0)).mean()
    assert filtered - smooth < 0.2 * (rough - smooth)


def test_gaps_become_lines_and_a_landmark_never_seen_stays_missing():
    pose = make_walk()
    pose[50:53, 0], pose[:, 1] = np.nan, np.nan
    smoothed = smooth_pose(pose)
    assert smoothed[:, 0] == pytest.approx(make_walk()[:, 0], abs=0.05)
    assert np.isnan(smoothed[:, 1]).all()
    assert np.isfinite(motion_features([pose], np.zeros((4, 2)))).all()


def test_noisy_and_clean_motion_have_like_features():
    far, near = (
        np.abs(
            motion_features([make_walk(noise)], np.zeros((4, 2)))
            - motion_features([make_walk()], np.zeros((4, 2)))
        )
        for noise in (0.2, 0.01)
    )
    assert near.mean() < 0.2 * far.mean()
