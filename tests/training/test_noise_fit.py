"""Fitting noise: known noise is found, few errors change little, and speed is worth its nats."""

import numpy as np
import pytest

from htvae.inference.point_noise import PointNoise
from htvae.training.noise_fit import PRIOR_COORDINATES, SCALE_RATIO, Errors, fit_noise

T, N, D = 4000, 3, 2
LEARNED = np.full((2, N), 0.2)


def make_pose(rng):
    """Return points (T, N, D) that rest and move in turns, each at speeds of its own."""
    pace = np.repeat(rng.random((T // 50, N, 1)) ** 3, 50, axis=0) * [[0.05], [0.1], [0.4]]
    return np.cumsum(pace * np.ones(D), axis=0).astype(np.float32)


@pytest.fixture
def pose():
    return make_pose(np.random.default_rng(0))


def draw(noise, pose, observed, seed):
    """Return errors that are drawn from the noise."""
    rng = np.random.default_rng(seed)
    scale = noise.scale(pose, np.full(pose.shape[:2], observed))
    return (scale[..., None] * rng.standard_t(3, size=pose.shape)).astype(np.float32)


def test_known_noise_is_found(pose):
    usual = fit_noise([Errors(np.zeros_like(pose), pose)], [], LEARNED).usual_speed
    known = PointNoise(
        log_scale=np.log([[0.02, 0.05, 0.1], [0.1, 0.2, 0.3]]), gain=np.array([0.8, 0.4]), usual_speed=usual
    )
    seen, hidden = (Errors(draw(known, pose, kind, int(kind)), pose) for kind in (True, False))
    found = fit_noise([seen], [hidden], LEARNED)
    assert found.gain == pytest.approx(known.gain, abs=0.06)  # 24,000 coordinates: about 0.01
    assert found.log_scale == pytest.approx(known.log_scale, abs=0.1)


def test_a_gaussian_of_known_scale_has_no_gain(pose):
    """Student's best scale for normal errors of standard deviation 1 is about 0.74, by numbers."""
    error = 0.3 * np.random.default_rng(0).normal(size=pose.shape).astype(np.float32)
    found = fit_noise([Errors(error, pose)], [], LEARNED)
    assert found.gain[0] == pytest.approx(0, abs=0.05)
    assert np.exp(found.log_scale[0]) == pytest.approx(0.3 * 0.74, rel=0.1)


def test_without_errors_the_noise_is_what_the_model_has_learned(pose):
    nothing = np.full_like(pose, np.nan)
    found = fit_noise([Errors(nothing, pose)], [], LEARNED)
    assert np.exp(found.log_scale) == pytest.approx(LEARNED * SCALE_RATIO)
    assert found.gain.tolist() == [0, 0]


def test_few_errors_change_little(pose):
    """Ten coordinates against `PRIOR_COORDINATES`; thousands get their way."""
    error = np.full_like(pose, np.nan)
    error[:5, 1] = 10.0  # fifty times what was learned
    few = fit_noise([Errors(error, pose)], [], LEARNED)
    shift = few.log_scale[0] - np.log(LEARNED[0] * SCALE_RATIO)
    assert 0 < shift[1] < 10 / PRIOR_COORDINATES * 4 and shift[[0, 2]] == pytest.approx(0, abs=1e-6)
    error[:, 1] = 10.0
    many = fit_noise([Errors(error, pose)], [], LEARNED)
    assert many.log_scale[0, 1] > np.log(5.0)


def test_a_scale_that_follows_speed_is_worth_nats_on_other_recordings():
    """Errors grow with speed: a scale per point, Gaussian or not, says less of a second recording."""
    first, second = (make_pose(np.random.default_rng(seed)) for seed in (1, 2))
    usual = fit_noise([Errors(np.zeros_like(first), first)], [], LEARNED).usual_speed
    known = PointNoise(log_scale=np.full((2, N), -3.0), gain=np.array([1.0, 1.0]), usual_speed=usual)
    own, other = (draw(known, pose, True, seed) for seed, pose in ((1, first), (2, second)))
    found = fit_noise([Errors(own, first)], [], LEARNED)
    still = PointNoise(log_scale=found.log_scale, gain=np.zeros(2), usual_speed=usual)
    seen = np.ones(second.shape[:2], bool)
    fitted, plain = (n.nll(other, n.scale(second, seen)).mean() for n in (found, still))
    assert fitted < plain - 0.05
    assert fitted == pytest.approx(known.nll(other, known.scale(second, seen)).mean(), abs=0.02)
