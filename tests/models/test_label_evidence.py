"""Likelihoods by label: the known flow of normal latents, and draws that all labels share."""

from typing import Any

import pytest
import torch

from htvae.models.label_evidence import LAST_TIME, TIMES_PER_ROUND, make_draws, measure_likelihoods
from htvae.models.latent import Gaussian
from htvae.models.prior import Condition
from tests.models.exact_prior import ExactPrior, expect_evidence

SEQUENCE = torch.tensor([0.5, -1.0, 1.5])
CHUNKS = torch.tensor([[1.0, 0.2], [-0.7, 0.4], [0.0, 2.0], [0.3, 0.3], [-2.0, 1.0]])


def make_condition(label: int) -> Condition:
    mask = torch.ones(1, len(CHUNKS), dtype=torch.bool)
    return Condition(torch.tensor([37]), mask, torch.tensor([label]), torch.zeros(1, 5, 4, dtype=torch.long))


def draw(num_rounds: int, seed: int = 0) -> Any:
    narrow = [Gaussian(mu, torch.full_like(mu, -30.0)) for mu in (SEQUENCE, CHUNKS)]
    prior = ExactPrior([0.0, 0.8], [0.0, -0.5])
    return prior, make_draws(prior, *narrow, num_rounds, torch.Generator().manual_seed(seed))


def test_normal_latents() -> None:
    prior, draws = draw(4000)
    found = measure_likelihoods(prior, draws, [make_condition(0), make_condition(1)])
    assert found.shape == (2, 4000, 6) and found.dtype == torch.float64
    gain = (found[1] - found[0]).mean(0)
    error = (found[1] - found[0]).std(0) / 4000**0.5
    expected = torch.cat([expect_evidence(SEQUENCE, 0.8)[None], expect_evidence(CHUNKS, -0.5)])
    assert ((gain - expected).abs() < 4 * error).all()
    assert error.max() < 0.03  # so that the assertion above says something


def test_draws() -> None:
    _, draws = draw(3)
    assert draws.latents.chunks.shape == draws.noise.chunks.shape == (3 * TIMES_PER_ROUND, 5, 2)
    eighths = (draws.time / LAST_TIME * TIMES_PER_ROUND).floor().reshape(3, -1)
    assert torch.equal(eighths, torch.arange(8.0).expand(3, 8))  # every round covers the whole way
    torch.testing.assert_close(draws.latents.sequence[5], SEQUENCE, atol=1e-5, rtol=0)


def test_labels_share_their_draws() -> None:
    prior, draws = draw(2)
    found = measure_likelihoods(prior, draws, [make_condition(1), make_condition(1)])
    assert torch.equal(found[0], found[1])
    again = measure_likelihoods(prior, draw(2)[1], [make_condition(1)])
    assert torch.equal(again[0], found[0])
    assert not torch.equal(measure_likelihoods(prior, draw(2, seed=1)[1], [make_condition(1)]), again)


def test_the_posterior_is_sampled() -> None:
    prior, _ = draw(1)
    wide = [Gaussian(mu, torch.zeros_like(mu)) for mu in (SEQUENCE, CHUNKS)]
    draws = make_draws(prior, *wide, 500, torch.Generator().manual_seed(0))
    assert draws.latents.chunks.std(0).mean().item() == pytest.approx(1, abs=0.05)
