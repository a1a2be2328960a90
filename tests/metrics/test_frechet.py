"""Window features and the Frechet distance between sets of them."""

import numpy as np
import pytest

from htvae.metrics.frechet import frechet_distance, frechet_excess, pose_features, window_features


def gaussian(size, dim=5, seed=0, shift=0.0, scale=1.0):
    return shift + scale * np.random.default_rng(seed).normal(size=(size, dim))


def test_distance_of_a_set_to_itself_is_zero():
    rows = gaussian(50)
    assert frechet_distance(rows, rows[::-1]) == pytest.approx(0, abs=1e-9)


def test_distance_of_a_shifted_set_is_the_squared_shift():
    rows = gaussian(50)
    assert frechet_distance(rows, rows + np.array([3, 4, 0, 0, 0])) == pytest.approx(25)


def test_distance_of_a_scaled_set_is_that_of_the_spreads():
    rows = gaussian(50, dim=3)
    # Around the same mean: trace(S + 4 S - 2 * 2 S) = trace S.
    scaled = rows.mean(axis=0) + 2 * (rows - rows.mean(axis=0))
    assert frechet_distance(rows, scaled) == pytest.approx(np.trace(np.cov(rows, rowvar=False)))


def test_distance_is_symmetric_and_survives_fewer_rows_than_features():
    first, second = gaussian(4, dim=9), gaussian(4, dim=9, seed=1)
    assert frechet_distance(first, second) == pytest.approx(frechet_distance(second, first))
    assert frechet_distance(first, second) > 0


def test_sizes_must_be_equal():
    with pytest.raises(ValueError, match="two sets of one size, two rows at least, but got 5 and 6 rows"):
        frechet_distance(gaussian(5), gaussian(6))
    with pytest.raises(ValueError, match="two rows at least"):
        frechet_distance(gaussian(1), gaussian(1))


def test_excess_of_like_sets_is_near_zero_and_of_unlike_sets_is_not():
    alike = frechet_excess(gaussian(400), gaussian(300, seed=1))
    # The floor at 200 rows of 5 features is some 0.15; two such figures differ by less than that.
    assert abs(alike.excess) < 0.15
    assert alike.excess == alike.distance - alike.floor
    assert frechet_excess(gaussian(400), gaussian(300, seed=1, shift=1.0)).excess > 4
    assert frechet_excess(gaussian(400), gaussian(300, seed=1, scale=0.1)).excess > 3


def test_excess_does_not_depend_on_units_and_bears_constant_features():
    reference, other = gaussian(60), gaussian(40, seed=1, shift=0.5)
    units = np.array([1, 10, 0.1, 5, 100])
    expected = frechet_excess(reference, other)
    found = frechet_excess(reference * units, other * units)
    assert found.excess == pytest.approx(expected.excess)
    constant = [np.hstack([rows, np.ones((len(rows), 1))]) for rows in (reference, other)]
    assert frechet_excess(*constant).excess == pytest.approx(expected.excess)


def test_too_few_windows_are_said():
    with pytest.raises(ValueError, match="four reference windows and two others, but got 3 and 9"):
        frechet_excess(gaussian(3), gaussian(9))


def test_features_of_a_sine_by_hand():
    phase = 2 * np.pi * 3 * np.arange(32) / 32
    windows = (1 + 2 * np.sin(phase + 0.7)).reshape(1, 32, 1, 1)
    mean, std, _, *amplitudes = window_features(windows)[0]
    np.testing.assert_allclose([mean, std], [1, np.sqrt(2)], rtol=1e-6)
    np.testing.assert_allclose(amplitudes, [0, 0, 2, 0, 0, 0, 0, 0], atol=1e-6)


def test_features_do_not_know_when_but_how_fast():
    phase = 2 * np.pi * np.arange(64).reshape(1, 64, 1, 1) / 64
    same, faster = window_features(np.sin(2 * phase + 1.1)), window_features(np.sin(5 * phase))
    np.testing.assert_allclose(
        window_features(np.sin(2 * phase)), same, atol=0.005
    )  # the speed at the ends differs
    assert np.abs(same - faster).max() > 0.9


def test_pose_features_windows_every_length():
    rng = np.random.default_rng(0)
    poses = [rng.normal(size=(num_frames, 3, 2)).astype(np.float32) for num_frames in (5, 32, 70)]
    poses[2][10:20, 1] = np.nan
    poses[1][:, 2] = np.nan
    features = pose_features(poses, np.zeros((3, 2)), window=32)
    assert features.shape == (1 + 1 + 3, 11 * 3 * 2)
    assert np.isfinite(features).all()
