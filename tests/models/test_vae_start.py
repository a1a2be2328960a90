"""A model that starts from a linear code: it answers as the code does, and a fresh code changes nothing."""

import dataclasses

import pytest
import torch

from htvae.models.chunking import merge_chunks
from htvae.models.latent import INITIAL_LOGVAR
from htvae.models.linear_fit import fit_linear_code
from htvae.models.vae import SCALE_GAIN, HierarchicalTransformerVAE
from tests.models.linear_data import all_chunks, make_config, make_smooth_poses, root_mean_square

CONFIG = dataclasses.replace(make_config(numbers=6), output_smoothing=1)
"""Without the smoothing of decoded frames, which a linear code alone does not have."""
MEAN = torch.arange(10.0).view(5, 2) / 10
SCALE = torch.tensor([0.5, 1.0, 2.0, 0.7, 1.5])


@pytest.fixture(scope="module")
def poses():
    """Windows (n, T, L, D) around zero, torso lengths."""
    return make_smooth_poses((60, 37, 5, 2))


@pytest.fixture(scope="module")
def values(poses):
    return fit_linear_code(list(poses), 6, 4, 8, 2)


def build(config=CONFIG):
    torch.manual_seed(0)
    return HierarchicalTransformerVAE(config, 5, 2, MEAN, SCALE).eval()


def started(values, config=CONFIG):
    model = build(config)
    model.start_from(values)
    return model


def run(model, poses, observed=None):
    seen = torch.ones(poses.shape[:3], dtype=torch.bool) if observed is None else observed
    with torch.no_grad():
        return model(poses + MEAN, seen, torch.full((len(poses),), poses.shape[1]))


def reconstruct(model, poses):
    """Return what the model's linear code alone makes of poses around zero."""
    code, mask = model.linear_code, all_chunks(model.linear_code, poses)
    pose, seen = poses / SCALE[:, None], torch.ones(poses.shape[:3], dtype=torch.bool)
    body = code.decode_body(code.infer_body(pose, seen, mask))
    latents = code.infer_chunks(pose, seen, body, mask)
    chunks = code.decode_chunks(latents[mask]).unflatten(0, mask.shape)
    frames = merge_chunks(chunks, mask, poses.shape[1], code.chunk_overlap) + body[:, None]
    return frames.unflatten(2, (5, 2)) * SCALE[:, None] + MEAN, latents


def test_the_first_reconstruction_is_the_linear_codes(poses, values):
    model = started(values)
    expected, latents = reconstruct(model, poses)
    output = run(model, poses)
    error = root_mean_square(expected - MEAN - poses)
    spread = root_mean_square(poses)
    # the networks' outputs start at a hundredth of their size
    assert root_mean_square(output.reconstruction - expected) < 0.05 * spread
    assert root_mean_square(output.reconstruction - MEAN - poses) < error + 0.02 * spread
    assert root_mean_square(output.chunk_posterior.mu - latents) < 0.1 * root_mean_square(latents)


def test_networks_alone_start_far_from_it(poses, values):
    expected, _ = reconstruct(started(values), poses)
    assert root_mean_square(run(build(), poses).reconstruction - expected) > 0.3 * root_mean_square(poses)


