"""Posteriors and their KL, held against torch.distributions."""

import torch
from torch.distributions import Normal, kl_divergence

from htvae.config import ModelConfig
from htvae.models.latent import LOGVAR_RANGE, ConditionalPrior, Gaussian, LatentSpace

SMALL = ModelConfig(embed_dim=16, num_heads=2, latent_dim=6, chunk_latent_dim=3)


def as_normal(gaussian):
    return Normal(gaussian.mu, (0.5 * gaussian.logvar).exp())


def test_kl_equals_torch_distributions():
    torch.manual_seed(0)
    first, second = (Gaussian(torch.randn(4, 3), torch.randn(4, 3)) for _ in range(2))
    torch.testing.assert_close(first.kl(second), kl_divergence(as_normal(first), as_normal(second)))
    torch.testing.assert_close(first.kl(), kl_divergence(as_normal(first), Normal(0.0, 1.0)))


def test_kl_of_a_shifted_unit_gaussian_is_half_the_square():
    assert Gaussian(torch.tensor([3.0]), torch.tensor([0.0])).kl().item() == 4.5


def test_samples_have_the_posterior_s_mean_and_spread():
    torch.manual_seed(0)
    posterior = Gaussian(torch.full((20_000,), 2.0), torch.full((20_000,), 0.25).log())
    drawn = posterior.sample()
    assert abs(drawn.mean() - 2.0) < 0.02  # 5 standard errors of 0.5 / sqrt(20000)
    assert abs(drawn.std() - 0.5) < 0.02


def test_log_variance_is_held_in_range():
    wild = Gaussian.from_features(torch.tensor([0.0, 1e9, -1e9, 1e9]).repeat(2, 1))
    assert wild.logvar.min() >= LOGVAR_RANGE[0] and wild.logvar.max() <= LOGVAR_RANGE[1]


def test_padding_chunks_change_no_sequence_posterior():
    torch.manual_seed(0)
    space = LatentSpace(SMALL)
    features, mask = torch.randn(2, 5, 16), torch.tensor([[True] * 3 + [False] * 2] * 2)
    other = features.clone()
    other[:, 3:] = 100.0
    token = torch.randn(2, 16)
    torch.testing.assert_close(
        space.infer_sequence(token, features, mask), space.infer_sequence(token, other, mask)
    )


def test_conditional_prior_starts_as_the_standard_one():
    prior = ConditionalPrior(6, 3, 16)
    posterior = Gaussian(torch.randn(2, 4, 3), torch.randn(2, 4, 3))
    torch.testing.assert_close(posterior.kl(prior(torch.randn(2, 6), posterior)), posterior.kl())


def test_chunk_latents_of_no_numbers_cost_nothing():
    space = LatentSpace(ModelConfig(embed_dim=16, num_heads=2, latent_dim=6, chunk_latent_dim=0))
    chunks = space.infer_chunks(torch.randn(2, 4, 16))
    assert chunks.mu.shape == (2, 4, 0)
    _, chunk_kl = space.kl(Gaussian(torch.zeros(2, 6), torch.zeros(2, 6)), chunks, torch.zeros(2, 6))
    assert chunk_kl.sum() == 0
