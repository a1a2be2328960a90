"""A prior whose flow is known: latents are normal around a mean that the labels set.

With x ~ N(m, 1) and y = (1 - t) e + t x, the flow is
E[x - e | y] = m + (y - t m) (2 t - 1) / (t^2 + (1 - t)^2).
The mean over e of the log-likelihood of y at time T, with m minus without, is then, for each number,
T^2 (2 m x - m^2) / (2 (T^2 + (1 - T)^2)).
"""

import torch
from torch import Tensor

from htvae.models.flow import Latents
from htvae.models.label_evidence import LAST_TIME
from htvae.models.prior import Condition, Known

GAIN = LAST_TIME**2 / (LAST_TIME**2 + (1 - LAST_TIME) ** 2)


class ExactPrior:
    """The prior; a label's mean stands in every number of a latent.

    Args:
        sequence_means: mean of z for each label of sequences, the first for "any", 0.
        label_means: mean of chunk latents for each label of sequences.
        chunk_means: what each label of spans adds to a chunk's mean; averaged over a chunk's places.
    """

    sequence_mean = torch.zeros(1)

    def __init__(
        self, sequence_means: list[float], label_means: list[float], chunk_means: list[float] | None = None
    ) -> None:
        self.sequence_means, self.label_means = torch.tensor(sequence_means), torch.tensor(label_means)
        self.chunk_means = torch.tensor(chunk_means or [0.0])

    def standardise(self, latents: Latents) -> Latents:
        return latents

    def __call__(self, latents: Latents, time: Tensor, known: Known, condition: Condition) -> Latents:
        assert not known.sequence.any() and not known.chunks.any()
        sequence = self.sequence_means[condition.labels][:, None]
        chunks = self.label_means[condition.labels][:, None]
        chunks = (chunks + self.chunk_means[condition.chunk_labels].mean(-1))[..., None]
        return Latents(
            _flow(latents.sequence, sequence, time[:, None]),
            _flow(latents.chunks, chunks, time[:, None, None]),
        )


def _flow(place: Tensor, mean: Tensor, time: Tensor) -> Tensor:
    return mean + (place - time * mean) * (2 * time - 1) / (time.square() + (1 - time).square())


def expect_evidence(latent: Tensor, mean: float) -> Tensor:
    """Return the expected log-likelihood ratio of a latent (..., n) with the mean over that without."""
    return GAIN * (2 * mean * latent - mean**2).sum(-1) / 2
