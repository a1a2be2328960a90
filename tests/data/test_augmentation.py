import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from htvae.data.augmentation import (
    hide_bursts,
    hide_landmarks,
    hide_spans,
    jitter,
    mirror,
    rotate,
    scale,
    shear,
    stretch,
    warp_time,
)

T, N = 37, 5
PARTNERS = [0, 2, 1, 3, 4]


@pytest.fixture(params=[2, 3])
def pose(request):
    pose = np.random.default_rng(0).normal(size=(T, N, request.param)).astype(np.float32)
    pose[5, 1] = np.nan
    return pose


@pytest.fixture
def rng():
    return np.random.default_rng(1)


@pytest.mark.parametrize(
    "augment",
    [
        lambda pose, rng: mirror(pose, rng, 1.0, PARTNERS),
        lambda pose, rng: rotate(pose, rng, 30.0),
        lambda pose, rng: scale(pose, rng, 0.5),
        lambda pose, rng: stretch(pose, rng, 0.5),
        lambda pose, rng: shear(pose, rng, 0.5, True),
        lambda pose, rng: jitter(pose, rng, 0.1, True),
        lambda pose, rng: hide_landmarks(pose, rng, 0.5),
        lambda pose, rng: hide_bursts(pose, np.random.default_rng(2), 1.0),  # hides some of the few
        lambda pose, rng: hide_spans(pose, rng, 0.9),
    ],
)
def test_every_augmentation_keeps_its_input_and_what_is_missing(augment, pose, rng):
    before = pose.copy()
    varied = augment(pose, rng)
    np.testing.assert_array_equal(pose, before)
    assert varied.shape == pose.shape
    assert varied.dtype == np.float32
    assert not np.array_equal(varied, pose, equal_nan=True)
    assert np.isnan(varied).any(axis=(0, 2))[[1, 2]].any()


def test_mirroring_swaps_partners_and_flips_x(pose, rng):
    mirrored = mirror(pose, rng, 1.0, PARTNERS)
    np.testing.assert_array_equal(mirrored[:, 2, 0], -pose[:, 1, 0])
    np.testing.assert_array_equal(mirrored[:, 2, 1:], pose[:, 1, 1:])
    np.testing.assert_array_equal(mirrored[:, 4, 0], -pose[:, 4, 0])  # the root velocity flips as well
    np.testing.assert_array_equal(mirror(mirrored, rng, 1.0, PARTNERS), pose)


def test_mirroring_by_chance(pose, rng):
    mirrored = [mirror(pose, rng, 0.3, PARTNERS) is not pose for _ in range(1000)]
    assert np.mean(mirrored) == pytest.approx(0.3, abs=0.05)  # three standard deviations


def test_turning_keeps_lengths_and_what_stands_upright(pose, rng):
    turned = rotate(pose, rng, 90.0)
    np.testing.assert_allclose(np.square(turned).sum(2), np.square(pose).sum(2), rtol=1e-5)
    if pose.shape[2] == 3:
        np.testing.assert_array_equal(turned[..., 1], pose[..., 1])


def test_scaling_stays_in_its_range(pose, rng):
    factors = [np.nanmean(scale(pose, rng, 0.2) / pose) for _ in range(100)]
    assert 0.8 <= min(factors) < 0.85
    assert 1.15 < max(factors) <= 1.2


def test_stretching_widens_each_axis_of_the_ground_by_a_share(pose, rng):
    factors = np.array([np.nanmean(stretch(pose, rng, 0.2) / pose, axis=(0, 1)) for _ in range(100)])
    np.testing.assert_array_equal(factors[:, 1], 1)  # y points up
    ground = factors[:, ::2]
    assert 0.8 <= ground.min() < 0.85
    assert 1.15 < ground.max() <= 1.2
    if pose.shape[2] == 3:
        assert abs(np.corrcoef(ground.T)[0, 1]) < 0.4  # four standard deviations


def test_shearing_leans_what_stands_upright():
    rng, upright = np.random.default_rng(3), np.zeros((T, N, 3), np.float32)
    upright[..., 1] = np.linspace(-2, 2, N)
    leaning = [shear(upright, rng, 0.1, False) for _ in range(100)]
    slopes = np.array([pose[0, -1] / 2 for pose in leaning])
    np.testing.assert_array_equal(slopes[:, 1], 1)
    assert -0.1 <= slopes[:, ::2].min() < -0.08 and 0.08 < slopes[:, ::2].max() <= 0.1
    for pose, slope in zip(leaning, slopes, strict=True):
        np.testing.assert_allclose(pose, upright[..., 1:2] * slope, atol=1e-6)


