"""Temperatures and calibration errors: by hand, and on labels drawn from known probabilities."""

import numpy as np
import pytest

from htvae.metrics.calibration import calibration_error, fit_temperature, softmax


def test_softmax() -> None:
    scores = np.array([[0.0, np.log(3.0)], [2000.0, 0.0]])
    np.testing.assert_allclose(softmax(scores), [[0.25, 0.75], [1, 0]])
    np.testing.assert_allclose(softmax(scores[:1], 0.5), [[0.1, 0.9]])


@pytest.mark.parametrize("temperature", [0.4, 1.0, 7.0])
def test_a_known_temperature_is_found(temperature: float) -> None:
    rng = np.random.default_rng(0)
    scores = temperature * rng.normal(size=(4000, 5)) * 2
    shares = softmax(scores, temperature).cumsum(axis=1)
    truth = (shares < rng.random((4000, 1))).sum(axis=1).clip(max=4)
    assert fit_temperature(scores, truth) == pytest.approx(temperature, rel=0.06)


def test_few_recordings_make_no_certainty() -> None:
    scores = np.array([[50.0, 0.0], [0.0, 50.0], [60.0, 10.0]])
    found = softmax(scores, fit_temperature(scores, np.array([0, 1, 0])))
    np.testing.assert_allclose(found.max(axis=1), 4 / 5, atol=1e-3)  # (n + 1) / (n + 2)


def test_calibration_error() -> None:
    assert calibration_error(np.ones(7), np.zeros(7, bool)) == pytest.approx(1)
    assert calibration_error(np.array([0.8]), np.array([True])) == pytest.approx(0.2)
    assert np.isnan(calibration_error(np.array([]), np.array([], bool)))
    probability = np.array([0.9, 0.1, 0.5, 0.3, 0.7, 0.9, 0.1, 0.5, 0.3, 0.7])  # five bins of two
    right = np.array([1, 0, 1, 0, 1, 1, 0, 0, 0, 1], bool)
    assert calibration_error(probability, right) == pytest.approx((0.1 + 0.1 + 0 + 0.3 + 0.3) / 5)


def test_calibrated_answers_have_next_to_no_error() -> None:
    rng = np.random.default_rng(1)
    probability = rng.uniform(0.3, 1, 20_000)
    assert calibration_error(probability, rng.random(20_000) < probability) < 0.015