def test_spreads_of_posteriors_start_at_those_of_linear_gaussian_models(poses, values):
    """A latent with energy E and noise s has the variance 1 / (1 + E / s^2)."""
    model = started(values)
    energy = ((values.chunk_decoder * model.linear_code.fade[:, None]) ** 2).sum((1, 2))
    expected = -(1 + energy / values.point_error.square().mean()).log()
    torch.testing.assert_close(model.linear_code.chunk_energy(), energy, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(model.latent_space.chunk_head.bias[6:].detach(), expected)
    # the networks' own share of the log variance is small
    mean = run(model, poses).chunk_posterior.logvar.mean((0, 1))
    torch.testing.assert_close(mean, expected, rtol=0, atol=0.5)
    assert (model.latent_space.sequence_head.bias[8:] == INITIAL_LOGVAR).all()


def test_the_scale_of_points_seen_starts_at_the_codes_error(poses, values):
    model, fresh = started(values), build()
    torch.testing.assert_close((model.log_scale[0] * SCALE_GAIN).exp().detach(), values.point_error)
    assert torch.equal(model.log_scale[1:], fresh.log_scale[1:])


def test_what_is_not_the_codes_stays(poses, values):
    model, fresh = started(values), build()
    changed = {
        name for name, value in fresh.state_dict().items() if not torch.equal(value, model.state_dict()[name])
    }
    assert changed == {
        "log_scale",
        "linear_code.chunk_decoder",
        "linear_code.body_decoder",
        "linear_code.unit",
        "linear_code.error",
        "latent_space.sequence_head.weight",
        "latent_space.chunk_head.weight",
        "latent_space.chunk_head.bias",
        "decoder.output.weight",
        "decoder.output.bias",
    }
    own, other = (x.latent_space.sequence_head.weight for x in (model, fresh))
    assert torch.equal(own[4:], other[4:])  # four numbers of z are the body's


def test_a_fresh_code_changes_no_bit(poses):
    model, without = build(), build()
    without.linear_code.infer_body = lambda pose, *_: pose.new_zeros(len(pose), 4)
    without.linear_code.infer_chunks = lambda pose, seen, body, mask: pose.new_zeros(*mask.shape, 6)
    without.linear_code.decode_body = lambda z: z.new_zeros(len(z), 10)
    without.linear_code.decode_chunks = lambda latents: latents.new_zeros(len(latents), 8, 10)
    for first, second in zip(run(model, poses)[:2], run(without, poses)[:2], strict=True):
        assert torch.equal(first, second)


def test_the_code_is_no_parameter_and_is_saved(values):
    model = started(values)
    assert not [name for name, _ in model.named_parameters() if name.startswith("linear_code")]
    other = build()
    other.load_state_dict(model.state_dict())
    assert torch.equal(other.linear_code.chunk_decoder, model.linear_code.chunk_decoder)
    assert torch.equal(other.linear_code.error, model.linear_code.error)


def test_padding_changes_nothing_of_a_started_model(poses, values):
    model = started(values)
    lengths = torch.tensor([8, 20, 37])
    observed = torch.arange(37) < lengths[:, None]
    observed = observed[..., None].expand(-1, -1, 5)
    together = model(poses[:3] + MEAN, observed, lengths)
    for index, length in enumerate(lengths.tolist()):
        alone = model(poses[[index], :length] + MEAN, observed[[index], :length], lengths[[index]])
        same = {"rtol": 1e-4, "atol": 1e-5}
        torch.testing.assert_close(together.reconstruction[[index], :length], alone.reconstruction, **same)
        torch.testing.assert_close(
            together.sequence_posterior.mu[[index]], alone.sequence_posterior.mu, **same
        )


def test_hidden_chunks_of_a_started_model_leave_the_body(poses, values):
    model = started(values)
    posteriors = model.encode(poses + MEAN, torch.ones(60, 37, 5, dtype=torch.bool), torch.full((60,), 37))
    unknown = torch.zeros_like(posteriors.chunk_mask)
    frames = torch.full((60,), 37)
    decoded = model.decode(posteriors.sequence.mu, posteriors.chunks.mu, frames, unknown)
    body = model.linear_code.decode_body(posteriors.sequence.mu).unflatten(1, (5, 2))
    standing = (body * SCALE[:, None] + MEAN)[:, None]
    assert root_mean_square((decoded - standing).detach()) < 0.1 * root_mean_square(poses)


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("change", [{}, {"chunk_latent_dim": 0}, {"latent_dim": 1}])
def test_started_models_learn(poses, change, precision):
    config = dataclasses.replace(CONFIG, **change)
    model = build(config)
    body = model.linear_code.num_body
    model.start_from(fit_linear_code(list(poses), config.chunk_latent_dim, body, 8, 2))
    model.train()
    observed = torch.rand(60, 37, 5) > 0.2
    with torch.autocast("cpu", torch.bfloat16, enabled=precision is torch.bfloat16):
        output = model(poses + MEAN, observed, torch.full((60,), 37))
    assert output.reconstruction.dtype == output.chunk_posterior.mu.dtype == torch.float32
    loss = (output.reconstruction - poses - MEAN).square().mean() + output.chunk_kl.mean()
    loss.backward()
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert model.decoder.output.weight.grad.abs().sum() > 0
