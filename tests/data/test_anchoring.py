import numpy as np
import pytest

from htvae.data.anchoring import (
    centroid_path,
    expected_spread,
    find_pair,
    middle_path,
    spread,
    torso_length,
    upward_rotation,
)
from htvae.poses.geometry import observed_points, rotate

NAN = np.float32(np.nan)


@pytest.mark.parametrize(
    "names",
    [("LEFT_HIP", "RIGHT_HIP"), ("lHip", "rHip"), ("hip.L", "hip.R"), ("left hip", "right hip")],
)
def test_pairs_are_found_whatever_the_spelling(names):
    assert find_pair(("nose", *names), "HIP") == (1, 2)


def test_one_side_is_no_pair():
    assert find_pair(("LEFT_HIP", "NOSE"), "HIP") is None


def test_the_middle_is_interpolated_where_one_side_is_missing():
    pose = np.arange(6, dtype=np.float32).repeat(4).reshape(6, 2, 2)
    pose[2:4, 1] = NAN
    path, seen = middle_path(pose, observed_points(pose), (0, 1))
    np.testing.assert_allclose(path[:, 0], np.arange(6))
    assert seen.tolist() == [True, True, False, False, True, True]


def test_a_middle_that_is_hardly_ever_seen_is_none():
    pose = np.full((37, 2, 2), NAN)
    pose[:2] = 1
    assert middle_path(pose, observed_points(pose), (0, 1)) is None


def test_the_centroid_does_not_jump_when_a_landmark_comes_and_goes():
    pose = np.zeros((6, 3, 2), np.float32)
    pose[:, 1] = 9
    pose[2:4, 1] = NAN
    pose[:, 2] = NAN
    path, seen = centroid_path(pose, observed_points(pose))
    np.testing.assert_allclose(path, 4.5)
    assert seen.all()


def test_nothing_seen_gives_an_origin_without_nan():
    pose = np.full((4, 3, 2), NAN)
    path, seen = centroid_path(pose, observed_points(pose))
    assert (path == 0).all()
    assert not seen.any()
    assert spread(pose, observed_points(pose)) == 1


def test_the_torso_length_is_a_median():
    pose = np.zeros((5, 4, 2), np.float32)
    pose[:, 2:, 1] = np.array([3, 3, 3, 100, NAN])[:, None]
    assert torso_length(pose, (0, 1), (2, 3)) == 3


@pytest.mark.parametrize("num_frames", [1, 2, 9, 10])
@pytest.mark.parametrize("missing", [0.0, 0.5])
def test_the_torso_length_is_numpys_median(num_frames, missing):
    rng = np.random.default_rng(num_frames)
    pose = rng.normal(size=(num_frames, 4, 2)).astype(np.float32)
    pose[: int(missing * num_frames), 2] = np.nan
    torso = 0.5 * (pose[:, 0] + pose[:, 1] - pose[:, 2] - pose[:, 3])
    expected = np.nanmedian(np.sqrt(np.square(torso).sum(axis=1)))
    assert torso_length(pose, (0, 1), (2, 3)) == expected


def test_spread_of_two_points():
    pose = np.array([[[3.0, 4.0], [0.0, 0.0]]], np.float32)
    assert spread(pose, observed_points(pose)) == pytest.approx(np.sqrt(12.5))


def test_expected_spread_is_the_spread_of_such_points():
    rng = np.random.default_rng(0)
    mean, scale = np.array([[1.0, 2.0], [-3.0, 0.5]]), np.array([0.5, 2.0])
    pose = mean + scale[:, None] * rng.normal(size=(20_000, 2, 2))
    observed = observed_points(pose)
    assert expected_spread(mean, scale, observed) == pytest.approx(
        spread(pose, observed), rel=0.02
    )  # sampling


@pytest.mark.parametrize("num_coordinates", [2, 3])
def test_the_heading_is_turned_upwards_and_interpolated(num_coordinates):
    angle = np.linspace(0, 7, 20)  # more than a whole turn
    head = np.zeros((20, num_coordinates))
    head[:, 0], head[:, -1] = np.cos(angle), np.sin(angle)
    gappy = head.copy()
    gappy[5:8] = np.nan
    rotation = upward_rotation(np.zeros_like(head), gappy)
    upright = rotate(head[:, None], rotation)[:, 0]
    np.testing.assert_allclose(upright[:, -1], 1, atol=1e-6)


def test_a_heading_that_is_never_seen_turns_nothing():
    unseen = np.full((3, 2), np.nan)
    assert upward_rotation(unseen, unseen).tolist() == [0, 0, 0]
