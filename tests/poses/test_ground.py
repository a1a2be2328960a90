"""The ground under a body: found, measured, and kept level."""

import numpy as np
import pytest

from htvae.poses.ground import find_ground, level_path, measure_ground_range

T, RATE = 600, 30.0


def walk(jumps=False):
    """Hips at 0; two feet at -2, one of them lifted at any time; now and then both, for half a second."""
    phase = np.arange(T)[:, None] * 2 * np.pi / 30 + np.array([0, np.pi])
    feet = -2 + 0.3 * np.maximum(np.sin(phase), 0)
    pose = np.zeros((T, 3, 2))
    pose[:, 1:, 1] = feet
    if jumps:
        pose[np.arange(T) % 150 < 15, :, 1] += 0.8
    return pose


def rise(height):
    """A path that goes along, and up by a height."""
    return np.stack([np.linspace(0, 9, T), np.linspace(0, height, T)], axis=1)


def recorded(height, num_frames=T):
    """A walk that rises: pose, path, frames per second."""
    return walk()[:num_frames], rise(height)[:num_frames], RATE


@pytest.mark.parametrize("jumps", [False, True])
def test_the_ground_is_where_feet_come_to_rest(jumps):
    np.testing.assert_allclose(find_ground(walk(jumps), RATE), -2, atol=1e-9)


@pytest.mark.parametrize("num_coordinates", [2, 3])
def test_spikes_are_no_holes_in_the_ground(num_coordinates):
    pose = np.pad(walk(), ((0, 0), (0, 0), (0, num_coordinates - 2)))
    pose[50::60, 1, 1] -= 1.5
    pose[51::240, 1, 1] -= 1.5  # two frames in a row
    np.testing.assert_allclose(find_ground(pose, RATE), -2, atol=0.02)


def test_a_path_that_floats_up_is_held_and_one_that_does_not_stays():
    pose, path = walk(), rise(3.0)
    levelled = level_path(pose, path, RATE, most=0.5)
    np.testing.assert_array_equal(levelled[:, 0], path[:, 0])
    assert levelled[0].tolist() == [0, 0]
    assert np.ptp(find_ground(pose + levelled[:, None], RATE)) == pytest.approx(
        0.5, abs=0.15
    )  # held at the ends
    flat = level_path(pose, path, RATE, most=0.0)
    assert np.abs(flat[60:-60, 1]).max() < 0.2  # a foot comes down twice a second, the rise is 0.15 in one
    np.testing.assert_allclose(level_path(pose, path, RATE, most=5.0), path, atol=1e-12)
    np.testing.assert_allclose(level_path(pose, path, RATE, most=np.inf), path, atol=1e-12)


def test_who_squats_sinks_as_before():
    pose = walk()
    path = np.stack([np.zeros(T), -0.8 * (np.arange(T) // 150 % 2)], axis=1)
    pose[:, 1:, 1] -= path[:, 1:]  # the feet stay where they are
    np.testing.assert_allclose(level_path(pose, path, RATE, most=0.0), path, atol=1e-9)


def test_the_range_is_that_of_the_recordings_that_rise_most_and_gaps_do_not_matter():
    recordings = [recorded(height) for height in (0.0, 0.2, 4.0, 4.0)]
    expected = np.ptp(find_ground(walk() + rise(4.0)[:, None], RATE))
    assert measure_ground_range(recordings) == pytest.approx(expected, rel=1e-5)
    assert 3.0 < expected < 4.0
    short = recorded(9.0, 179)  # shorter than 6 s, too short to measure the ground
    assert measure_ground_range([*recordings, short]) == pytest.approx(expected, rel=1e-5)
    assert measure_ground_range([short]) == np.inf
    for pose, *_ in recordings:
        pose[100:160] = np.nan
        pose[:, 0] = np.nan  # never seen
    assert measure_ground_range(recordings) == pytest.approx(expected, rel=0.02)
    for pose, *_ in recordings:
        pose[:] = np.nan
    assert measure_ground_range(recordings) == np.inf


def test_the_first_velocity_stays_what_it_was():
    pose, path = walk(), rise(-9.0)
    levelled = level_path(pose, path, RATE, most=0.0)
    assert levelled[1, 1] == pytest.approx(path[1, 1], rel=0.02)
    assert np.abs(levelled[200:400, 1] - levelled[200, 1]).max() < 0.6  # where the path itself falls by 3


@pytest.mark.parametrize("fps", [None, 0.1, 1000.0])
@pytest.mark.parametrize("num_frames", [1, 2, 50])
def test_any_rate_and_any_length(num_frames, fps):
    levelled = level_path(walk()[:num_frames], rise(3.0)[:num_frames], fps, most=0.0)
    assert levelled.shape == (num_frames, 2) and np.isfinite(levelled).all()
    assert levelled[0].tolist() == [0, 0]
