"""Posteriors and their KL, held against torch.distributions."""

import math

import pytest
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


def test_linear_way_by_hand():
    first, second = torch.tensor([0.0, 4.0]), torch.tensor([2.0, 0.0])
    assert LatentSpace.interpolate(first, second, 0.25).tolist() == [0.5, 3.0]


def test_spherical_way_by_hand():
    """A right angle: halfway the direction is the diagonal, the length the mean of 1 and 3."""
    first, second = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 3.0])
    halfway = LatentSpace.interpolate(first, second, 0.5, "spherical")
    torch.testing.assert_close(halfway, torch.full((2,), math.sqrt(2.0)))
    third = LatentSpace.interpolate(first, second, 1 / 3, "spherical")  # 30 degrees, length 5 / 3
    torch.testing.assert_close(third, 5 / 3 * torch.tensor([math.sqrt(0.75), 0.5]))


@pytest.mark.parametrize("kind", ["linear", "spherical"])
@pytest.mark.parametrize("shape", [(2, 6), (2, 5, 3)])
def test_ways_begin_and_end_where_they_should(kind, shape):
    torch.manual_seed(0)
    first, second = torch.randn(shape), 3 * torch.randn(shape)
    for share, end in ((0.0, first), (1.0, second)):
        torch.testing.assert_close(LatentSpace.interpolate(first, second, share, kind), end)


def test_chunks_go_each_its_own_way_and_shares_may_differ():
    torch.manual_seed(0)
    first, second = torch.randn(2, 4, 3), torch.randn(2, 4, 3)
    share = torch.tensor([0.2, 0.7])[:, None, None]
    found = LatentSpace.interpolate(first, second, share, "spherical")
    alone = LatentSpace.interpolate(first[1, 2], second[1, 2], 0.7, "spherical")
    torch.testing.assert_close(found[1, 2], alone)


@pytest.mark.parametrize(
    ("first", "second"),
    [([1.0, 2.0], [2.0, 4.0]), ([1.0, 2.0], [-1.0, -2.0]), ([0.0, 0.0], [3.0, 1.0]), ([0.0] * 2, [0.0] * 2)],
    ids=["parallel", "opposite", "one zero", "both zero"],
)
def test_without_one_great_circle_the_way_is_linear(first, second):
    first, second = torch.tensor(first), torch.tensor(second)
    found = LatentSpace.interpolate(first, second, 0.25, "spherical")
    torch.testing.assert_close(found, 0.75 * first + 0.25 * second)


def test_the_spherical_way_keeps_the_length_of_gaussian_noise():
    torch.manual_seed(0)
    first, second = torch.randn(2, 4000).unbind()
    halfway = LatentSpace.interpolate(first, second, 0.5, "spherical")
    assert abs(halfway.std() - 1) < 0.05  # 4 standard errors of 1 / sqrt(8000); the straight way has 0.71


def test_another_way_is_refused():
    with pytest.raises(ValueError, match="kind must be 'linear' or 'spherical', but got 'curved'"):
        LatentSpace.interpolate(torch.ones(2), torch.ones(2), 0.5, "curved")


def test_direction_and_move_by_hand():
    latents = torch.tensor([[1.0, 0.0], [3.0, 2.0], [0.0, 5.0]])
    direction = LatentSpace.direction(latents, torch.tensor([True, True, False]))
    assert direction.tolist() == [2.0, -4.0]
    assert LatentSpace.move(latents[:2], direction, 0.5).tolist() == [[2.0, -2.0], [4.0, 0.0]]
    moved = LatentSpace.move(latents[None], direction, 0.0)
    assert torch.equal(moved, latents[None])


@pytest.mark.parametrize("mask", [[True] * 3, [False] * 3])
def test_a_direction_needs_two_groups(mask):
    with pytest.raises(ValueError, match="both inside and outside of the group, but got"):
        LatentSpace.direction(torch.randn(3, 2), torch.tensor(mask))
