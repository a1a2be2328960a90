"""The model: padding, batch order, missing points, sizes, and that training moves what it should."""

import dataclasses

import pytest
import torch

from htvae.config import LossConfig, ModelConfig
from htvae.models.spans import RandomGaps, RandomPart
from htvae.models.vae import HierarchicalTransformerVAE
from htvae.training.losses import LossManager, VAELoss

SMALL = ModelConfig(
    chunk_size=8,
    chunk_overlap=2,
    frames_per_token=2,
    embed_dim=16,
    num_heads=2,
    num_layers=1,
    latent_dim=6,
    chunk_latent_dim=3,
)
B, T, L = 2, 37, 5


def build(config=SMALL, coordinates=2):
    torch.manual_seed(0)
    return HierarchicalTransformerVAE(
        config, L, coordinates, torch.randn(L, coordinates), torch.rand(L) + 0.5
    )


def batch(coordinates=2, frames=T):
    torch.manual_seed(1)
    pose, observed = torch.randn(B, frames, L, coordinates), torch.rand(B, frames, L) > 0.2
    return pose, observed, torch.tensor([frames, max(1, frames - 16)])


@pytest.mark.parametrize("coordinates", [2, 3])
@pytest.mark.parametrize("frames", [1, 7, 8, 9, 37])
def test_any_number_of_frames_and_coordinates(frames, coordinates):
    model, inputs = build(coordinates=coordinates), batch(coordinates, frames)
    output = model(*inputs)
    assert output.reconstruction.shape == inputs[0].shape
    assert output.chunk_posterior.mu.shape == (B, model.num_chunks(frames), 3)
    assert output.reconstruction.isfinite().all()


def test_z_of_parts_is_the_encoders_where_a_part_is_all():
    model, inputs = build().eval(), batch()
    everything = torch.ones(1, 1, model.num_chunks(T), dtype=torch.bool)
    half = everything & (torch.arange(model.num_chunks(T)) < 2)
    found, z = model.encode_parts(*inputs, torch.cat([everything, half])), model.encode(*inputs).sequence
    close(found.mu[0], z.mu)
    close(found.logvar[0], z.logvar)
    assert found.mu.shape == (2, B, 6) and not torch.allclose(found.mu[1], z.mu)


def test_padding_changes_no_latent_and_no_frame():
    model, (pose, observed, num_frames) = build().eval(), batch()
    before = model(pose, observed, num_frames)
    longer = torch.cat([pose, torch.full((B, 7, L, 2), 9.0)], 1), torch.cat([observed, observed[:, :7]], 1)
    after = model(*longer, num_frames)
    for b, frames in enumerate(num_frames.tolist()):
        chunks = model.num_chunks(frames)
        close(after.reconstruction[b, :frames], before.reconstruction[b, :frames])
        close(after.chunk_posterior.mu[b, :chunks], before.chunk_posterior.mu[b, :chunks])
        close(after.scale[b, :frames], before.scale[b, :frames])
    close(after.sequence_posterior.mu, before.sequence_posterior.mu)
    close(after.sequence_kl.sum(), before.sequence_kl.sum())


def test_a_sequence_is_alone_in_its_batch():
    model, (pose, observed, num_frames) = build().eval(), batch()
    together = model(pose, observed, num_frames)
    swapped = model(pose.flip(0), observed.flip(0), num_frames.flip(0))
    alone = model(pose[1:, :21], observed[1:, :21], num_frames[1:])
    close(swapped.reconstruction.flip(0), together.reconstruction)
    close(alone.reconstruction, together.reconstruction[1:, :21])
    close(alone.sequence_posterior.mu, together.sequence_posterior.mu[1:])


def test_what_is_hidden_is_not_seen():
    model, (pose, observed, num_frames) = build().eval(), batch()
    other = torch.where(observed[..., None], pose, 1e3)
    close(model(other, observed, num_frames).reconstruction, model(pose, observed, num_frames).reconstruction)


def test_nothing_observed_gives_finite_output():
    model, (pose, observed, num_frames) = build(), batch()
    observed = torch.zeros_like(observed)
    output = model(pose, observed, num_frames)
    assert all(
        value.isfinite().all() for value in (output.reconstruction, output.sequence_kl, output.chunk_kl)
    )
    target = torch.full_like(pose, torch.nan)
    VAELoss(LossConfig())(output, target, num_frames, LossManager(LossConfig()).weights(0))[
        "total"
    ].backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


