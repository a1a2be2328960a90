"""Refinement: it fits what it is to fit, window by window, and never does worse than the encoder."""

import dataclasses
from itertools import pairwise

import pytest
import torch

from htvae.config import ModelConfig
from htvae.inference import refinement
from htvae.inference.refinement import refine
from htvae.models.linear_fit import fit_linear_code
from htvae.models.vae import HierarchicalTransformerVAE
from tests.models.linear_data import make_smooth_poses

SIZES = {
    "chunk_size": 8,
    "chunk_overlap": 2,
    "frames_per_token": 2,
    "embed_dim": 16,
    "num_heads": 2,
    "num_layers": 1,
}
SMALL = ModelConfig(**SIZES, latent_dim=6, chunk_latent_dim=3)
B, T, L = 2, 37, 5
MIN_SCALE = 0.02
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def build(config=SMALL, coordinates=2):
    torch.manual_seed(0)
    model = HierarchicalTransformerVAE(config, L, coordinates)
    torch.nn.init.normal_(model.decoder.output.weight, std=0.5)  # untrained latents must change something
    return model.eval()


def batch(coordinates=2):
    torch.manual_seed(1)
    pose, observed = torch.randn(B, T, L, coordinates), torch.rand(B, T, L) > 0.2
    return pose, observed, torch.tensor([T, T - 16])


def build_coded(coordinates):
    """Return a model that starts as the linear code of smooth poses, two of them, and points to fit."""
    poses = make_smooth_poses((60, T, L, coordinates))
    model = build(coordinates=coordinates)
    num_body, overlap = model.linear_code.num_body, SMALL.resolved_chunk_overlap
    model.start_from(
        fit_linear_code(list(poses), SMALL.chunk_latent_dim, num_body, SMALL.chunk_size, overlap)
    )
    observed = torch.rand(B, T, L, generator=torch.Generator().manual_seed(1)) > 0.2
    fitted = observed.clone()
    fitted[..., 2:] = False
    return model, (poses[:B], observed, torch.tensor([T, T - 16])), fitted


def total(model, inputs, fitted, output):
    """Return what refinement lowers, in nats over all windows."""
    pose, _, num_frames = inputs
    objective = refinement._Objective(model, pose, fitted, num_frames, output, MIN_SCALE, False)
    return float(objective.score(output.reconstruction, output.chunk_kl).sum())


def error(output, pose, points):
    return ((output.reconstruction - pose).norm(dim=-1) * points).sum() / points.sum()


@pytest.mark.parametrize("coordinates", [2, 3])
def test_observed_points_are_met_better(coordinates):
    model, inputs = build(coordinates=coordinates), batch(coordinates)
    before, after = refine(model, *inputs, 0, MIN_SCALE), refine(model, *inputs, 10, MIN_SCALE)
    real = torch.arange(T)[None, :, None] < inputs[2][:, None, None]
    points = inputs[1] & real
    assert error(after, inputs[0], points) < 0.98 * error(before, inputs[0], points)
    assert torch.equal(after.sequence_posterior.mu, before.sequence_posterior.mu)
    assert torch.equal(after.chunk_posterior.logvar, before.chunk_posterior.logvar)


def test_the_result_is_what_its_latents_decode_to_and_their_kl():
    model, (pose, observed, num_frames) = build(), batch()
    output = refine(model, pose, observed, num_frames, 5, MIN_SCALE)
    sequence, chunks = output.sequence_posterior, output.chunk_posterior
    with torch.no_grad():
        decoded = model.decode(sequence.mu, chunks.mu, num_frames)
        kl = model.latent_space.kl(sequence, chunks, sequence.mu)[1]
    for b, frames in enumerate(num_frames.tolist()):
        count = model.num_chunks(frames)
        torch.testing.assert_close(output.reconstruction[b, :frames], decoded[b, :frames], **CLOSE)
        torch.testing.assert_close(output.chunk_kl[b, :count], kl[b, :count], **CLOSE)
        assert (output.chunk_kl[b, count:] == 0).all()


