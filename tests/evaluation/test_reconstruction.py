"""What metrics are given, and the default ones, by hand."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from htvae.evaluation.reconstruction import DEFAULT_METRICS, ScoredRecording, score_recording
from htvae.models.smoothing import smooth_frames

GRID = (8, 2)


def scored(pose, reconstruction, edges=(), name="walk"):
    pose, reconstruction = torch.as_tensor(pose).float(), torch.as_tensor(reconstruction).float()
    mask = pose.isfinite().all(-1)
    return ScoredRecording(
        name, pose, reconstruction, mask, torch.zeros(len(pose), dtype=torch.bool), tuple(edges)
    )


def reconstruction_of(pose):
    return SimpleNamespace(processed=SimpleNamespace(name="walk", pose=pose), pose=pose + 1)


def test_points_and_not_recordings_count_alike():
    """Three points that err by 1 and one that errs by 5: 8 / 4, not (1 + 5) / 2."""
    still = torch.zeros(3, 1, 2)
    near = scored(still, still + torch.tensor([1.0, 0.0]))
    far = scored(still[:1], still[:1] + torch.tensor([3.0, 4.0]))
    assert DEFAULT_METRICS["mpjpe"]([near, far]) == pytest.approx(2.0)


def test_what_is_missing_is_not_scored():
    pose = torch.zeros(4, 2, 2)
    pose[:, 1] = math.nan
    reconstruction = torch.full((4, 2, 2), 100.0)
    reconstruction[:, 0] = torch.tensor([0.0, 2.0])
    assert DEFAULT_METRICS["mpjpe"]([scored(pose, reconstruction)]) == pytest.approx(2.0)


def test_a_constant_shift_moves_nothing():
    time = torch.arange(20.0)
    pose = torch.stack([time.sin(), time.cos()], -1)[:, None]
    recordings = [scored(pose, pose + 3)]
    assert DEFAULT_METRICS["velocity_error"](recordings) == pytest.approx(0, abs=1e-5)
    assert DEFAULT_METRICS["acceleration_error"](recordings) == pytest.approx(0, abs=1e-5)
    assert DEFAULT_METRICS["jerk_ratio"](recordings) == pytest.approx(1, abs=1e-4)


def test_noise_that_the_filter_takes_off_does_not_count_as_jerk():
    """A reconstruction with half of the smoothed movement has half of its jerk, whatever the noise."""
    generator = torch.Generator().manual_seed(0)
    time = torch.arange(200.0)
    movement = torch.stack([(time / 8).sin(), (time / 9).cos()], -1)[:, None]
    noisy = movement + 0.02 * torch.randn(movement.shape, generator=generator)
    smoothed = smooth_frames(noisy[None], torch.tensor([200]), 7)[0]
    noisy[50] = math.nan
    recordings = [scored(noisy, smoothed / 2)]
    assert DEFAULT_METRICS["smoothed_jerk_ratio"](recordings) == pytest.approx(0.5, abs=0.01)
    assert DEFAULT_METRICS["jerk_ratio"](recordings) < 0.2


def test_bones():
    """A bone of length 2 that is given back as 2.5; without bones there is nothing to say."""
    pose, other = torch.zeros(3, 2, 2), torch.zeros(3, 2, 2)
    pose[:, 1, 0], other[:, 1, 0] = 2.0, 2.5
    assert DEFAULT_METRICS["bone_length_error"]([scored(pose, other, [(0, 1)])]) == pytest.approx(0.5)
    assert math.isnan(DEFAULT_METRICS["bone_length_error"]([scored(pose, other)]))


def test_nothing_to_score_is_not_perfect():
    nothing = [scored(torch.full((9, 2, 2), math.nan), torch.zeros(9, 2, 2), [(0, 1)])]
    assert all(math.isnan(metric(nothing)) for metric in DEFAULT_METRICS.values())


def test_noise_floor_is_the_median_over_recordings():
    torch.manual_seed(0)
    recordings = [scored(spread * torch.randn(400, 3, 2), torch.zeros(400, 3, 2)) for spread in (1, 2, 50)]
    assert DEFAULT_METRICS["noise_floor"](recordings) == pytest.approx(2 * math.sqrt(math.pi / 2), rel=0.1)


def test_the_last_points_are_no_landmarks():
    pose = np.zeros((10, 4, 2), np.float32)
    result = score_recording(reconstruction_of(pose), 3, [(0, 1)], GRID)
    assert result.pose.shape == result.reconstruction.shape == (10, 3, 2)
    assert result.mask.shape == (10, 3) and result.edges == ((0, 1),)


def test_seams_are_where_chunks_are_joined():
    """Chunks of 8 start every 6 frames: steps into, within and out of an overlap of 2."""
    pose = np.zeros((30, 1, 2), np.float32)
    short = score_recording(reconstruction_of(pose), 1, (), GRID).seams
    assert np.flatnonzero(short).tolist() == [6, 7, 8, 12, 13, 14, 18, 19, 20, 24, 25, 26]


def test_seams_show_where_chunks_do_not_fit_together():
    time = torch.arange(200.0)
    pose = torch.stack([(0.3 * time).sin(), (0.2 * time).cos()], -1)[:, None]
    seams = torch.zeros(200, dtype=torch.bool)
    seams[20::20] = True
    broken = pose + 0.05 * seams.cumsum(0)[:, None, None]
    args = ("walk", pose), (torch.ones(200, 1, dtype=torch.bool), seams, ())
    whole, torn = (ScoredRecording(*args[0], r, *args[1]) for r in (pose, broken))
    assert DEFAULT_METRICS["seam_ratio"]([whole]) == pytest.approx(1.0)
    assert DEFAULT_METRICS["seam_ratio"]([torn, whole]) > 1.5
