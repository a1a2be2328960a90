"""How far drawn motion is from validation motion: what is drawn, with which numbers, and what it says."""

import math

import pytest
import torch

import htvae
from htvae.models.latent import Gaussian
from htvae.models.prior import Latents
from htvae.training.prior_data import Vocabulary, collect_latents
from htvae.training.prior_distance import (
    LEAST_SEQUENCES,
    MOST_SEQUENCES,
    MotionDistance,
    build_distance,
)

NUM_WINDOWS = 12


@pytest.fixture(scope="module")
def model(trained):
    return htvae.load(trained.checkpoint, "cpu")


@pytest.fixture(scope="module")
def windows(model, make_walks):
    walks = [model.process(walk) for walk in make_walks([30 + 3 * i for i in range(NUM_WINDOWS)])]
    found = collect_latents(model, walks, Vocabulary(("a", "b"), ()), seed=0)
    assert len(found.labels) == NUM_WINDOWS
    return found


class FakePrior:
    """Draws what ``change`` makes of the noise, and notes what it was asked for."""

    sequence_mean = torch.zeros(1)

    def __init__(self, change):
        self.change, self.asked = change, []

    def sample(self, noise, condition, num_steps):
        self.asked.append((noise, condition))
        return Latents(*(self.change(level) for level in noise))


class OwnPosteriors:
    """Draws latents from the posteriors of the windows that it should resemble, and shifts them."""

    sequence_mean = torch.zeros(1)

    def __init__(self, windows, shift):
        self.windows, self.shift = windows, shift

    def sample(self, noise, condition, num_steps):
        lengths = self.windows.num_frames.tolist()
        own = self.windows.select(torch.tensor([lengths.index(n) for n in condition.num_frames.tolist()]))
        levels = zip((own.sequence, own.chunks), noise, strict=True)
        return Latents(*(Gaussian(*level).sample(part) + self.shift for level, part in levels))


def test_latents_like_the_posteriors_are_near_and_others_far(model, windows):
    distance = MotionDistance(model, windows, seed=0)
    near, off, far = (distance.measure(OwnPosteriors(windows, shift)) for shift in (0.0, 2.0, 6.0))
    assert 0 <= near < off / 2 < off < far


def test_the_same_prior_has_the_same_distance(model, windows):
    first, again, other = (MotionDistance(model, windows, seed) for seed in (0, 0, 1))
    value = first.measure(FakePrior(torch.tanh))
    assert first.measure(FakePrior(torch.tanh)) == again.measure(FakePrior(torch.tanh)) == value > 0
    assert other.measure(FakePrior(torch.tanh)) != value


def test_a_sequence_is_drawn_for_each_window_with_its_length_and_label(model, windows):
    prior = FakePrior(torch.tanh)
    MotionDistance(model, windows, seed=0).measure(prior)
    asked = []
    for _, condition in prior.asked:
        parts = condition.num_frames, condition.labels, condition.chunk_mask.sum(1)
        asked += zip(*(part.tolist() for part in parts), strict=True)
    parts = windows.num_frames, windows.labels, windows.num_chunks
    assert sorted(asked) == sorted(zip(*(part.tolist() for part in parts), strict=True))
    assert {label for _, label, _ in asked} == {1, 2}


def test_of_many_windows_some_are_drawn(model, windows):
    prior = FakePrior(torch.tanh)
    distance = MotionDistance(model, windows.select(torch.arange(60) % NUM_WINDOWS), seed=0)
    distance.measure(prior)
    assert sum(len(noise.sequence) for noise, _ in prior.asked) == MOST_SEQUENCES < 60
    assert len(distance.real) == MOST_SEQUENCES  # shorter than 128 frames: one row each


def test_latents_that_are_not_finite_are_infinitely_far(model, windows):
    prior = FakePrior(lambda noise: noise * math.nan)
    assert MotionDistance(model, windows, seed=0).measure(prior) == math.inf


def test_too_few_windows_have_no_distance_which_is_said(model, windows, caplog):
    few = windows.select(torch.arange(LEAST_SEQUENCES - 1))
    with caplog.at_level("INFO", logger="htvae"):
        assert build_distance(model, few, 0) is None
        assert f"with the least validation loss: a Frechet distance needs {LEAST_SEQUENCES}" in caplog.text
        assert build_distance(model, None, 0) is None
        assert "with the most steps" in caplog.text
        assert isinstance(build_distance(model, windows, 0), MotionDistance)
    assert f"least Frechet distance from {NUM_WINDOWS} validation sequences" in caplog.text
