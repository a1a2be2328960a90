"""The latent space: one sequence latent z per window and one chunk latent per chunk, both diagonal Gaussians.

The KL of chunk latents is taken against a learned p(chunk | z). What lasts is then cheaper to encode once in
z than again in every chunk (Hsu et al. 2017, "Unsupervised Learning of Disentangled and Interpretable
Representations from Sequential Data", section 2; our z is their s-vector).

Axes: ``B`` batch, ``C`` chunks, ``Z`` latent_dim, ``K`` chunk_latent_dim, ``E`` embed_dim.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from htvae.config import ModelConfig, PathKind
from htvae.metrics.rates import kl_divergence
from htvae.models.linear import Linear

LOGVAR_RANGE = (-14.0, 6.0)
INITIAL_LOGVAR = -3.0
MIN_SINE = 1e-3
"""Smallest sine of the angle between two directions that do not count as parallel; float32 rounds smaller
ones too coarsely."""


class Gaussian(NamedTuple):
    """Diagonal Gaussian; ``logvar`` is the natural logarithm of the variance. Both tensors are float32."""

    mu: Tensor
    logvar: Tensor

    @classmethod
    def from_features(cls, features: Tensor) -> "Gaussian":
        """Split the last axis into mean and (clamped) log variance."""
        mu, logvar = features.float().chunk(2, dim=-1)
        return cls(mu, logvar.clamp(*LOGVAR_RANGE))

    def shift(self, mean: Tensor) -> "Gaussian":
        """Return the Gaussian with ``mean`` (..., n) added to its first n means."""
        return Gaussian(self.mu + F.pad(mean, (0, self.mu.shape[-1] - mean.shape[-1])), self.logvar)

    def sample(self, noise: Tensor | None = None) -> Tensor:
        """Draw by reparametrisation (Kingma & Welling 2014, section 2.4).

        Args:
            noise: standard normal numbers of the shape of ``mu``. None: drawn from torch's global state.
        """
        noise = torch.randn_like(self.mu) if noise is None else noise
        return self.mu + noise * (0.5 * self.logvar).exp()

    def mode(self) -> Tensor:
        """Return the most probable value."""
        return self.mu

    def kl(self, prior: "Gaussian | None" = None) -> Tensor:
        """Return KL(self || prior) in nats per latent number. Without a prior, N(0, 1) is the prior."""
        return kl_divergence(*self) if prior is None else kl_divergence(*self, *prior)


class NoFeatures(nn.Module):
    """Replaces the chunk head in models without chunk latents (``chunk_latent_dim=0``)."""

    def forward(self, features: Tensor) -> Tensor:
        """Return an empty tensor (..., 0) for features (..., E)."""
        return features[..., :0]


class StandardPrior(nn.Module):
    """p(chunk | z) = N(0, 1) for every z."""

    def forward(self, sequence_latent: Tensor, posterior: Gaussian) -> Gaussian:
        """Return the prior (B, 1, K) of every chunk."""
        zeros = torch.zeros_like(posterior.mu[:, :1])
        return Gaussian(zeros, zeros)


class ConditionalPrior(nn.Module):
    """p(chunk | z): a Gaussian; a small network computes its mean and spread from z. It starts as N(0, 1)."""

    def __init__(self, latent_dim: int, chunk_latent_dim: int, hidden_dim: int) -> None:
        super().__init__()
        output = Linear(hidden_dim, 2 * chunk_latent_dim)
        nn.init.zeros_(output.weight)
        nn.init.zeros_(output.bias)
        self.network = nn.Sequential(Linear(latent_dim, hidden_dim), nn.GELU(), output)

    def forward(self, sequence_latent: Tensor, posterior: Gaussian) -> Gaussian:
        """Return the prior (B, 1, K) of every chunk, given z (B, Z)."""
        return Gaussian.from_features(self.network(sequence_latent)[:, None])


class LatentSpace(nn.Module):
    """Turns the encoder's features into posteriors, samples them and computes their KL.

    Args:
        config: sizes; with ``chunk_latent_dim=0`` chunk posteriors are empty, (B, C, 0).
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        pooled = 3 if config.statistics_pooling else 1
        self.statistics_pooling = config.statistics_pooling
        self.sequence_head = _posterior_head(pooled * config.embed_dim, config.latent_dim)
        has_chunks = config.chunk_latent_dim > 0
        self.chunk_head = (
            _posterior_head(config.embed_dim, config.chunk_latent_dim) if has_chunks else NoFeatures()
        )
        self.chunk_prior = (
            ConditionalPrior(config.latent_dim, config.chunk_latent_dim, config.embed_dim)
            if config.conditional_prior and has_chunks
            else StandardPrior()
        )

    @torch.no_grad()
    def shrink_means(self, num_body: int, factor: float) -> None:
        """Multiply the networks' share of the means that a linear code gives, ``num_body`` of them in z."""
        heads = [(self.sequence_head, num_body)]
        if isinstance(self.chunk_head, nn.Linear):
            heads.append((self.chunk_head, self.chunk_head.out_features // 2))
        for head, count in heads:
            head.weight[:count].mul_(factor)
            head.bias[:count].mul_(factor)

    @torch.no_grad()
    def set_chunk_spread(self, logvar: Tensor) -> None:
        """Set the log variance (K,) that chunk posteriors have before the networks change it."""
        if isinstance(self.chunk_head, nn.Linear):
            self.chunk_head.bias[len(logvar) :] = logvar.clamp(*LOGVAR_RANGE)

    def infer_sequence(
        self, sequence_feature: Tensor, chunk_features: Tensor, chunk_mask: Tensor
    ) -> Gaussian:
        """Return the posterior of z, (B, Z).

        Args:
            sequence_feature: (B, E), output of the sequence token.
            chunk_features: (B, C, E); ``statistics_pooling`` uses their mean and spread.
            chunk_mask: (B, C) bool, True for chunks that enter mean and spread.
        """
        features = [sequence_feature.float()]
        if self.statistics_pooling:
            features += _masked_statistics(chunk_features.float(), chunk_mask)
        return Gaussian.from_features(self.sequence_head(torch.cat(features, dim=-1)))

    def infer_chunks(self, chunk_features: Tensor) -> Gaussian:
        """Return the posterior of each chunk latent, (B, C, K), from features (B, C, E)."""
        return Gaussian.from_features(self.chunk_head(chunk_features))

    def sample(self, posterior: Gaussian, noise: Tensor | None = None) -> Tensor:
        """Draw from a posterior, see `Gaussian.sample`."""
        return posterior.sample(noise)

    def mode(self, posterior: Gaussian) -> Tensor:
        """Return the most probable latents of a posterior."""
        return posterior.mode()

    def kl(self, sequence: Gaussian, chunks: Gaussian, sequence_latent: Tensor) -> tuple[Tensor, Tensor]:
        """Return the KL of both levels in nats per latent number: (B, Z) and (B, C, K).

        The KL of the sequence latent is against N(0, I), the KL of the chunk latents against p(chunk | z) at
        the given z.
        """
        return sequence.kl(), chunks.kl(self.chunk_prior(sequence_latent, chunks))

    @staticmethod
    def interpolate(
        first: Tensor, second: Tensor, share: float | Tensor, kind: PathKind = "linear"
    ) -> Tensor:
        """Return the latents at a share of the path from the first to the second, at either level.

        - Linear: ``(1 - s) a + s b``.
        - Spherical: the direction follows the great circle,
          ``(sin((1 - s) w) a/|a| + sin(s w) b/|b|) / sin w`` with ``w`` the angle between a and b, and the
          length changes linearly from ``|a|`` to ``|b|``. Each chunk latent is a vector of its own.

        A draw of n numbers from N(0, I) has a length of about ``sqrt(n)``. The straight path runs through
        shorter vectors, which N(0, I) hardly ever yields; the great circle does not. If the vectors are
        parallel or opposite, or one is zero, no single great circle joins them and the path is linear.

        Args:
            first: latents (..., Z) or (..., K) at share 0.
            second: latents of the same shape at share 1.
            share: a number, or numbers that broadcast against the latents; shares outside [0, 1] extrapolate.
            kind: "linear" or "spherical".

        Raises:
            ValueError: ``kind`` is neither.

        Source: Shoemake 1985, "Animating Rotation with Quaternion Curves", section 3.3, where all vectors
        have length 1.
        """
        if kind not in ("linear", "spherical"):
            raise ValueError(f"kind must be 'linear' or 'spherical', but got {kind!r}.")
        straight = first + share * (second - first)
        return straight if kind == "linear" else _along_circle(first, second, share, straight)

    @staticmethod
    def direction(latents: Tensor, groups_mask: Tensor) -> Tensor:
        """Return the direction between two groups of latents: the difference of their means.

        ``mean of latents[mask] - mean of latents[~mask]``. One group has a label, or a value of a covariate;
        the other group is the rest.

        Args:
            latents: (n, Z) with one row per recording, or (m, K) with one row per chunk.
            groups_mask: (n,) or (m,) bool, True for the group that the direction points to.

        Returns:
            (Z,) or (K,); not scaled to length 1.

        Raises:
            ValueError: a group is empty.
        """
        count, total = int(groups_mask.sum()), len(groups_mask)
        if not 0 < count < total:
            raise ValueError(
                "A direction must have latents both inside and outside of the group, but got "
                f"{count} inside and {total - count} outside."
            )
        return latents[groups_mask].mean(0) - latents[~groups_mask].mean(0)

    @staticmethod
    def move(latents: Tensor, direction: Tensor, strength: float | Tensor) -> Tensor:
        """Return ``latents + strength * direction``, at either level.

        Args:
            latents: (..., Z) or (..., K).
            direction: (Z,) or (K,), from `direction`.
            strength: 0 changes nothing, 1 moves by the distance between the groups, below 0 moves away.
        """
        return latents + strength * direction


def _posterior_head(features: int, latent_dim: int) -> Linear:
    """Return a linear map to mean and log variance. The spread starts small: early noise would hide much."""
    head = Linear(features, 2 * latent_dim)
    nn.init.normal_(head.weight, std=features**-0.5)
    nn.init.zeros_(head.bias)
    with torch.no_grad():
        head.weight[latent_dim:] *= 0.1
        head.bias[latent_dim:] = INITIAL_LOGVAR
    return head


def _along_circle(first: Tensor, second: Tensor, share: float | Tensor, straight: Tensor) -> Tensor:
    """Return the spherical path of `LatentSpace.interpolate`; ``straight`` where no single circle exists."""
    lengths = [torch.linalg.vector_norm(x, dim=-1, keepdim=True) for x in (first, second)]
    units = [x / n.clamp(min=1e-12) for x, n in zip((first, second), lengths, strict=True)]
    angle = (units[0] * units[1]).sum(-1, keepdim=True).clamp(-1, 1).acos()
    share = torch.as_tensor(share, dtype=first.dtype, device=first.device)
    turned = ((1 - share) * angle).sin() * units[0] + (share * angle).sin() * units[1]
    length = lengths[0] + share * (lengths[1] - lengths[0])
    defined = (angle.sin() > MIN_SINE) & (torch.minimum(*lengths) > 0)
    return torch.where(defined, length * turned / angle.sin().clamp(min=MIN_SINE), straight)


def _masked_statistics(x: Tensor, mask: Tensor) -> list[Tensor]:
    """Return mean and standard deviation (B, E) of x (B, C, E) over the entries where mask (B, C) is True."""
    weight = mask.to(x.dtype)[..., None]
    count = weight.sum(1).clamp(min=1)
    mean = (x * weight).sum(1) / count
    variance = ((x - mean[:, None]).square() * weight).sum(1) / count
    return [mean, (variance + 1e-6).sqrt()]
