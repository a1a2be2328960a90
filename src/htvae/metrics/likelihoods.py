"""Negative log-likelihoods of errors, in nats per coordinate, for the loss and for what judges it."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

STUDENT_DEGREES = 4.0
"""Degrees of freedom of the loss's Student likelihood."""


def gaussian_nll(error: Tensor, scale: Tensor) -> Tensor:
    """Return -log N(error; 0, scale^2) in nats."""
    return 0.5 * (error / scale).square() + scale.log() + 0.5 * math.log(2 * math.pi)


def laplace_nll(error: Tensor, scale: Tensor) -> Tensor:
    """Return -log Laplace(error; 0, scale) in nats."""
    return error.abs() / scale + scale.log() + math.log(2.0)


def student_nll(error: Tensor, scale: Tensor, degrees: float = STUDENT_DEGREES) -> Tensor:
    """Return -log of Student's t density with the given scale, in nats."""
    norm = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2) - 0.5 * math.log(degrees * math.pi)
    return 0.5 * (degrees + 1) * torch.log1p((error / scale).square() / degrees) + scale.log() - norm


def compute_student_nats(distance: np.ndarray, num_coordinates: int, degrees: float) -> np.ndarray:
    """Return nats that a distance costs under Student's t distribution, above those of distance 0.

    ``(degrees + D) / 2 * log(1 + distance^2 / degrees)``: it grows like a logarithm, so that one point that
    lies far off does not outweigh all others.

    Args:
        distance: distances in multiples of the scale, NaN where unknown.
        num_coordinates: D, coordinates of the vectors that have these lengths.
        degrees: degrees of freedom.
    """
    squared = distance.astype(np.float64) ** 2
    nats: np.ndarray = (degrees + num_coordinates) / 2 * np.log1p(squared / degrees)
    return nats


LIKELIHOODS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "gaussian": gaussian_nll,
    "laplace": laplace_nll,
    "student": student_nll,
}
"""Likelihoods by the name that the settings give them."""
