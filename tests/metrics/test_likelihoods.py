"""Likelihoods equal those of torch."""

import pytest
import torch
from torch.distributions import Laplace, Normal, StudentT

from htvae.metrics.likelihoods import gaussian_nll, laplace_nll, student_nll


@pytest.mark.parametrize(
    ("nll", "reference"),
    [
        (gaussian_nll, lambda s: Normal(0.0, s)),
        (laplace_nll, lambda s: Laplace(0.0, s)),
        (student_nll, lambda s: StudentT(4.0, 0.0, s)),
        (lambda error, scale: student_nll(error, scale, 3.0), lambda s: StudentT(3.0, 0.0, s)),
    ],
)
def test_likelihoods_equal_torch_distributions(nll, reference):
    error, scale = torch.linspace(-3, 3, 7), torch.linspace(0.1, 2, 7)
    torch.testing.assert_close(nll(error, scale), -reference(scale).log_prob(error))
