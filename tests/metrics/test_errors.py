"""Metrics against cases worked out by hand, against slow loops, and against torch.distributions."""

import math

import pytest
import torch

from htvae.metrics import errors as metrics

B, T, L, D = 2, 37, 5, 3


@pytest.fixture
def poses():
    generator = torch.Generator().manual_seed(0)
    pose = torch.randn(B, T, L, D, generator=generator)
    reconstruction = pose + 0.1 * torch.randn(B, T, L, D, generator=generator)
    mask = torch.rand(B, T, L, generator=generator) > 0.2
    return reconstruction, pose.masked_fill(~mask[..., None], math.nan), mask


def still(num_frames, num_landmarks=1, num_coordinates=2):
    pose = torch.zeros(num_frames, num_landmarks, num_coordinates)
    return pose, torch.ones(num_frames, num_landmarks, dtype=torch.bool)


def along_x(values):
    """One landmark in 2-D whose x goes through these values."""
    pose, mask = still(len(values))
    pose[:, 0, 0] = torch.tensor(values)
    return pose, mask


def slow_error(reconstruction, pose, mask, order):
    """Mean distance of differences, point by point."""
    signs = [(-1) ** (order - i) * math.comb(order, i) for i in range(order + 1)]
    distances = [
        torch.linalg.vector_norm(
            sum(s * (reconstruction[b, t + i, n] - pose[b, t + i, n]) for i, s in enumerate(signs))
        )
        for b in range(B)
        for t in range(T - order)
        for n in range(L)
        if mask[b, t : t + order + 1, n].all()
    ]
    return torch.stack(distances).mean()


def test_mpjpe_is_the_distance_of_a_shifted_pose():
    pose, mask = still(7, num_landmarks=3)
    assert metrics.mpjpe(pose + torch.tensor([3.0, 4.0]), pose, mask) == 5


def test_mpjpe_scores_observed_points_only():
    pose, mask = still(2)
    reconstruction = pose + torch.tensor([[[3.0, 4.0]], [[math.inf, 0.0]]])
    pose[1], mask[1] = math.nan, False
    assert metrics.mpjpe(reconstruction, pose, mask) == 5


def test_sums_of_batches_add_up(poses):
    whole = metrics.mpjpe(*poses)
    parts = [metrics.mpjpe_sums(*(p[b, : 20 + b] for p in poses)) for b in range(B)]
    parts += [metrics.mpjpe_sums(*(p[b, 20 + b :] for p in poses)) for b in range(B)]
    assert torch.isclose(sum(total for total, _ in parts) / sum(count for _, count in parts), whole)


@pytest.mark.parametrize(
    ("metric", "order"), [(metrics.mpjpe, 0), (metrics.velocity_error, 1), (metrics.acceleration_error, 2)]
)
def test_errors_equal_a_slow_loop(poses, metric, order):
    torch.testing.assert_close(metric(*poses), slow_error(*poses, order))


def test_velocity_error_of_uniform_motion_against_a_still_pose_is_its_speed():
    moving, mask = along_x([0.0, 0.5, 1.0, 1.5, 2.0])
    assert metrics.velocity_error(moving, torch.zeros_like(moving), mask) == 0.5
    assert metrics.acceleration_error(moving, torch.zeros_like(moving), mask) == 0


def test_acceleration_error_of_a_parabola_is_its_second_difference():
    moving, mask = along_x([0.5 * 3 * t**2 for t in range(6)])
    assert metrics.acceleration_error(moving, torch.zeros_like(moving), mask) == 3


def test_jerk_ratio_of_a_doubled_motion_is_two(poses):
    _, pose, mask = poses
    assert torch.isclose(metrics.jerk_ratio(2 * pose.nan_to_num(9.0), pose, mask), torch.tensor(2.0))


@pytest.mark.parametrize("metric", [metrics.mpjpe, metrics.velocity_error, metrics.jerk_ratio])
@pytest.mark.parametrize("num_frames", [0, 1, 3])
def test_nothing_observed_is_nan(metric, num_frames):
    pose, mask = still(num_frames)
    assert metric(pose, pose, torch.zeros_like(mask)).isnan()


def test_low_precision_is_computed_in_float32(poses):
    reconstruction, pose, mask = poses
    low = reconstruction.bfloat16()
    error = metrics.mpjpe(low, pose, mask)
    assert error.dtype == torch.float32
    assert error == metrics.mpjpe(low.float(), pose, mask)


