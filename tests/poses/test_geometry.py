import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from htvae.poses.geometry import (
    RunningMoments,
    fill_gaps,
    measure_movement,
    plane_angle,
    resample_frames,
    rotate,
    runs_of,
)


def fill_slowly(values: np.ndarray, observed: np.ndarray) -> np.ndarray:
    filled = values.copy()
    for point in np.ndindex(values.shape[1:]):
        seen = np.flatnonzero(observed[(slice(None), *point[:-1])])
        if len(seen):
            filled[(slice(None), *point)] = np.interp(
                range(len(values)), seen, values[(slice(None), *point)][seen]
            )
    return filled


@given(observed=npst.arrays(bool, st.tuples(st.integers(1, 12), st.just(3))))
def test_gaps_are_filled_like_a_slow_loop(observed):
    values = np.random.default_rng(0).normal(size=(*observed.shape, 2))
    values[~observed] = np.nan
    np.testing.assert_allclose(fill_gaps(values, observed), fill_slowly(values, observed))


def test_whole_positions_give_the_frames_themselves():
    values = np.array([[1.0, 2.0], [np.nan, np.nan], [5.0, 7.0]], np.float32)
    np.testing.assert_array_equal(resample_frames(values, np.arange(3.0)), values)


def test_a_point_between_frames_needs_both():
    values = np.array([0.0, 2.0, np.nan, 6.0, 8.0], np.float32)[:, None]
    resampled = resample_frames(values, np.array([0.5, 1.5, 2.5, 3.25]))[:, 0]
    np.testing.assert_array_equal(resampled, np.array([1, np.nan, np.nan, 6.5], np.float32))
    assert resampled.dtype == np.float32


@pytest.mark.parametrize("num_coordinates", [2, 3])
def test_turning_by_a_quarter(num_coordinates):
    ahead = np.zeros((1, 1, num_coordinates))
    ahead[..., 0] = 2
    turned = rotate(ahead, np.pi / 2)
    np.testing.assert_allclose(turned[0, 0], [*[0] * (num_coordinates - 1), 2], atol=1e-12)
    assert plane_angle(turned) == pytest.approx(np.pi / 2)


def test_each_frame_is_turned_by_its_own_angle():
    pose = np.ones((3, 2, 2))
    turned = rotate(pose, np.array([0, np.pi, 0.3]))
    np.testing.assert_allclose(turned[:2, 0], [[1, 1], [-1, -1]])
    np.testing.assert_allclose(rotate(turned, -np.array([0, np.pi, 0.3])), pose)


def test_moments_of_parts_are_those_of_the_whole():
    pose = np.random.default_rng(0).normal([3, -1], 2, size=(400, 3, 2)).astype(np.float32)
    pose[5:, 2] = np.nan
    pose[:, 1] = np.nan
    moments = RunningMoments()
    for part in (pose[:150], pose[150:]):
        moments.add(part)
    mean, scale = moments.compute(min_scale=0.5)
    np.testing.assert_allclose(mean[0], pose[:, 0].mean(axis=0), rtol=1e-5)  # float32 input
    assert scale[0] == pytest.approx(np.sqrt(pose[:, 0].var(axis=0).mean()), rel=1e-5)
    assert mean[1].tolist() == [0, 0]
    assert scale[1] == 1
    np.testing.assert_allclose(mean[2], pose[:5, 2].mean(axis=0), rtol=1e-5)


def test_scale_has_a_floor():
    moments = RunningMoments()
    moments.add(np.ones((4, 1, 2), np.float32))
    assert moments.compute(min_scale=0.01)[1].tolist() == [0.01]


def test_movement_is_measured_where_neighbouring_frames_are_observed():
    """One point moves by (3, 4) per frame; the other rests, is missing in frame 1, and so does not count."""
    pose = np.zeros((3, 2, 2), np.float32)
    pose[:, 0] = np.arange(3)[:, None] * [3.0, 4.0]
    pose[1, 1] = np.nan
    assert measure_movement(pose) == pytest.approx((25 / 2) ** 0.5)
    assert measure_movement(pose[:, 1:]) == 0
    assert measure_movement(pose[:1]) == 0


@pytest.mark.parametrize(
    ("mask", "runs"),
    [([], []), ([0, 0], []), ([1], [(0, 1)]), ([1, 1, 0, 1, 0, 0, 1], [(0, 2), (3, 4), (6, 7)])],
)
def test_runs_of_a_mask(mask, runs):
    assert runs_of(np.array(mask, bool)) == runs
