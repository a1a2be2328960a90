"""PCA and still-pose controls."""

import logging

import numpy as np
import pytest

from htvae.metrics.pca import PCAControl, hold_mean_pose, numbers_per_window

L, D, W = 3, 2, 8


def waves(num_frames, seed):
    """Two frequencies, each in its own direction: any window of it is told by four numbers."""
    rng = np.random.default_rng(seed)
    phase = 2 * np.pi * np.arange(num_frames) / 23
    basis = np.random.default_rng(0).normal(size=(2, L, D))
    shift = rng.uniform(0, 2 * np.pi)
    signal = np.stack([np.sin(phase + shift), 0.3 * np.cos(phase * 1.5 + shift)], axis=1)
    return (1.0 + np.einsum("tk,kld->tld", signal, basis)).astype(np.float32)


@pytest.fixture(scope="module")
def training_poses():
    return [waves(60 + seed, seed) for seed in range(6)]


def test_numbers_per_window_rounds_to_the_nearest():
    # 64 + 7 * 32 = 288 numbers over 1,024 frames are 13.5 per 48 frames.
    assert numbers_per_window(64 + 22 * 32, 1024) == 36
    assert numbers_per_window(1, 4096) == 1
    assert numbers_per_window(100, 100, window=W) == W


def test_components_are_orthonormal_and_as_many_as_asked(training_poses):
    control = PCAControl.fit(training_poses, 3, window=W)
    assert control.components.shape == (3, W * L * D)
    np.testing.assert_allclose(control.components @ control.components.T, np.eye(3), atol=1e-5)


def test_enough_numbers_reconstruct_exactly(training_poses):
    control = PCAControl.fit(training_poses, 4, window=W, stride=1)
    for num_frames in (W, 3 * W, 37):
        pose = waves(num_frames, seed=99)
        np.testing.assert_allclose(control.reconstruct(pose), pose, atol=1e-4)


def test_more_numbers_err_less(training_poses):
    pose = waves(50, seed=99)
    errors = [
        np.abs(PCAControl.fit(training_poses, k, window=W).reconstruct(pose) - pose).mean() for k in (1, 2, 4)
    ]
    assert errors[0] > errors[1] > errors[2]


def test_fit_equals_a_plain_singular_value_decomposition(training_poses):
    control = PCAControl.fit(training_poses, 2, window=W, stride=1)
    windows = np.concatenate([np.lib.stride_tricks.sliding_window_view(p, W, axis=0) for p in training_poses])
    windows = np.moveaxis(windows, -1, 1).reshape(len(windows), -1)
    _, _, rows = np.linalg.svd(windows - windows.mean(axis=0), full_matrices=False)
    # Signs of components are free, so the projections are compared.
    np.testing.assert_allclose(control.components.T @ control.components, rows[:2].T @ rows[:2], atol=1e-4)


@pytest.mark.parametrize("num_frames", [1, W - 1, W, 2 * W + 3])
def test_any_length_and_gaps(training_poses, num_frames):
    control = PCAControl.fit(training_poses, 4, window=W)
    pose = waves(num_frames, seed=7)
    pose[num_frames // 2, 1] = np.nan
    pose[:, 2] = np.nan
    reconstruction = control.reconstruct(pose)
    assert reconstruction.shape == pose.shape
    assert reconstruction.dtype == np.float32
    assert np.isfinite(reconstruction).all()


def test_overlap_of_the_last_window_is_averaged():
    mean, none = np.arange(4, dtype=np.float32), np.zeros((0, 4), np.float32)
    control = PCAControl(pose_mean=np.zeros((1, 1)), mean=mean, components=none, window=4)
    # Windows at 0 and 2, each reconstructed as 0, 1, 2, 3.
    assert control.reconstruct(np.zeros((6, 1, 1), np.float32)).ravel().tolist() == [0, 1, 1, 2, 2, 3]


def test_window_cap_is_kept_over_many_short_recordings(monkeypatch):
    seen = []
    monkeypatch.setattr(
        "htvae.metrics.pca._principal_components",
        lambda windows, num_numbers: seen.append(len(windows)),
    )
    PCAControl.fit([waves(5, seed) for seed in range(30)], 2, window=W, max_windows=10)
    assert seen == [10]


@pytest.mark.parametrize("num_recordings", [1, 3])
def test_too_few_windows_are_said(num_recordings, caplog):
    with caplog.at_level(logging.WARNING):
        control = PCAControl.fit([waves(W, seed) for seed in range(num_recordings)], 10, window=W)
    assert len(control.components) == num_recordings - 1
    assert f"found {num_recordings} windows for 10 numbers" in caplog.text


def test_hold_mean_pose_is_the_observed_mean():
    pose = np.array([[[1.0, 2.0], [np.nan, np.nan]], [[3.0, 6.0], [np.nan, np.nan]]], np.float32)
    np.testing.assert_array_equal(hold_mean_pose(pose), [[[2.0, 4.0], [0.0, 0.0]]] * 2)