def test_decode_of_the_mode_is_what_forward_returns():
    model, (pose, observed, num_frames) = build().eval(), batch()
    posteriors, output = model.encode(pose, observed, num_frames), model(pose, observed, num_frames)
    decoded = model.decode(posteriors.sequence.mode(), posteriors.chunks.mode(), num_frames)
    close(decoded, output.reconstruction)


def test_unknown_chunks_do_not_reach_the_decoder():
    model, (pose, observed, num_frames) = build().eval(), batch()
    posteriors = model.encode(pose, observed, num_frames)
    known = posteriors.chunk_mask.clone()
    known[:, 1] = False
    other = posteriors.chunks.mu.clone()
    other[:, 1] += 5.0
    first = model.decode(posteriors.sequence.mu, posteriors.chunks.mu, num_frames, known)
    close(first, model.decode(posteriors.sequence.mu, other, num_frames, known))
    assert not torch.allclose(first, model.decode(posteriors.sequence.mu, other, num_frames))


def test_a_training_step_moves_every_parameter_and_evaluation_none():
    config = dataclasses.replace(SMALL, latent_span_dropout=0.4)
    model, inputs, loss = build(config), batch(), VAELoss(LossConfig())
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    start = {name: p.detach().clone() for name, p in model.named_parameters()}
    for _ in range(3):  # adaptive norms start at zero, so weights behind them move from the second step on
        loss(model(*inputs), inputs[0], inputs[2], LossManager(LossConfig()).final_weights())[
            "total"
        ].backward()
        optimizer.step()
        optimizer.zero_grad()
    still = [name for name, p in model.named_parameters() if torch.equal(p, start[name])]
    assert still == []
    model.eval()
    with torch.no_grad():
        first, second = model(*inputs), model(*inputs)
    assert torch.equal(first.reconstruction, second.reconstruction)


def test_four_sequences_can_be_learned_by_heart():
    torch.manual_seed(0)
    time = torch.arange(32) / 32
    phase = torch.rand(4, 1, L, 2) * 6.28
    pose = torch.sin(6.28 * 2 * time[None, :, None, None] + phase)
    model = HierarchicalTransformerVAE(SMALL, L, 2)
    observed, num_frames = torch.ones(4, 32, L, dtype=torch.bool), torch.full((4,), 32)
    loss, optimizer = VAELoss(LossConfig()), torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(120):
        output = model(pose, observed, num_frames)
        loss(output, pose, num_frames, {"reconstruction": 1.0, "kl": 0.01, "chunk_kl": 0.01})[
            "total"
        ].backward()
        optimizer.step()
        optimizer.zero_grad()
    model.eval()
    error = (model(pose, observed, num_frames).reconstruction - pose).norm(dim=-1).mean()
    still = (pose - pose.mean((0, 1))).norm(dim=-1).mean()
    assert error < 0.4 * still


@pytest.mark.parametrize(
    "change", [{"chunk_latent_dim": 0}, {"statistics_pooling": False}, {"conditional_prior": False}]
)
def test_variants_run_and_learn(change):
    model, inputs = build(dataclasses.replace(SMALL, **change)), batch()
    output = model(*inputs)
    parts = VAELoss(LossConfig())(output, inputs[0], inputs[2], LossManager(LossConfig()).final_weights())
    parts["total"].backward()
    assert model.decoder.output.weight.grad.abs().sum() > 0
    if change == {"chunk_latent_dim": 0}:
        assert parts["chunk_kl"] == 0
        varied = model.eval()(*inputs).reconstruction[0].std(0)
        assert (varied > 0).all()  # time still passes without chunk latents


def test_attention_maps_cover_both_levels():
    model, inputs = build(), batch()
    local, overall = model.compute_attention(*inputs)
    chunks = model.num_chunks(T)
    assert local.shape == (1, B, chunks, 2, 5, 5) and overall.shape == (1, B, 2, chunks + 1, chunks + 1)


