"""What latent levels carry: KL, active numbers, and when a level counts as dead.

Axes: ``Z`` latent numbers, ``n`` inputs (windows, or chunks).
"""

import torch
from torch import Tensor

DEAD_KL = 0.01
"""KL (nats, mean over windows or chunks) that one number of a level must have. A level without such a number
is dead: the decoder learns nothing from it. A number that `active_units` calls inactive has about half of
this. A rate in nats per frame would mislead: the longer the window, the smaller the sequence latent's."""

ACTIVE_VARIANCE = 0.01
"""Variance over inputs, in units of the prior's, above which a number's mean tells inputs apart."""


def find_largest_kl(kl: Tensor) -> float:
    """Return the largest KL (nats) of a number, each taken as its mean over inputs; NaN without numbers.

    Args:
        kl: (n, Z), see `kl_divergence`.
    """
    return float(kl.float().mean(0).max()) if kl.numel() else torch.nan


def kl_divergence(
    mu: Tensor, logvar: Tensor, prior_mu: Tensor | None = None, prior_logvar: Tensor | None = None
) -> Tensor:
    """Return KL(N(mu, exp logvar) || N(prior_mu, exp prior_logvar)) of each latent number, in nats.

    ``(prior_logvar - logvar + (exp(logvar) + (mu - prior_mu)^2) / exp(prior_logvar) - 1) / 2``. Nothing is
    summed or averaged: the caller knows what is padding.

    Args:
        mu: (..., Z).
        logvar: (..., Z), natural logarithm of the variance.
        prior_mu: (..., Z); None: 0.
        prior_logvar: (..., Z); None: 0, a variance of 1.

    Returns:
        (..., Z), at least 0 but for rounding.

    Source: Kingma and Welling, Auto-Encoding Variational Bayes (2014), appendix B, there with the other sign.
    """
    mu, logvar = mu.float(), logvar.float()
    prior_mu = torch.zeros_like(mu) if prior_mu is None else prior_mu.float()
    prior_logvar = torch.zeros_like(logvar) if prior_logvar is None else prior_logvar.float()
    distance = (mu - prior_mu).square() * torch.exp(-prior_logvar)
    return 0.5 * (prior_logvar - logvar + torch.exp(logvar - prior_logvar) + distance - 1)


def active_units(mu: Tensor, threshold: float = ACTIVE_VARIANCE) -> Tensor:
    """Return how many latent numbers tell inputs apart: those whose mean varies from input to input.

    ``number of z with variance over inputs of mu[:, z] > threshold``. It is the variance of the posterior's
    mean, not of samples: a number that ignores its input has a constant mean and is dead.

    Args:
        mu: (n, Z), one row an input (or an input's chunk). Few rows hide active numbers.
        threshold: least variance, in units of the prior's variance.

    Returns:
        Integer scalar in [0, Z].

    Source: Burda et al., Importance Weighted Autoencoders (2016), section 5.2, ``A_u > 10^-2``.
    """
    return (mu.float().var(dim=0, correction=0) > threshold).sum()
