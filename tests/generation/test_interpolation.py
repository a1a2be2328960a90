"""Interpolation: ends, lengths, levels, even steps, and the round trip through the noise."""

import itertools
import logging

import numpy as np
import pytest
import torch

import htvae
from htvae.generation.interpolation import _Flow, _space_evenly, interpolate_recordings
from htvae.generation.sampler import Place
from htvae.models.chunking import ChunkGrid
from htvae.models.prior import Latents


@pytest.fixture(scope="module")
def model(trained_with_prior):
    return htvae.load(trained_with_prior.checkpoint, "cpu")


@pytest.fixture
def flow(model):
    """A flow over 9 chunks, on a grid whose windows hold 4."""
    return _Flow(model.prior, ChunkGrid(8, 2, 4), 8 * 6 + 8, keep_sequence=False, keep_chunks=False)


def draw(num_sequences=2, num_chunks=9):
    generator = torch.Generator().manual_seed(0)
    return Latents(
        torch.randn(num_sequences, 6, generator=generator),
        torch.randn(num_sequences, num_chunks, 3, generator=generator),
    )


def decode(model, first, sequence, chunks, num_frames):
    """Decode latents, in the unit of a recording and beginning where it begins."""
    return place_like(model, first, model.decode_all(Latents(sequence, chunks), num_frames)[0])


def place_like(model, first, pose):
    """Return a pose of the model in the unit of a recording, beginning where it begins."""
    record = model.process(first).record
    place = Place(record.unit, record.anchor[0], first.coordinates)
    return model.to_sequence(pose, "", place=place).pose


@pytest.mark.parametrize("lengths", [(50, 62), (70, 33), (7, 150)])
def test_ends_are_the_reconstructions_for_as_long_as_the_shorter_one(model, make_walk, lengths):
    walks = [make_walk(i, length) for i, length in enumerate(lengths)]
    between = interpolate_recordings(model, *walks, steps=4)
    assert [s.name for s in between] == [f"between_{i}" for i in range(4)]
    assert {s.num_frames for s in between} == {min(lengths)}
    assert (between[0].landmarks, between[0].fps) == (model.processor.landmarks, 30.0)
    for walk, end in ((walks[0], between[0]), (walks[1], between[-1])):
        pose = model.process(walk).pose[: min(lengths)]
        sequence, chunks = model.encode_sequence(pose)
        expected = decode(model, walks[0], sequence.mu, chunks.mu, len(pose))
        np.testing.assert_allclose(end.pose, expected, atol=2e-3)  # the flow is followed back and forth


@pytest.mark.parametrize("kind", ["linear", "spherical"])
def test_steps_are_even(model, make_walk, kind):
    between = interpolate_recordings(model, make_walk(0, 50), make_walk(1, 62), steps=6, kind=kind)
    steps = [np.linalg.norm(b.pose - a.pose, axis=-1).mean() for a, b in itertools.pairwise(between)]
    assert max(steps) < 2 * min(steps)


@pytest.mark.parametrize("level", ["sequence", "chunks"])
def test_one_level_alone(model, make_walk, level):
    """The last result has one level of the second recording, and the other of the first."""
    walks = [make_walk(0, 50), make_walk(1, 50)]
    found = [model.encode_sequence(model.process(walk).pose) for walk in walks]
    last = interpolate_recordings(model, *walks, steps=3, level=level)[-1]
    donor = 1 if level == "sequence" else 0
    expected = decode(model, walks[0], found[donor][0].mu, found[1 - donor][1].mu, 50)
    np.testing.assert_allclose(last.pose, expected, atol=2e-3)  # as above


def test_between_a_recording_and_itself_nothing_changes(model, make_walk):
    between = interpolate_recordings(model, make_walk(0, 40), make_walk(0, 40), steps=3)
    np.testing.assert_allclose(between[1].pose, between[0].pose, atol=2e-3)  # as above


def test_two_steps_are_the_ends(model, make_walk):
    assert len(interpolate_recordings(model, make_walk(0, 40), make_walk(1, 40), steps=2)) == 2


