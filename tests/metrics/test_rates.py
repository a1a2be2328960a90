"""KL, active numbers and dead levels, by hand and against PyTorch."""

import math

import pytest
import torch

from htvae.metrics import rates


def test_kl_of_a_shifted_unit_gaussian_is_half_the_square():
    assert rates.kl_divergence(torch.tensor([3.0]), torch.zeros(1)) == 4.5


def test_kl_equals_torch_distributions():
    mu, logvar, prior_mu, prior_logvar = torch.randn(4, 6, 7, generator=torch.Generator().manual_seed(0))
    posterior = torch.distributions.Normal(mu, torch.exp(0.5 * logvar))
    prior = torch.distributions.Normal(prior_mu, torch.exp(0.5 * prior_logvar))
    expected = torch.distributions.kl_divergence(posterior, prior)
    torch.testing.assert_close(rates.kl_divergence(mu, logvar, prior_mu, prior_logvar), expected)


def test_active_units_counts_numbers_that_vary():
    mu = torch.zeros(40, 4)
    mu[:, 0] = torch.linspace(-1, 1, 40)
    mu[:, 1] = 7.0  # large, but the same for every input
    mu[::2, 2] = 0.1  # variance 0.0025
    assert rates.active_units(mu) == 1
    assert rates.active_units(mu, threshold=0.001) == 2


def test_the_largest_kl_is_of_the_number_that_has_most_on_average():
    """The second number has 5 once in four windows, 1.25 on average; the first 0.5 each time."""
    kl = torch.tensor([[0.5, 5.0], [0.5, 0.0], [0.5, 0.0], [0.5, 0.0]])
    assert rates.find_largest_kl(kl) == 1.25
    assert math.isnan(rates.find_largest_kl(torch.zeros(4, 0)))


@pytest.mark.parametrize("shift", [0.1, 0.3])
def test_a_number_that_is_active_has_more_than_a_dead_one(shift):
    """A mean that varies by the threshold of `active_units` has a KL of half of it, at the prior's spread."""
    mu = torch.tensor([[-shift], [shift]])
    kl = rates.find_largest_kl(rates.kl_divergence(mu, torch.zeros(2, 1)))
    assert kl == pytest.approx(shift**2 / 2)
    assert (kl >= rates.DEAD_KL) == (shift > 0.15)
