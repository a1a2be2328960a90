"""Calibrated intervals: the quantile by hand, who borrows from whom, and coverage of heavy tails."""

import dataclasses

import numpy as np
import pytest

import htvae
from htvae.generation import bands, filling
from htvae.generation.bands import (
    LEAST_GAPS,
    MOST_LEVEL,
    WIDENING,
    Scores,
    choose_factors,
    conformal_level,
    fit_bands,
)
from htvae.generation.trials import GAPS
from htvae.inference.checkpoint import load_checkpoint


def test_the_level_by_hand():
    assert conformal_level(99) == 90 / 99  # ceil(0.9 * 100)
    assert conformal_level(100) == 91 / 100  # ceil(90.9)
    assert conformal_level(1000) == 901 / 1000
    assert conformal_level(5) == conformal_level(0) == MOST_LEVEL  # 6 of 5: no level holds


def test_a_factor_is_the_quantile_of_the_scores():
    """99 gaps of 10 coordinates with the scores 0.01, 0.02, ..., 9.9: the level is 90 / 99."""
    values = np.random.default_rng(0).permutation(np.arange(1, 991)) / 200
    factors = choose_factors(Scores(frames={30: list(values.reshape(99, 10))}))
    # 900.1 places of 989 above the least, and from there to the next higher score.
    assert factors.frames[GAPS.index(30)] == pytest.approx(901 / 200)


def flat(value, count=40):
    return [np.full(5, value)] * count


def test_lengths_that_were_not_tried_borrow_from_shorter_ones_and_are_wider():
    scores = Scores(frames={30: flat(2.0), 60: flat(3.0)}, points={15: flat(1.5)}, never=flat(4.0))
    factors = choose_factors(scores)
    assert factors.frames == pytest.approx((2.0, 2.0, 3.0, 3 * WIDENING, 3 * WIDENING**2))
    assert factors.points == pytest.approx([1.5 * WIDENING**i for i in range(5)])
    assert factors.never == 4.0


def test_too_few_gaps_count_as_none():
    scores = Scores(frames={30: flat(2.0), 60: flat(5.0, LEAST_GAPS - 1)})
    assert choose_factors(scores).frames[GAPS.index(60)] == pytest.approx(2 * WIDENING)
    assert choose_factors(Scores(frames={60: flat(5.0, LEAST_GAPS - 1)})) is None
    shared = choose_factors(Scores(frames={length: flat(2.0, LEAST_GAPS - 1) for length in GAPS}))
    assert set(shared.frames) == {2.0}


def test_a_kind_that_was_not_tried_has_the_factors_of_the_other():
    only_frames = choose_factors(Scores(frames={15: flat(2.0)}))
    assert only_frames.points == only_frames.frames and only_frames.never == only_frames.frames[-1]
    only_never = choose_factors(Scores(never=flat(3.0)))
    assert set(only_never.points) == set(only_never.frames) == {3.0}


def test_hidden_points_are_scored_by_kind_and_length():
    """The interval is [-1, 1] everywhere; errors say which point they are of."""
    true = np.zeros((100, 3, 2))
    observed = np.ones((100, 3), bool)
    observed[10:40] = False  # everything, 30 frames
    observed[60:75, 1] = False  # one landmark, 15 frames
    observed[:, 2] = False  # one that is never seen
    true[10:40], true[60:75, 1], true[:, 2] = 2.0, 3.0, 4.0
    true[62, 1] = np.nan  # the tracker lost it too
    scores = Scores()
    scores.add(true, np.stack([np.full(true.shape, -1.0), np.full(true.shape, 1.0)]), observed)
    assert list(scores.frames) == [30] and list(scores.points) == [15]
    assert [len(own) for own in scores.points[15]] == [28] and (scores.points[15][0] == 3).all()
    assert [len(own) for own in scores.never] == [2 * 70] and (scores.never[0] == 4).all()
    assert len(scores.frames[30]) == 1 and set(scores.frames[30][0].tolist()) == {2.0, 4.0}


@pytest.mark.parametrize("degrees", [2.0, 5.0])
def test_coverage_of_heavy_tails_that_plain_intervals_miss(degrees):
    """Errors of Student's distribution whose size differs from gap to gap, as people do."""
    rng = np.random.default_rng(0)

    def draw(count):
        sizes = rng.lognormal(sigma=0.4, size=(count, 1))
        return list(np.abs(sizes * rng.standard_t(degrees, size=(count, 60))) / 1.645)

    factors = choose_factors(Scores(frames={60: draw(60)}))
    held_out = np.concatenate(draw(2000))
    assert (held_out <= 1).mean() < 0.85
    assert 0.87 < (held_out <= factors.frames[GAPS.index(60)]).mean() < 0.95


@pytest.fixture(scope="module")
def plain(trained_with_prior):
    """The tiny model without factors."""
    checkpoint = dataclasses.replace(load_checkpoint(trained_with_prior.checkpoint), bands=None)
    return checkpoint, bands.MotionSampler(checkpoint, "cpu")


@pytest.mark.soak
def test_calibrated_intervals_hold_nine_in_ten_of_what_they_were_fitted_to(plain, make_walks, monkeypatch):
    """Few gaps: the level is at most 0.92, so that a little more than nine in ten are held."""
    monkeypatch.setattr(bands, "NUM_ROUNDS", 4)
    monkeypatch.setattr(filling, "NUM_PASSES", 2)
    checkpoint, model = plain
    processed = [model.process(walk) for walk in make_walks([150, 180, 170, 190])]
    factors = fit_bands(model, processed)
    assert factors == fit_bands(model, processed)
    calibrated = bands.MotionSampler(dataclasses.replace(checkpoint, bands=factors), "cpu")
    monkeypatch.setattr(bands, "choose_factors", lambda scores: scores)
    monkeypatch.setattr(bands.MotionSampler, "has_band_factors", False)
    scores = fit_bands(calibrated, processed)
    tried = [own for own in (*scores.frames.values(), *scores.points.values()) if len(own) >= LEAST_GAPS]
    assert len(tried) >= 3
    for own in (*tried, scores.never):
        assert 0.88 <= (np.concatenate(own) <= 1).mean() <= 0.97


def test_time_that_is_up_ends_after_the_first_round(plain, make_walks, monkeypatch):
    _, model = plain
    rounds = []
    monkeypatch.setattr(bands, "fill_in", lambda model, seen: rounds.append(seen) or [p.pose for p in seen])
    monkeypatch.setattr(bands, "draw_interval", lambda m, seen, *_: np.stack([seen.pose[:, :6]] * 2))
    processed = [model.process(walk) for walk in make_walks([64, 80, 70, 90])]
    fit_bands(model, processed, seconds=0.0)
    assert len(rounds) == 1


def test_factors_are_fitted_to_plain_intervals_only(trained_with_prior, make_walks):
    model = htvae.load(trained_with_prior.checkpoint, "cpu")
    assert model.has_band_factors
    with pytest.raises(ValueError, match="plain intervals"):
        fit_bands(model, [model.process(walk) for walk in make_walks([64])])
