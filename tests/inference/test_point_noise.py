"""Calibrated noise: scales and likelihood by hand, and its way through a file."""

import numpy as np
import pytest
from scipy.stats import t as student

from htvae.inference.point_noise import DEGREES, NORMAL_RATIO, PointNoise, measure_speed

NOISE = PointNoise(
    log_scale=np.log([[0.1, 0.2], [0.3, 0.4]]), gain=np.array([1.0, 2.0]), usual_speed=np.array([0.5, 1.0])
)


def test_speed_by_hand():
    pose = np.zeros((4, 2, 2), np.float32)
    pose[:, 0, 0] = [0, 3, 6, 9]  # 3 a frame
    pose[:, 1, 1] = [0, 4, 4, 4]
    assert measure_speed(pose) == pytest.approx(np.array([[3, 4], [3, 2], [3, 0], [3, 0]]))
    assert not measure_speed(pose[:1]).any()


def test_the_scale_follows_speed_and_kind():
    """Point 0 moves at its usual speed, point 1 rests: log scales rise by gain * log 2, and not at all."""
    pose = np.zeros((3, 2, 2), np.float32)
    pose[:, 0, 0] = [0, 0.5, 1.0]
    scale = NOISE.scale(pose, np.array([[True, True], [False, True], [True, False]]))
    assert scale == pytest.approx(np.array([[0.1 * 2, 0.2], [0.3 * 4, 0.2], [0.1 * 2, 0.4]]))


def test_likelihood_is_that_of_students_distribution():
    error = np.array([[[0.1, -0.5]], [[3.0, np.nan]]])
    scale = np.array([[0.2], [0.7]])
    expected = -student(DEGREES, scale=scale[..., None]).logpdf(error)
    assert NOISE.nll(error, scale) == pytest.approx(expected, nan_ok=True)


def test_the_normal_distribution_that_is_as_wide():
    assert student(DEGREES).ppf(0.95) / 1.6449 == pytest.approx(NORMAL_RATIO, rel=1e-3)


def test_it_comes_back_from_plain_values():
    again = PointNoise.from_dict(NOISE.to_dict())
    for name, value in vars(NOISE).items():
        np.testing.assert_array_equal(getattr(again, name), value)
    assert PointNoise.from_dict(None) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"log_scale": [[0.0, 0.0]]}, "unequal number of points"),
        ({"gain": [1.0]}, "unequal number of points"),
        ({"gain": [1.0, float("nan")]}, "not finite"),
        ({"usual_speed": [1.0, 0.0]}, "not above 0"),
    ],
)
def test_values_that_contradict_each_other(change, message):
    with pytest.raises(ValueError, match=message):
        PointNoise.from_dict(NOISE.to_dict() | change)