def test_state_dict_keys_are_pinned():
    """Saved models are loaded by these names, so a rename must be deliberate."""
    prefixes = {".".join(key.split(".")[:3]) for key in build().state_dict()}
    assert prefixes == {
        "pose_mean", "pose_scale", "log_scale",
        "encoder.embed.weight", "encoder.embed.bias",
        "encoder.attention.summary_token", "encoder.attention.sequence_token",
        "encoder.attention.local_transformer", "encoder.attention.pool",
        "encoder.attention.global_transformer",
        "latent_space.sequence_head.weight", "latent_space.sequence_head.bias",
        "latent_space.chunk_head.weight", "latent_space.chunk_head.bias", "latent_space.chunk_prior.network",
        "statistics.head.weight", "statistics.head.bias", "decoder.unknown_chunk",
        "decoder.sequence_input.weight", "decoder.sequence_input.bias",
        "decoder.chunk_input.weight", "decoder.chunk_input.bias",
        "decoder.global_transformer.blocks", "decoder.local_transformer.blocks",
        "decoder.unpool.weight", "decoder.unpool.bias",
        "decoder.local_condition.weight", "decoder.local_condition.bias",
        "decoder.output.weight", "decoder.output.bias",
        "linear_code.chunk_decoder", "linear_code.body_decoder", "linear_code.unit", "linear_code.error",
    }  # fmt: skip
    block = "encoder.attention.local_transformer.blocks.0."
    assert {key.removeprefix(block) for key in build().state_dict() if key.startswith(block)} == {
        "attention_norm.weight", "attention_norm.bias", "mlp_norm.weight", "mlp_norm.bias",
        "attention.query_key_value.weight", "attention.output.weight",
        "mlp.0.weight", "mlp.0.bias", "mlp.2.weight", "mlp.2.bias",
    }  # fmt: skip


def test_spans_lose_the_share_they_should_and_nothing_without_numbers():
    torch.manual_seed(0)
    mask = torch.ones(4000, 20, dtype=torch.bool)
    mask[:, 15:] = False
    gaps, part = RandomGaps(0.2), RandomPart(1.0)
    kept, parts = gaps(mask, torch.rand(4000, 3)), part(mask, torch.rand(4000, 4))
    assert (kept & ~mask).sum() == 0 and (parts & ~mask).sum() == 0
    assert abs(kept.sum() / mask.sum() - 0.8) < 0.01
    assert (parts.sum(1) >= 1).all() and parts.sum(1).float().mean() < 12
    assert parts.int().diff(dim=1).abs().sum(1).max() <= 2  # one span
    share = (RandomPart(0.3)(mask, torch.rand(4000, 4)) != mask).any(1).float().mean()
    assert abs(share - 0.3) < 0.03  # four standard errors
    assert gaps(mask, None) is mask and part(mask, None) is mask


def test_a_window_s_random_numbers_are_its_own():
    """Neither padding nor the other windows of the batch change a window's random numbers in training."""
    model = build(dataclasses.replace(SMALL, latent_span_dropout=0.4, sequence_span_probability=0.5))
    (pose, observed, num_frames), seeds = batch(), torch.tensor([11, 12])
    together = model(pose, observed, num_frames, seeds)
    swapped = model(pose.flip(0), observed.flip(0), num_frames.flip(0), seeds.flip(0))
    alone = model(pose[1:, :21], observed[1:, :21], num_frames[1:], seeds[1:])
    padded = model(torch.cat([pose, pose[:, :7]], 1), observed.repeat(1, 2, 1)[:, : T + 7], num_frames, seeds)
    for b, frames in enumerate(num_frames.tolist()):
        for output in (swapped.reconstruction.flip(0), padded.reconstruction):
            close(output[b, :frames], together.reconstruction[b, :frames])
    close(alone.reconstruction, together.reconstruction[1:, :21])
    close(padded.chunk_kl.sum((1, 2)), together.chunk_kl.sum((1, 2)))
    other = model(pose, observed, num_frames, seeds + 1)
    assert not torch.allclose(other.reconstruction, together.reconstruction, atol=1e-3)
    torch.manual_seed(3)
    first = model(pose, observed, num_frames)
    torch.manual_seed(3)
    assert torch.equal(model(pose, observed, num_frames).reconstruction, first.reconstruction)


def close(actual, expected):
    torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-5)  # sums in another order, float32
