"""Reliability of mean scores: traits of recordings come back in halves and repeats, moments do not."""

from types import SimpleNamespace

import numpy as np

from htvae.analysis.surprise.reliability import mean_score, measure_reliability

FPS, FRAMES = 30.0, 600
KINDS = ("error", "swap")


def make(trait: bool, num_frames: int = FRAMES, seed: int = 0):
    """Two recordings of each of 30 people, whose ``error`` is theirs or not; ``swap`` is noise."""
    rng = np.random.default_rng(seed)
    habits = rng.normal(size=30) * trait
    scores, recordings = [], []
    for i in range(60):
        error = habits[i // 2] + rng.normal(size=num_frames)
        scores.append({"error": error, "swap": rng.normal(size=num_frames)})
        recordings.append(SimpleNamespace(source=SimpleNamespace(label=None, subject=f"p{i // 2}")))
    return scores, recordings


def test_a_trait_is_reliable_and_noise_is_marked() -> None:
    found = measure_reliability(*_args(make(True)))
    assert (found.split_half.value[0], found.retest.value[0]) > (0.9, 0.9)
    assert found.is_unreliable.tolist() == [False, True] and not found.is_unknown.any()


def test_without_traits_all_is_marked() -> None:
    assert measure_reliability(*_args(make(False))).is_unreliable.all()


def test_short_recordings_have_no_halves_and_one_recording_nothing() -> None:
    scores, recordings = make(True, num_frames=int(FPS) * 9)
    found = measure_reliability(scores, KINDS, recordings, FPS)
    assert np.isnan(found.split_half.value).all() and found.retest.value[0] > 0.9
    alone = measure_reliability(scores[:1], KINDS, recordings[:1], None)
    assert alone.is_unknown.all() and not alone.is_unreliable.any()
    nothing = measure_reliability(scores, (), recordings, FPS)
    assert nothing.is_unreliable.shape == (0,)


def test_mean_score_leaves_unseen_frames_out() -> None:
    assert mean_score(np.array([1.0, np.nan, 3.0])) == 2.0
    assert np.isnan(mean_score(np.array([np.nan]))) and np.isnan(mean_score(np.zeros(0)))


def _args(made):
    scores, recordings = made
    return scores, KINDS, recordings, FPS