def test_chunk_seams_are_the_steps_that_two_chunks_share():
    # Chunks 0..5, 4..9, 8..13 of 14 frames; they share frames 4, 5 and 8, 9.
    assert metrics.chunk_seams(14, 6, 2).nonzero().flatten().tolist() == [4, 5, 6, 8, 9, 10]
    assert metrics.chunk_seams(12, 4, 0).nonzero().flatten().tolist() == [4, 8]
    assert not metrics.chunk_seams(6, 6, 2).any()
    assert metrics.chunk_seams(7, 6, 2).nonzero().flatten().tolist() == [4, 5, 6]


def test_seam_ratio_of_the_recording_itself_is_one(poses):
    _, pose, mask = poses
    assert torch.isclose(
        metrics.seam_ratio(pose, pose, mask, metrics.chunk_seams(T, 8, 2)), torch.tensor(1.0)
    )


def test_seam_ratio_sees_a_jump_between_chunks(poses):
    _, pose, mask = poses
    jump = (torch.arange(T) >= 16).float()[:, None, None] * 20
    seams = metrics.chunk_seams(T, 16, 0)
    assert metrics.seam_ratio(pose + jump, pose, mask, seams) > 1.5
    elsewhere = (torch.arange(T) >= 8).float()[:, None, None] * 20
    assert metrics.seam_ratio(pose + elsewhere, pose, mask, seams) < 0.9


def test_seam_ratio_by_hand():
    # Third differences 1 away from the seam step at frame 4; those three that cross it are doubled.
    cubic = [t * (t - 1) * (t - 2) / 6 for t in range(9)]
    pose, mask = along_x(cubic)
    seams = metrics.chunk_seams(9, 4, 0) & (torch.arange(9) == 4)
    sums = metrics.seam_sums(2 * pose, pose, mask, seams)
    torch.testing.assert_close(sums, torch.tensor([6.0, 6.0, 3.0, 3.0]))
    assert metrics.seam_ratio_from_sums(torch.tensor([6.0, 3.0, 3.0, 3.0])) == 2


def test_seam_ratio_without_a_seam_is_nan(poses):
    _, pose, mask = poses
    assert metrics.seam_ratio(pose, pose, mask, metrics.chunk_seams(T, 64, 16)).isnan()


def test_seams_of_a_batch_equal_those_of_each_row(poses):
    reconstruction, pose, mask = poses
    seams = torch.stack([metrics.chunk_seams(T, 8, 2), metrics.chunk_seams(T, 16, 0)])
    rows = sum(metrics.seam_sums(reconstruction[b], pose[b], mask[b], seams[b]) for b in range(B))
    torch.testing.assert_close(metrics.seam_sums(reconstruction, pose, mask, seams), rows)


def test_bone_length_error_by_hand():
    pose = torch.tensor([[[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]]])
    mask = torch.ones(1, 3, dtype=torch.bool)
    edges = [(0, 1), (0, 2)]
    assert metrics.bone_length_error(2 * pose, pose, mask, edges) == (5 + 1) / 2
    assert metrics.bone_length_error(pose + 1, pose, mask, edges) == 0
    mask[0, 2] = False
    assert metrics.bone_length_error(2 * pose, pose, mask, edges) == 5
    assert metrics.bone_length_error(pose, pose, mask, []).isnan()


@pytest.mark.parametrize("num_coordinates", [2, 3])
def test_noise_floor_measures_noise_on_smooth_motion(num_coordinates):
    generator = torch.Generator().manual_seed(0)
    phase = torch.arange(4000)[:, None, None] * 0.2 + torch.arange(6)[:, None] + torch.arange(num_coordinates)
    noise = 0.02 * torch.randn(phase.shape, generator=generator)
    pose = torch.sin(phase) + noise
    pose[100:110] += 5.0  # the tracker loses the body for a moment
    pose[500:600, 1] = math.nan
    expected = torch.linalg.vector_norm(noise, dim=-1).mean()
    # The median of 4,000 correlated differences scatters by some 3% per coordinate; twelve are averaged.
    torch.testing.assert_close(metrics.noise_floor(pose), expected, rtol=0.04, atol=0)
    assert metrics.noise_floor(torch.sin(phase)) < 0.001


def test_jitter_is_told_by_landmark():
    noise = torch.randn(5000, 3, 2, generator=torch.Generator().manual_seed(0))
    jitter = metrics.measure_jitter(noise * torch.tensor([0.0, 0.1, 0.2])[:, None])
    torch.testing.assert_close(jitter, torch.tensor([0.0, 0.1, 0.2]), rtol=0.05, atol=0)


def test_noise_floor_of_too_few_frames_is_nan():
    assert metrics.noise_floor(torch.zeros(4, 3, 2)).isnan()
    assert metrics.noise_floor(torch.full((9, 3, 2), math.nan)).isnan()