def test_in_the_plane_a_higher_camera_magnifies_what_is_higher():
    rng, body = np.random.default_rng(3), np.zeros((T, N, 2), np.float32)
    body[..., 0], body[:, 1:, 1] = 0.5, [-2, -1, 1, 2]
    seen = [shear(body, rng, 0.2, True) for _ in range(100)]
    rates = np.array([np.log(pose[0, 1:-1, 1] / body[0, 1:-1, 1]) / body[0, 1:-1, 1] for pose in seen])
    np.testing.assert_allclose(rates, rates[:, :1] * np.ones(3), atol=1e-5)
    assert -0.1 <= rates.min() < -0.08 and 0.08 < rates.max() <= 0.1
    for pose in seen:
        np.testing.assert_array_equal(pose[:, 0], body[:, 0])  # at the height of the origin
        np.testing.assert_array_equal(pose[:, -1, 1], body[:, -1, 1])  # a velocity has no height


@given(seed=st.integers(0, 100), num_coordinates=st.sampled_from([2, 3]))
def test_views_of_range_zero_are_the_window(seed, num_coordinates):
    rng = np.random.default_rng(seed)
    pose = rng.normal(size=(T, N, num_coordinates)).astype(np.float32)
    pose[rng.random((T, N)) < 0.2] = np.nan
    np.testing.assert_array_equal(stretch(pose, rng, 0.0), pose)
    np.testing.assert_array_equal(shear(pose, rng, 0.0, True), pose)


def test_jitter_leaves_the_root_velocity(pose, rng):
    noise = jitter(pose, rng, 0.1, root_motion=True) - pose
    assert (noise[:, -1] == 0).all()
    assert np.nanstd(noise[:, :-1]) == pytest.approx(0.1, rel=0.15)  # some 300 numbers
    assert (jitter(pose, rng, 0.1, root_motion=False) - pose)[:, -1].all()


def test_landmarks_are_hidden_for_the_whole_window(rng):
    pose = np.zeros((T, 1000, 2), np.float32)
    hidden = np.isnan(hide_landmarks(pose, rng, 0.2)[..., 0])
    assert (hidden == hidden[0]).all()
    assert hidden.mean() == pytest.approx(0.2, abs=0.04)  # three standard deviations


def test_in_bursts_some_landmarks_are_hidden_half_of_the_time(rng):
    pose = np.zeros((20_000, 300, 2), np.float32)
    hidden = np.isnan(hide_bursts(pose, rng, 1.0)[..., 0])
    flickers = hidden.any(axis=0)
    assert 0 < flickers.mean() < 2 / 3 + 0.1  # three standard deviations
    assert hidden[:, flickers].mean() == pytest.approx(0.5, abs=0.02)  # a thousand bursts a landmark
    turns = np.diff(hidden[:, flickers], axis=0).mean()
    assert turns == pytest.approx(1 / 20, rel=0.1)  # bursts and pauses last 20 frames on average
    assert hide_bursts(pose, rng, 0.0) is pose


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_about_the_share_of_frames_is_hidden_in_spans(share, rng):
    pose = np.zeros((400_000, 2, 2), np.float32)
    hidden = np.isnan(hide_spans(pose, rng, share)[..., 0])
    assert (hidden[:, 0] == hidden[:, 1]).all()
    assert hidden.mean() == pytest.approx(share, rel=0.1)  # some hundreds of spans
    lengths = np.diff(np.flatnonzero(np.diff(hidden[:, 0])))[::2]
    assert lengths.mean() > 10


@given(num_frames=st.integers(1, 40), seed=st.integers(0, 100))
def test_never_is_everything_hidden(num_frames, seed):
    pose = np.zeros((num_frames, 2, 2), np.float32)
    rng = np.random.default_rng(seed)
    assert not np.isnan(hide_spans(pose, rng, 1.0)).all()
    assert not np.isnan(hide_landmarks(pose, rng, 1.0)).all()
    assert not np.isnan(hide_bursts(pose, rng, 1.0)).all()


def test_warped_time_keeps_the_path_and_changes_the_velocity():
    path = np.linspace(0, 12, 13, dtype=np.float32)
    pose = np.stack([path, np.ones(13, np.float32)], axis=1)[:, :, None].repeat(2, axis=2)
    faster = warp_time(pose, 7, root_motion=True)
    np.testing.assert_allclose(faster[:, 0, 0], np.linspace(0, 12, 7))
    np.testing.assert_allclose(faster[:, 1, 0], 2)  # so it still is the difference of the path
    slower = warp_time(pose, 25, root_motion=True)
    np.testing.assert_allclose(slower[:, 1, 0], 0.5)
    np.testing.assert_allclose(warp_time(pose, 25, root_motion=False)[:, 1], 1)


@pytest.mark.parametrize(("length", "num_frames"), [(1, 1), (1, 2), (2, 1), (3, 3)])
def test_short_windows_can_be_warped(length, num_frames):
    warped = warp_time(np.ones((length, 2, 2), np.float32), num_frames, root_motion=True)
    assert np.isfinite(warped).all()
