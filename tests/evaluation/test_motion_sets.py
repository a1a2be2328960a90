"""Motion from posteriors, from the prior and from controls."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import htvae
from htvae.evaluation.motion_sets import (
    NormalLatents,
    draw_from,
    draw_from_prior,
    draw_set,
    sample_posteriors,
    take_modes,
)
from htvae.evaluation.plans import Wanted
from htvae.models.latent import Gaussian


@pytest.fixture(scope="module")
def model(trained_with_prior):
    return htvae.load(trained_with_prior.checkpoint, "cpu")


@pytest.fixture(scope="module")
def reconstructions(model, make_walks):
    return model.reconstruct_all([model.process(walk) for walk in make_walks([150, 40, 70])])


def wanted(num_frames, label=None, frame_labels=None):
    return Wanted(num_frames, label, np.full(num_frames, "") if frame_labels is None else frame_labels)


PLAN = [wanted(32), wanted(100, "a"), wanted(32, "b")]


def test_a_control_has_the_moments_of_samples_from_the_posteriors():
    def window(z, spread, chunks):
        means = torch.tensor(chunks)
        return SimpleNamespace(
            sequence=(torch.tensor(z), torch.full((2,), 2 * np.log(spread))),
            chunks=(means, torch.full_like(means, 2 * np.log(0.5))),
        )

    latents = NormalLatents.fit([window([0.0, 0.0], 1.0, [[1.0]]), window([2.0, 4.0], 3.0, [[3.0], [5.0]])])
    mean, root = latents.sequence
    # Means vary by [[1, 2], [2, 4]] around (1, 2); their variances are 5 on average.
    torch.testing.assert_close(mean, torch.tensor([1.0, 2.0]))
    torch.testing.assert_close(root @ root, torch.tensor([[6.0, 2.0], [2.0, 9.0]]))
    torch.testing.assert_close(latents.chunks[0], torch.tensor([3.0]))
    torch.testing.assert_close(latents.chunks[1] ** 2, torch.tensor([[8 / 3 + 0.25]]))
    drawn = latents.draw(4000, 3, seed=1)
    assert drawn.sequence.shape == (4000, 2) and drawn.chunks.shape == (4000, 3, 1)
    found = torch.cov(drawn.sequence.T)
    torch.testing.assert_close(found, root @ root, rtol=0.1, atol=0.3)  # 4,000 draws err by 2 %


def test_the_standard_control():
    drawn = NormalLatents.standard(3, 2).draw(2000, 4, seed=0)
    assert drawn.chunks.shape == (2000, 4, 2)
    torch.testing.assert_close(torch.cov(drawn.sequence.T), torch.eye(3), rtol=0, atol=0.1)
    assert torch.equal(drawn.sequence, NormalLatents.standard(3, 2).draw(2000, 4, seed=0).sequence)
    assert not torch.equal(drawn.sequence, NormalLatents.standard(3, 2).draw(2000, 4, seed=1).sequence)


@pytest.mark.parametrize("kind", ["prior", "control"])
def test_drawn_motion_comes_in_the_order_of_the_plan(model, kind):
    draw = (
        draw_from_prior(model, True, True)
        if kind == "prior"
        else draw_from(model, NormalLatents.standard(*model.latent_dims))
    )
    drawn = draw_set(model, draw, PLAN, seed=3)
    assert [pose.shape for pose in drawn.poses] == [(32, 6, 2), (100, 6, 2), (32, 6, 2)]
    assert all(np.isfinite(pose).all() for pose in drawn.poses)
    assert drawn.sequence_latents.shape == (3, 6)
    assert len(np.unique(drawn.sequence_latents[:, 0])) == 3
    again = draw_set(model, draw, PLAN, seed=3)
    other = draw_set(model, draw, PLAN, seed=4)
    np.testing.assert_array_equal(drawn.poses[1], again.poses[1])
    assert not np.allclose(drawn.sequence_latents, other.sequence_latents)


def test_the_prior_is_asked_for_labels(model, monkeypatch):
    asked = []
    draw = model.draw
    monkeypatch.setattr(model, "draw", lambda request, seed: (asked.append(request), draw(request, seed))[1])
    draw_set(model, draw_from_prior(model, True, False), PLAN, 0)
    draw_set(model, draw_from_prior(model, False, False), PLAN, 0)
    assert {request.guidance for request in asked} == {1.0}
    draw_set(model, draw_from_prior(model, True, True), PLAN[:1], 0)
    assert asked.pop().guidance == 2.0
    assert model.labels == ("a", "b")
    assert [request.labels.tolist() for request in asked] == [
        [0, 2],
        [1],
        model.draw_labels(2, 32, 0).tolist(),
        model.draw_labels(1, 100, 1).tolist(),
    ]


def test_long_sequences_are_drawn_together_and_cut(model, monkeypatch):
    asked = []
    draw = draw_from_prior(model, True, True)

    def note(wanted, seed):
        asked.append([(w.num_frames, len(w.frame_labels), w.label) for w in wanted])
        return draw(wanted, seed)

    drawn = draw_set(model, note, [wanted(90, "a"), wanted(30), wanted(80, "b"), wanted(200)], seed=0)
    assert [len(pose) for pose in drawn.poses] == [90, 30, 80, 200]
    assert asked == [[(30, 30, None)], [(90, 90, "a"), (90, 90, "b")], [(200, 200, None)]]


def test_what_happens_when_is_asked_of_recordings_or_drawn(model, monkeypatch):
    saved = dataclasses.replace(
        model._prior_state, chunk_labels=("nod", "wave"), scripts=((1, ((2, 9),)), (2, ((1, 9),)))
    )
    monkeypatch.setattr(model, "_prior_state", saved)
    asked = []
    monkeypatch.setattr(model, "draw", lambda request, seed: asked.append(request))
    # Chunks of 8 frames every 6, each asked at four: 1, 3, 5, 7; 7, 9, 11, 13; 13, 15, 17, 19; 19, 21, ...
    labelled = wanted(26, "a", np.array(["wave"] * 9 + [""] * 3 + ["nod"] * 8 + ["run"] * 6))
    other = wanted(26, "b", np.full(26, "nod"))
    for scripts in (True, False):
        draw_from_prior(model, True, scripts)([labelled, other], 0)
    given, drawn = (request.chunk_labels.tolist() for request in asked)
    assert given == [[[2, 2, 2, 2], [2, 0, 0, 1], [1, 1, 1, 1], [1, 0, 0, 0]], [[1] * 4] * 4]
    assert drawn == [[[2] * 4] * 4, [[1] * 4] * 4]  # what recordings of label a, and of b, show throughout
    assert [request.guidance for request in asked] == [2.0, 1.0]


def test_certain_posteriors_give_their_modes(model, reconstructions, monkeypatch):
    modes = take_modes(reconstructions, 6)
    assert [len(pose) for pose in modes.poses] == [150, 40, 70]
    sampled = sample_posteriors(model, reconstructions, seed=0)
    assert sampled.sequence_latents.shape == modes.sequence_latents.shape == (3 + 1 + 2, 6)
    for pose, mode, r in zip(sampled.poses, modes.poses, reconstructions, strict=True):
        assert pose.shape == mode.shape and not np.allclose(pose, mode, atol=1e-3)
        np.testing.assert_array_equal(mode, r.pose[:, :6])
    monkeypatch.setattr(Gaussian, "sample", lambda self, noise: self.mu)
    for pose, mode in zip(sample_posteriors(model, reconstructions, 0).poses, modes.poses, strict=True):
        np.testing.assert_allclose(pose, mode, rtol=1e-4, atol=1e-5)  # sums in another order