def test_no_steps_is_the_encoder_s_answer():
    model, inputs = build(), batch()
    with torch.no_grad():
        expected = model(*inputs)
    for found, value in zip(refine(model, *inputs, 0, MIN_SCALE), expected, strict=True):
        torch.testing.assert_close(found, value)


def test_a_window_is_alone_in_its_batch():
    model, (pose, observed, num_frames) = build(), batch()
    together = refine(model, pose, observed, num_frames, 4, MIN_SCALE)
    alone = refine(model, pose[1:, :21], observed[1:, :21], num_frames[1:], 4, MIN_SCALE)
    torch.testing.assert_close(alone.reconstruction[0], together.reconstruction[1, :21], **CLOSE)


def test_what_is_not_fitted_says_nothing():
    model, (pose, observed, num_frames) = build(), batch()
    observed = torch.ones_like(observed)
    fitted = torch.zeros_like(observed)
    fitted[..., :2] = True
    before, after = (refine(model, pose, observed, num_frames, steps, MIN_SCALE, fitted) for steps in (0, 10))
    rest = refine(model, pose, observed, num_frames, 10, MIN_SCALE, ~fitted)
    assert error(after, pose, fitted) < error(before, pose, fitted)
    assert error(after, pose, fitted) < error(rest, pose, fitted)
    nothing = refine(model, pose, observed, num_frames, 10, MIN_SCALE, torch.zeros_like(observed))
    assert nothing.chunk_kl.sum() < before.chunk_kl.sum()  # the KL alone is left to lower


def test_a_window_that_does_not_get_better_stays(monkeypatch):
    monkeypatch.setattr(refinement, "STEP_SIZE", 1e4)
    model, inputs = build(), batch()
    before, after = refine(model, *inputs, 0, MIN_SCALE), refine(model, *inputs, 1, MIN_SCALE)
    for found, value in zip(after, before, strict=True):
        torch.testing.assert_close(found, value)


def test_steps_that_are_too_long_are_taken_back_and_shortened(monkeypatch):
    monkeypatch.setattr(refinement, "STEP_SIZE", 64.0)
    model, inputs = build(), batch()
    before, after = refine(model, *inputs, 0, MIN_SCALE), refine(model, *inputs, 12, MIN_SCALE)
    points = inputs[1] & (torch.arange(T)[None, :, None] < inputs[2][:, None, None])
    assert error(after, inputs[0], points) < 0.98 * error(before, inputs[0], points)


def test_a_last_step_that_makes_it_worse_is_taken_back_too():
    """The third step is one: wherever the steps end, no earlier gain is lost."""
    model, inputs = build(), batch()
    scores = [total(model, inputs, inputs[1], refine(model, *inputs, n, MIN_SCALE)) for n in range(6)]
    assert all(after <= before + 0.01 for before, after in pairwise(scores))  # nats; rounding
    assert scores[3] < scores[0] - 20


@pytest.mark.parametrize("coordinates", [2, 3])
def test_with_a_linear_code_few_steps_are_enough(coordinates):
    """Networks that add little leave the curvature to the code: five steps go nearly all the way."""
    model, inputs, fitted = build_coded(coordinates)
    scores = [
        total(model, inputs, fitted, refine(model, *inputs, steps, MIN_SCALE, fitted))
        for steps in (0, 5, 100)
    ]
    assert scores[2] < scores[0] - 20  # nats: there is something to gain
    assert scores[0] - scores[1] > 0.9 * (scores[0] - scores[2])


def test_bf16_in_the_steps_leaves_the_result_as_good():
    model, inputs, fitted = build_coded(2)
    start, plain, rounded = (
        total(model, inputs, fitted, refine(model, *inputs, steps, MIN_SCALE, fitted, in_bf16))
        for steps, in_bf16 in ((0, False), (5, False), (5, True))
    )
    assert start - rounded > 0.98 * (start - plain)


def test_a_model_without_chunk_latents_is_left_alone():
    model, inputs = build(dataclasses.replace(SMALL, chunk_latent_dim=0)), batch()
    before, after = refine(model, *inputs, 0, MIN_SCALE), refine(model, *inputs, 10, MIN_SCALE)
    assert torch.equal(after.reconstruction, before.reconstruction)