def test_a_round_trip_through_the_noise_returns_the_latents_in_several_windows(flow):
    latents = draw()
    noise = flow.travel(latents, backwards=True)
    assert not torch.allclose(noise.chunks, latents.chunks, atol=1e-3)
    back = flow.travel(noise, backwards=False)
    for found, expected in zip(back, latents, strict=True):
        torch.testing.assert_close(found, expected, atol=0.05, rtol=0)  # 8 steps of Heun's method, twice


def test_the_flow_from_noise_equals_the_priors_sampling(model):
    """In one window `LatentPrior.sample` draws the same from the same noise, except for its last step."""
    flow = _Flow(model.prior, model.grid, 20, keep_sequence=False, keep_chunks=False)
    noise = draw(num_chunks=3)
    condition = flow._condition(
        0, 3, htvae.models.prior.Known(torch.zeros(2, dtype=torch.bool), torch.zeros(2, 3, dtype=torch.bool))
    )
    found = model.prior.restore(flow.travel(noise, backwards=False))
    for own, drawn in zip(found, model.prior.sample(noise, condition, num_steps=64), strict=True):
        torch.testing.assert_close(own, drawn, atol=0.05, rtol=0)  # steps of 1/8 against 1/64


@pytest.mark.parametrize("kept", ["sequence", "chunks"])
def test_a_kept_level_stays(model, kept):
    flow = _Flow(model.prior, ChunkGrid(8, 2, 4), 56, kept == "sequence", kept == "chunks")
    latents = draw()
    noise = flow.travel(latents, backwards=True)
    assert torch.equal(getattr(noise, kept), getattr(latents, kept))
    other = "chunks" if kept == "sequence" else "sequence"
    assert not torch.equal(getattr(noise, other), getattr(latents, other))


def test_the_noise_comes_from_drawn_sequence_latents(model, make_walk, monkeypatch):
    """The prior has learned draws from posteriors; the draws of both ends use the same random numbers."""
    started, travel = [], _Flow.travel
    monkeypatch.setattr(
        _Flow, "travel", lambda flow, *way, **how: travel(flow, *started.append(way) or way, **how)
    )
    walks = [make_walk(0, 40), make_walk(1, 40)]
    interpolate_recordings(model, *walks)
    posteriors = [model.encode_sequence(model.process(walk).pose)[0] for walk in walks]
    noise = torch.randn(posteriors[0].mu.shape, generator=torch.Generator().manual_seed(0))
    drawn = torch.cat([z.mu + noise * (z.logvar / 2).exp() for z in posteriors])
    start = Latents(drawn, torch.zeros(2, 1, model.latent_dims[1]))
    torch.testing.assert_close(started[0][0].sequence, model.prior.standardise(start).sequence)


def test_results_are_moved_until_steps_are_even():
    """If the place is the cube of the share, equal steps of place lie at cube roots."""

    def decode(shares):
        return (shares.numpy() ** 3)[:, None, None, None] * np.ones((1, 4, 2, 1), np.float32)

    places = _space_evenly(decode, 5)[:, 0, 0, 0]
    steps = np.diff(places)
    assert steps.max() < 1.4 * steps.min()
    assert (places[0], places[-1]) == (0, 1)


def test_without_a_prior_the_latents_themselves_are_interpolated(trained, make_walk, caplog):
    model = htvae.load(trained.checkpoint, "cpu")
    walks = [make_walk(0, 40), make_walk(1, 40)]
    with caplog.at_level(logging.WARNING):
        between = interpolate_recordings(model, *walks, steps=3)
    assert "Without a prior the latents themselves are interpolated" in caplog.text
    np.testing.assert_allclose(
        between[2].pose,
        place_like(model, walks[0], model.reconstruct_all([model.process(walks[1])])[0].pose),
        atol=1e-5,
    )


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"steps": 1}, "steps must be at least 2, both ends included, but got 1"),
        ({"level": "z"}, "level must be one of both, sequence, chunks, but got 'z'"),
        ({"kind": "bent"}, "kind must be one of linear, spherical, but got 'bent'"),
    ],
)
def test_faulty_requests_are_refused(model, make_walk, asked, message):
    with pytest.raises(ValueError, match=message):
        interpolate_recordings(model, make_walk(0, 9), make_walk(1, 9), **asked)
