"""The prior over both latent levels: a transformer over [z, chunk latents], trained by flow matching.

What is unusual: it learns the latents of a frozen VAE, both levels in one sequence; any of them may be
*known*, and are then given clean, so that continuing and filling in are what it was trained for; a label may
stand for the whole sequence and another for each chunk, and either may be left open. The VAE itself sees no
label. The network adds to the answer that is right for independent normal latents (`_normal_direction`),
because its norms hide from it how far out a latent lies.

A latent ``x`` and noise ``e`` are joined by the straight line ``(1 - t) e + t x``. The network learns the
direction ``x - e`` at every place on it; going along from ``t = 0`` to ``1`` turns noise into a latent.

Axes: ``B`` batch, ``C`` chunks, ``Q`` labels per chunk, ``Z`` latent_dim, ``K`` chunk_latent_dim, ``E``
prior_embed_dim.

Source: Lipman et al. 2023, "Flow Matching for Generative Modeling", eq. 23 with sigma_min = 0; guidance as in
Ho & Salimans 2022, "Classifier-Free Diffusion Guidance", eq. 6, with weight ``guidance - 1``.
"""

import math
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from htvae.config import PriorConfig
from htvae.models.chunking import LABELS_PER_CHUNK
from htvae.models.transformer import Transformer

NO_LABEL = 0
"""Index that stands for "any label"; labels count from 1."""
NUM_WAVES = 64
"""Frequencies by which time and length are told to the network."""


class Latents(NamedTuple):
    """Latents of both levels, or anything of their shape."""

    sequence: Tensor
    """(B, Z)."""
    chunks: Tensor
    """(B, C, K)."""


class Known(NamedTuple):
    """Which latents are given."""

    sequence: Tensor
    """(B,) bool."""
    chunks: Tensor
    """(B, C) bool."""


class Condition(NamedTuple):
    """What is asked for."""

    num_frames: Tensor
    """(B,) length of each sequence."""
    chunk_mask: Tensor
    """(B, C) bool, True for chunks that hold a real frame."""
    labels: Tensor
    """(B,) int64 label of the sequence, `NO_LABEL` for any."""
    chunk_labels: Tensor
    """(B, C, Q) int64 labels of each chunk, see `htvae.models.chunking.label_places`; `NO_LABEL` for any."""

    def without_labels(self) -> "Condition":
        """Return the same with every label left open."""
        open_labels = torch.zeros_like(self.labels), torch.zeros_like(self.chunk_labels)
        return self._replace(labels=open_labels[0], chunk_labels=open_labels[1])


