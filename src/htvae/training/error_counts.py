"""The errors of a validation by their size, and the scales that fit them best.

- Errors are counted on a grid of sizes, which serves every likelihood, so that they need not be kept. An
  error between two sizes counts for both, the more for the nearer one: sums change smoothly with the errors.
- Each point has two scales: one where the model saw the point, one where the point was hidden from it.

Axes: ``B`` batch, ``T`` frames, ``L`` points, ``D`` coordinates, ``K`` kinds (seen, hidden), ``H`` sizes.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

LEAST_ERROR, MOST_ERROR = 1e-5, 1e3
"""Smallest and largest size (torso lengths) of the grid; errors beyond count as these."""
STEPS_PER_FOLD = 32
"""Sizes per e-fold. Between two of them, the likelihood is taken to be linear in the logarithm of the error:
with Gaussian errors it comes out about 1e-4 nats per coordinate too high."""
NUM_SIZES = math.ceil(STEPS_PER_FOLD * math.log(MOST_ERROR / LEAST_ERROR)) + 1
NUM_HALVINGS = 40
"""Steps of the search for a scale, each of which leaves two thirds of the range."""

Likelihood = Callable[[Tensor, Tensor], Tensor]
"""Negative log-likelihood (nats) of an error, given the scale."""


class ErrorCounts:
    """Counts of coordinates' errors by kind, point and size.

    Args:
        num_points: L.
    """

    def __init__(self, num_points: int) -> None:
        self.counts = torch.zeros(2, num_points, NUM_SIZES, dtype=torch.float64)
        """Counts (K, L, H)."""

    def add(self, error: Tensor, observed: Tensor) -> None:
        """Count the errors of a batch.

        Args:
            error: (B, T, L, D) in torso lengths, NaN where nothing is scored.
            observed: (B, T, L) bool, True where the model saw the point.
        """
        error, observed = error.float().cpu(), observed.cpu()
        num_points = self.counts.shape[1]
        row = (~observed).long() * num_points + torch.arange(num_points)
        scored = error.isfinite()
        row = row[..., None].expand_as(error)[scored] * NUM_SIZES
        size = error[scored].double().abs().clamp(LEAST_ERROR, MOST_ERROR)
        place = STEPS_PER_FOLD * (size / LEAST_ERROR).log()
        lower = place.floor().long().clamp(max=NUM_SIZES - 2)
        share, flat = place - lower, self.counts.view(-1)
        flat.index_add_(0, row + lower, 1 - share)
        flat.index_add_(0, row + lower + 1, share)


def fit_scales(counts: Tensor, nll: Likelihood, least: float) -> Tensor:
    """Return the scales (K, L), at least ``least``, under which the errors are most likely.

    Each is found by ternary search over the logarithm of the scale: Gaussian, Laplace and Student's
    likelihoods have one maximum there.

    Args:
        counts: (K, L, H) from `ErrorCounts`.
        nll: the likelihood.
        least: smallest scale, torso lengths.
    """
    low = torch.full(counts.shape[:2], math.log(least), dtype=torch.float64)
    high = torch.full_like(low, math.log(max(MOST_ERROR, least)))
    for _ in range(NUM_HALVINGS):
        third = (high - low) / 3
        falls = _sum_nll(counts, nll, (low + third).exp()) > _sum_nll(counts, nll, (high - third).exp())
        low, high = torch.where(falls, low + third, low), torch.where(falls, high, high - third)
    return low.exp()


def compute_nll(counts: Tensor, nll: Likelihood, scales: Tensor) -> float:
    """Return the errors' negative log-likelihood in nats, summed over coordinates.

    Args:
        counts: (K, L, H) from `ErrorCounts`.
        nll: the likelihood.
        scales: (K, L) in torso lengths.
    """
    return float(_sum_nll(counts, nll, scales).sum())


def _sum_nll(counts: Tensor, nll: Likelihood, scales: Tensor) -> Tensor:
    """Return the sums (K, L) over sizes."""
    sizes = LEAST_ERROR * (torch.arange(NUM_SIZES, dtype=torch.float64) / STEPS_PER_FOLD).exp()
    return (counts * nll(sizes, scales[..., None])).sum(-1)
