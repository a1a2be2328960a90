"""The common unit of scores."""

import numpy as np
import pytest

from htvae.analysis.surprise.measures import Measures, Usual
from htvae.analysis.surprise.scale import ALARMS, SurpriseScale

USUAL = Usual(np.ones(5), np.ones(5), np.ones(2))
T, L = 501, 5


def make(seed: int, scale: np.ndarray | float = 1.0, shift: float = 0.0) -> Measures:
    rng = np.random.default_rng(seed)
    error = scale * rng.normal(size=(T, L)) + shift
    return Measures({"error": error}, {"swap": rng.normal(-20, 2, size=T)}, np.ones(T), np.ones(T))


def test_the_middle_is_0_and_the_alarm_is_1() -> None:
    reference = [make(seed) for seed in range(5)]
    scores = [SurpriseScale.fit(USUAL, reference).score(own).frames for own in reference]
    errors = np.array([own["error"] for own in scores])
    assert np.median(errors, axis=1).mean() == pytest.approx(0, abs=0.02)  # spread of medians of 501
    levels = np.quantile(errors, 0.99, axis=1) - np.median(errors, axis=1)
    assert np.median(levels) == pytest.approx(1 / ALARMS["error"], abs=1e-6)


def test_a_swap_has_the_score_1_at_even_odds() -> None:
    own = make(0)
    own.frames["swap"][7] = 0.0
    score = SurpriseScale.fit(USUAL, [make(1), make(2), make(3)]).score(own).frames["swap"]
    assert score[7] == pytest.approx(1, abs=0.01)  # rounded to float32, medians of three recordings
    assert np.delete(score, 7).max() < 0.8


def test_the_worst_landmark_is_the_most_unusual_one() -> None:
    scale = np.array([1.0, 1.0, 20.0, 1.0, 1.0])  # one landmark errs twenty times as much as a rule
    reference = [make(seed, scale) for seed in range(5)]
    own = make(9, scale)
    own.points["error"][100, 3] = 15.0
    points = SurpriseScale.fit(USUAL, reference).score(own).points["error"]
    assert points[100].argmax() == 3


def test_faults_in_fewer_than_half_of_the_recordings_do_not_matter() -> None:
    sound = [make(seed) for seed in range(5)]
    faulty = [make(seed, 1e4, 1e5) for seed in (5, 6)]
    own, mixed = (
        SurpriseScale.fit(USUAL, part).score(make(9)).frames["error"] for part in (sound, sound + faulty)
    )
    assert np.abs(own - mixed).max() < 0.35  # a median of seven instead of five


def test_a_landmark_that_nobody_saw_has_no_score_and_breaks_none() -> None:
    reference = [make(seed) for seed in range(3)]
    for own in reference:
        own.points["error"][:, 2] = np.nan
    found = SurpriseScale.fit(USUAL, reference).score(make(9))
    assert np.isnan(found.points["error"][:, 2]).all()
    assert np.isfinite(found.frames["error"]).all()


def test_a_kind_without_any_value_is_left_out() -> None:
    reference = [make(0)._replace(points={"error": np.full((T, L), np.nan)})]
    assert list(SurpriseScale.fit(USUAL, reference).score(make(1)).frames) == ["swap"]