class LatentPrior(nn.Module):
    """A distribution of latents of both levels, given labels, a length and any known latents.

    Args:
        config: sizes.
        latent_dim: Z.
        chunk_latent_dim: K, at least 1.
        num_labels: labels of sequences.
        num_chunk_labels: labels of chunks.
    """

    sequence_mean: Tensor
    sequence_scale: Tensor
    chunk_mean: Tensor
    chunk_scale: Tensor

    def __init__(
        self,
        config: PriorConfig,
        latent_dim: int,
        chunk_latent_dim: int,
        num_labels: int = 0,
        num_chunk_labels: int = 0,
    ) -> None:
        super().__init__()
        dim = config.prior_embed_dim
        for level, size in (("sequence", latent_dim), ("chunk", chunk_latent_dim)):
            self.register_buffer(f"{level}_mean", torch.zeros(size))
            self.register_buffer(f"{level}_scale", torch.ones(size))
        self.sequence_input = nn.Linear(latent_dim, dim)
        self.chunk_input = nn.Linear(chunk_latent_dim, dim)
        self.known = nn.Embedding(2, dim)
        self.label = nn.Embedding(num_labels + 1, dim)
        self.chunk_label = nn.Embedding(LABELS_PER_CHUNK * (num_chunk_labels + 1), dim)
        self.condition = nn.Sequential(nn.Linear(4 * NUM_WAVES, dim), nn.GELU(), nn.Linear(dim, dim))
        self.transformer = Transformer(
            dim, config.prior_num_heads, config.prior_num_layers, config.prior_dropout, adaptive=True
        )
        self.sequence_output = nn.Linear(dim, latent_dim)
        self.chunk_output = nn.Linear(dim, chunk_latent_dim)
        for last in (self.sequence_output, self.chunk_output):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    @torch.no_grad()
    def fit_scale(self, sequence: Tensor, chunks: Tensor) -> None:
        """Measure mean and spread of latents drawn from training posteriors, (n, Z) and (m, K)."""
        for level, values in (("sequence", sequence), ("chunk", chunks)):
            getattr(self, f"{level}_mean").copy_(values.mean(0))
            getattr(self, f"{level}_scale").copy_(values.std(0).clamp(min=1e-3))

    def standardise(self, latents: Latents) -> Latents:
        """Return latents in units of their spread in training."""
        return Latents(
            (latents.sequence - self.sequence_mean) / self.sequence_scale,
            (latents.chunks - self.chunk_mean) / self.chunk_scale,
        )

    def restore(self, latents: Latents) -> Latents:
        """Undo `standardise`."""
        return Latents(
            latents.sequence * self.sequence_scale + self.sequence_mean,
            latents.chunks * self.chunk_scale + self.chunk_mean,
        )

    def forward(self, latents: Latents, time: Tensor, known: Known, condition: Condition) -> Latents:
        """Return the direction in which every latent moves.

        Args:
            latents: standardised; those that are known are clean, the others at ``time`` on their way.
            time: (B,) in [0, 1].
            known: which latents are given.
            condition: length and labels.
        """
        chunks = self.chunk_input(latents.chunks) + self.known(known.chunks.long())
        chunks = chunks + self._embed_chunk_labels(condition.chunk_labels)
        sequence = self.sequence_input(latents.sequence) + self.known(known.sequence.long())
        waves = torch.cat([_waves(time), _waves(condition.num_frames.log() / 10)], dim=-1)
        overall = self.condition(waves) + self.label(condition.labels)
        mask = torch.cat([torch.ones_like(condition.chunk_mask[:, :1]), condition.chunk_mask], dim=1)
        output = self.transformer(torch.cat([sequence[:, None], chunks], dim=1), mask, overall)
        further = Latents(
            self.sequence_output(output[:, 0]).float(), self.chunk_output(output[:, 1:]).float()
        )
        return _add(_normal_direction(latents, time), further, 1.0)

    def _embed_chunk_labels(self, labels: Tensor) -> Tensor:
        """Return (B, C, E), the mean over a chunk's places; each has its table and so tells which it is."""
        rows = self.chunk_label.num_embeddings // LABELS_PER_CHUNK
        starts = rows * torch.arange(LABELS_PER_CHUNK, device=labels.device)
        return self.chunk_label(labels + starts).mean(dim=2)

    def compute_loss(
        self, latents: Latents, noise: Latents, time: Tensor, known: Known, condition: Condition
    ) -> Tensor:
        """Return the flow-matching loss (B,) of each sequence: mean squared errors of both levels, added.

        The chunk part is the mean over the sequence's own unknown chunks, so that long sequences weigh no
        more than short ones; a level that is known throughout counts 0.

        Args:
            latents: standardised, drawn from the posteriors.
            noise: standard normal, of the same shapes.
            time: (B,) in [0, 1].
            known: latents that are given and not scored.
            condition: length and labels.
        """
        start = _mix(latents, noise, time)
        error = self(_keep(latents, start, known), time, known, condition)
        sequence = (error.sequence - (latents.sequence - noise.sequence)).square().mean(-1)
        chunks = (error.chunks - (latents.chunks - noise.chunks)).square().mean(-1)
        unknown = condition.chunk_mask & ~known.chunks
        chunk_loss = (chunks * unknown).sum(-1) / unknown.sum(-1).clamp(min=1)
        return sequence * ~known.sequence + chunk_loss

    @torch.no_grad()
    def sample(
        self,
        noise: Latents,
        condition: Condition,
        known: Known | None = None,
        given: Latents | None = None,
        guidance: float = 1.0,
        num_steps: int = 16,
    ) -> Latents:
        """Draw latents.

        Args:
            noise: standard normal numbers; the same noise gives the same latents.
            condition: length and labels.
            known: which latents are given. None: none.
            given: their values; any finite value where not known.
            guidance: 1 draws from the learned distribution, more exaggerates the labels, 0 ignores them.
            num_steps: steps of Heun's method, two passes of the network each (four with guidance).

        Returns:
            Latents of the VAE; those known come back as they were given.
        """
        if known is None or given is None:
            known = Known(
                *(torch.zeros(part.shape[:-1], dtype=torch.bool, device=part.device) for part in noise)
            )
            given = noise
        target, current = self.standardise(given), noise
        times = torch.linspace(0, 1, num_steps + 1).tolist()
        for start, stop in pairwise(times):
            first = self._guided(_keep(target, current, known), start, known, condition, guidance)
            ahead = _add(current, first, stop - start)
            if stop < 1:
                second = self._guided(_keep(target, ahead, known), stop, known, condition, guidance)
                first = Latents(*((a + b) / 2 for a, b in zip(first, second, strict=True)))
            current = _add(current, first, stop - start)
        return _keep(given, self.restore(current), known)

    def _guided(
        self, latents: Latents, time: float, known: Known, condition: Condition, guidance: float
    ) -> Latents:
        times = torch.full_like(latents.sequence[:, 0], time)
        if guidance == 1:
            return self(latents, times, known, condition)
        plain = self(latents, times, known, condition.without_labels())
        if guidance == 0:
            return plain
        asked = self(latents, times, known, condition)
        return Latents(*(p + guidance * (a - p) for p, a in zip(plain, asked, strict=True)))


def _mix(latents: Latents, noise: Latents, time: Tensor) -> Latents:
    """Return the places at ``time`` (B,) between noise and latents."""
    return Latents(
        torch.lerp(noise.sequence, latents.sequence, time[:, None]),
        torch.lerp(noise.chunks, latents.chunks, time[:, None, None]),
    )


def _keep(given: Latents, other: Latents, known: Known) -> Latents:
    """Return ``given`` where it is known, ``other`` elsewhere."""
    return Latents(
        torch.where(known.sequence[:, None], given.sequence, other.sequence),
        torch.where(known.chunks[..., None], given.chunks, other.chunks),
    )


def _normal_direction(latents: Latents, time: Tensor) -> Latents:
    """Return the mean direction ``x - e`` at ``time`` (B,) where all latents are independent and N(0, 1).

    With ``y = (1 - t) e + t x`` and both standard normal it is ``y Cov(x - e, y) / Var(y)``. To add it plays
    the part of the skip connection in Karras et al. 2022, "Elucidating the Design Space of Diffusion-Based
    Generative Models", eq. 7.
    """
    factor = (2 * time - 1) / (time.square() + (1 - time).square())
    return Latents(factor[:, None] * latents.sequence, factor[:, None, None] * latents.chunks)


def _add(latents: Latents, direction: Latents, step: float) -> Latents:
    return Latents(*(x + step * d for x, d in zip(latents, direction, strict=True)))


def _waves(values: Tensor) -> Tensor:
    """Return sines and cosines (B, 2 * NUM_WAVES) of values (B,) around 0 to 1."""
    frequencies = torch.exp(torch.linspace(0, math.log(1000.0), NUM_WAVES, device=values.device))
    angles = values[:, None].float() * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=-1)
