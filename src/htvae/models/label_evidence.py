"""How much more likely latents are with a label than without, from the errors of the flow.

- A label changes only where the flow leads, so the prior says what a label is worth: the flow that knows the
  right label predicts the directions ``v = x - e`` better.
- Up to a constant without labels, the log-likelihood of a latent is ``-integral t / (1 - t)
  E|v(label) - v|^2 dt`` over the times of the flow. The squared errors add up over the latents, so each chunk
  has its own share.
- The integral ends at `LAST_TIME`. It is then the log-likelihood of latents seen through noise of a third of
  their spread, its mean over the noise; exactly so where the flow is learned exactly. Later times weigh most
  in the whole integral, but are learned worst: with them whole recordings of the demo were told apart in half
  of the cases, without them always.
- All labels share the draws of latents, noise and times, so their differences are exact where they agree.

Axes: ``B`` draws, ``R`` rounds, ``C`` chunks, ``G`` conditions, ``Z`` latent_dim, ``K`` chunk_latent_dim.

Source: Li et al. 2023, "Your Diffusion Model is Secretly a Zero-Shot Classifier", section 3; the weight is
from Kong et al. 2023, "Information-Theoretic Diffusion", eq. 4 (the derivative of the log-likelihood by the
signal-to-noise ratio is half the squared error of x), with the ratio ``t^2 / (1 - t)^2``.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from htvae.models.flow import Latents, mix
from htvae.models.latent import Gaussian
from htvae.models.prior import Condition, Known, LatentPrior

LAST_TIME = 0.75
"""Time at which the integral ends, in (0, 1)."""
TIMES_PER_ROUND = 8
"""Times of a round, one in each eighth of the way; a round is an unbiased estimate of the integral."""


class Draws(NamedTuple):
    """Draws that all labels share."""

    latents: Latents
    """Standardised latents (B, Z) and (B, C, K) from the posteriors."""
    noise: Latents
    """Standard normal numbers of the same shapes."""
    time: Tensor
    """Times (B,) in [0, LAST_TIME), round by round."""


def make_draws(
    prior: LatentPrior, sequence: Gaussian, chunks: Gaussian, num_rounds: int, generator: torch.Generator
) -> Draws:
    """Draw latents of one window, noise and times for ``num_rounds`` independent rounds.

    Args:
        prior: its spread of latents is the unit.
        sequence: posterior (Z,), on the CPU.
        chunks: posteriors (C, K), on the CPU.
        num_rounds: R.
        generator: source of the numbers, on the CPU.
    """
    count = num_rounds * TIMES_PER_ROUND
    device = prior.sequence_mean.device
    place = torch.arange(TIMES_PER_ROUND) + torch.rand(num_rounds, TIMES_PER_ROUND, generator=generator)
    drawn, noise = [], []
    for level in (sequence, chunks):
        shape = (count, *level.mu.shape)
        many = Gaussian(level.mu.expand(shape), level.logvar.expand(shape))
        drawn.append(many.sample(torch.randn(shape, generator=generator)).to(device))
        noise.append(torch.randn(shape, generator=generator).to(device))
    time = (LAST_TIME / TIMES_PER_ROUND * place).flatten().to(device)
    return Draws(prior.standardise(Latents(*drawn)), Latents(*noise), time)


@torch.no_grad()
def measure_likelihoods(prior: LatentPrior, draws: Draws, conditions: Sequence[Condition]) -> Tensor:
    """Return the log-likelihood (G, R, 1 + C) of z and of each chunk in nats, on the CPU.

    The constant that they lack is the same for all conditions.

    Args:
        prior: the prior.
        draws: from `make_draws`.
        conditions: labels to compare, each of one window, on the CPU.
    """
    count = len(draws.time)
    place, device = mix(draws.latents, draws.noise, draws.time), draws.time.device
    known = Known(*(torch.zeros(part.shape[:-1], dtype=torch.bool, device=device) for part in draws.latents))
    weight = LAST_TIME * draws.time / (1 - draws.time)
    likelihoods = []
    for condition in conditions:
        many = Condition(*(part.expand(count, *part.shape[1:]).to(device) for part in condition))
        found = prior(place, draws.time, known, many)
        sequence, chunks = (
            (v - (x - e)).square().sum(-1) for v, x, e in zip(found, draws.latents, draws.noise, strict=True)
        )
        error = torch.cat([sequence[:, None], chunks], dim=1) * weight[:, None]
        likelihoods.append(-error.unflatten(0, (-1, TIMES_PER_ROUND)).mean(1).double().cpu())
    return torch.stack(likelihoods)
