"""Errors by size: sums as if errors were kept, and the scales that fit them best."""

import math

import pytest
import torch

from htvae.metrics.likelihoods import LIKELIHOODS, gaussian_nll, laplace_nll, student_nll
from htvae.training.error_counts import ErrorCounts, compute_nll, fit_scales

B, T, L, D = 3, 37, 5, 2


@pytest.fixture
def errors():
    """Errors (B, T, L, D) of many sizes, some of which are not scored, and what was observed."""
    generator = torch.Generator().manual_seed(0)
    error = torch.randn(B, T, L, D, generator=generator) * torch.tensor([0.01, 0.03, 0.1, 0.3, 1.0])[:, None]
    error[0, :5] = error[1, 3, 2, 1] = torch.nan
    return error, torch.rand(B, T, L, generator=generator) > 0.4


def count(error, observed):
    counts = ErrorCounts(error.shape[2])
    counts.add(error, observed)
    return counts.counts


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_sums_are_those_of_the_errors(errors, name):
    error, observed = errors
    scales = torch.tensor([[0.02, 0.04, 0.1, 0.2, 0.9], [0.01, 0.05, 0.2, 0.5, 1.0]], dtype=torch.float64)
    own = torch.where(observed, scales[0], scales[1])[..., None]
    expected = LIKELIHOODS[name](error.double(), own)[error.isfinite()].sum()
    found = compute_nll(count(error, observed), LIKELIHOODS[name], scales)
    num = int(error.isfinite().sum())
    assert found == pytest.approx(float(expected), abs=1e-3 * num)  # the grid's steps: about 1e-4 each
    assert count(error, observed).sum() == pytest.approx(num)


def test_the_best_gaussian_scale_is_the_root_of_the_mean_square(errors):
    """So the term is the sum of log(rms) + 1/2 + log(2 pi) / 2 over coordinates, the profile likelihood."""
    error, observed = errors
    counts = count(error, observed)
    scales = fit_scales(counts, gaussian_nll, 1e-4)
    nll = 0.0
    for kind, shown in enumerate((observed, ~observed)):
        for point in range(L):
            own = error[:, :, point][shown[:, :, point]].flatten()
            own = own[own.isfinite()]
            rms = float(own.square().mean().sqrt())
            assert float(scales[kind, point]) == pytest.approx(rms, rel=1e-3)
            nll += len(own) * (math.log(rms) + 0.5 + 0.5 * math.log(2 * math.pi))
    assert compute_nll(counts, gaussian_nll, scales) == pytest.approx(nll, rel=1e-3)


def test_the_best_laplace_scale_is_the_mean_size():
    error = torch.tensor([0.1, -0.2, 0.6, -0.3]).reshape(1, 2, 1, 2)
    counts = count(error, torch.ones(1, 2, 1, dtype=torch.bool))
    assert float(fit_scales(counts, laplace_nll, 1e-4)[0, 0]) == pytest.approx(0.3, rel=1e-3)


@pytest.mark.parametrize("scale", [0.03, 0.5])
def test_a_known_scale_of_heavy_tails_is_found(scale):
    """The likelihood has Student's 4 degrees of freedom; 20,000 draws tell their scale to about 1 %."""
    torch.manual_seed(0)
    error = scale * torch.distributions.StudentT(4.0).sample((1, 20_000, 1, 1))
    counts = count(error, torch.ones(1, 20_000, 1, dtype=torch.bool))
    assert float(fit_scales(counts, student_nll, 1e-4)[0, 0]) == pytest.approx(scale, rel=0.05)


def test_no_scale_is_below_the_floor_and_a_point_without_errors_adds_nothing():
    error = torch.full((1, 4, 2, 2), 0.001)
    error[:, :, 1] = torch.nan
    counts = count(error, torch.ones(1, 4, 2, dtype=torch.bool))
    scales = fit_scales(counts, gaussian_nll, 0.02)
    assert float(scales[0, 0]) == pytest.approx(0.02, rel=1e-3)
    expected = 8 * float(gaussian_nll(torch.tensor(0.001), torch.tensor(0.02)))
    assert compute_nll(counts, gaussian_nll, scales) == pytest.approx(expected, rel=1e-3)


def test_batches_and_processes_add_up(errors):
    error, observed = errors
    parts = ErrorCounts(L)
    for i in range(B):
        parts.add(error[i : i + 1], observed[i : i + 1])
    assert torch.allclose(parts.counts, count(error, observed), atol=1e-9)
    first, second = count(error[:1], observed[:1]), count(error[1:], observed[1:])
    assert torch.allclose(first + second, parts.counts, atol=1e-9)
