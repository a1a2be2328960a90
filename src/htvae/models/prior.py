"""The prior over both latent levels: a transformer over [z, chunk latents], trained by flow matching.

What is unusual:

- The prior learns the latents of a frozen VAE, both levels in one sequence. The VAE itself sees no labels.
- Any latents may be *known*: the network then gets them clean. So training already contains the tasks of
  continuing a recording and of filling in.
- A label may stand for the whole sequence and others for each chunk; each may be left open.
- The network's output is added to the direction that is right for independent normal latents
  (`htvae.models.flow.normal_direction`), because layer norms hide from the network how far out a latent lies.

Axes: ``B`` batch, ``C`` chunks, ``Q`` labels per chunk, ``Z`` latent_dim, ``K`` chunk_latent_dim, ``E``
prior_embed_dim.

Source: flow matching as in `htvae.models.flow`; guidance as in Ho & Salimans 2022, "Classifier-Free Diffusion
Guidance", eq. 6, with weight ``guidance - 1``.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from htvae.config import PriorConfig
from htvae.models.chunking import LABELS_PER_CHUNK
from htvae.models.flow import Direction, follow_flow, mix, move_along, normal_direction, time_grid
from htvae.models.flow import Latents as Latents  # other rooms import it from here
from htvae.models.linear import Linear
from htvae.models.transformer import Transformer

NO_LABEL = 0
"""Index that stands for "any label"; labels count from 1."""
NUM_STEPS = 10
"""Steps of drawing. More change the latents by 2 % of their spread (docs/log/2026-11-29.md)."""
NUM_WAVES = 64
"""Frequencies of the sines and cosines that encode time and length."""


class Known(NamedTuple):
    """Which latents are given."""

    sequence: Tensor
    """Mask (B,), bool, True for sequence latents that are given."""
    chunks: Tensor
    """Mask (B, C), bool, True for chunk latents that are given."""


class Condition(NamedTuple):
    """Length and labels of the sequences to draw."""

    num_frames: Tensor
    """Frames (B,) of each sequence."""
    chunk_mask: Tensor
    """Mask (B, C), bool, True for chunks that hold a real frame."""
    labels: Tensor
    """Label (B,), int64, of each sequence; `NO_LABEL` for any."""
    chunk_labels: Tensor
    """Labels (B, C, Q), int64, of each chunk, see `htvae.models.chunking.label_places`; `NO_LABEL` for
    any."""

    def without_labels(self) -> "Condition":
        """Return the same with every label left open."""
        return self._replace(
            labels=torch.full_like(self.labels, NO_LABEL),
            chunk_labels=torch.full_like(self.chunk_labels, NO_LABEL),
        )


class LatentPrior(nn.Module):
    """A distribution of latents of both levels, given labels, a length and any known latents.

    Args:
        config: sizes, and the dropout; None drops nothing.
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
        self.sequence_input = Linear(latent_dim, dim)
        self.chunk_input = Linear(chunk_latent_dim, dim)
        self.known = nn.Embedding(2, dim)
        self.label = nn.Embedding(num_labels + 1, dim)
        self.chunk_label = nn.Embedding(LABELS_PER_CHUNK * (num_chunk_labels + 1), dim)
        self.condition = nn.Sequential(Linear(4 * NUM_WAVES, dim), nn.GELU(), Linear(dim, dim))
        self.transformer = Transformer(
            dim,
            config.prior_num_heads,
            config.prior_num_layers,
            config.prior_dropout or 0.0,
            adaptive=True,
            packed=True,
        )
        self.sequence_output = Linear(dim, latent_dim)
        self.chunk_output = Linear(dim, chunk_latent_dim)
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
        """Return the direction of the flow for every latent.

        Args:
            latents: standardised; known latents are clean, the others are those of the flow at ``time``.
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
        learned = Latents(
            self.sequence_output(output[:, 0]).float(), self.chunk_output(output[:, 1:]).float()
        )
        return move_along(normal_direction(latents, time), learned, 1.0)

    def _embed_chunk_labels(self, labels: Tensor) -> Tensor:
        """Return (B, C, E), the mean over a chunk's places; each place has a table of its own."""
        rows = self.chunk_label.num_embeddings // LABELS_PER_CHUNK
        starts = rows * torch.arange(LABELS_PER_CHUNK, device=labels.device)
        return self.chunk_label(labels + starts).mean(dim=2)

    def compute_loss(
        self, latents: Latents, noise: Latents, time: Tensor, known: Known, condition: Condition
    ) -> Tensor:
        """Return the flow-matching loss (B,) of each sequence: mean squared errors of both levels, added.

        The chunk part is the mean over the sequence's own unknown chunks, so that long sequences weigh no
        more than short ones. A level without unknown latents counts 0.

        Args:
            latents: standardised, drawn from the posteriors.
            noise: standard normal, of the same shapes.
            time: (B,) in [0, 1].
            known: latents that are given and not scored.
            condition: length and labels.
        """
        start = mix(latents, noise, time)
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
        num_steps: int = NUM_STEPS,
    ) -> Latents:
        """Draw latents.

        Args:
            noise: standard normal numbers; the same noise gives the same latents.
            condition: length and labels.
            known: which latents are given. None: none.
            given: values of the known latents; any finite value for the others.
            guidance: 1 draws from the learned distribution, more exaggerates the labels, 0 ignores them.
            num_steps: steps of Heun's method (the last is an Euler step). Each calls the network twice, the
                last once; with guidance twice as often.

        Returns:
            Latents of the VAE; known ones come back unchanged.
        """
        if known is None or given is None:
            sequence, chunks = (torch.zeros_like(part[..., 0], dtype=torch.bool) for part in noise)
            known, given = Known(sequence, chunks), noise
        direction = self.direction_field(self.standardise(given), known, condition, guidance)
        drawn = follow_flow(direction, noise, time_grid(num_steps), end_with_euler=True)
        return _keep(given, self.restore(drawn), known)

    def direction_field(
        self, given: Latents, known: Known, condition: Condition, guidance: float = 1.0
    ) -> Direction:
        """Return the direction of the flow as a function of latents and time, for `follow_flow`.

        The known latents stand at their given values throughout. With guidance the direction is
        ``open + guidance * (labelled - open)``, where ``open`` is the direction without labels.

        Args:
            given: standardised values of the known latents; any finite value for the others.
            known: which latents are given.
            condition: length and labels.
            guidance: as in `sample`.
        """
        unlabelled = condition.without_labels()

        def direction(latents: Latents, time: float) -> Latents:
            latents = _keep(given, latents, known)
            times = torch.full_like(latents.sequence[:, 0], time)
            if guidance == 1:
                return self(latents, times, known, condition)
            plain = self(latents, times, known, unlabelled)
            if guidance == 0:
                return plain
            asked = self(latents, times, known, condition)
            return Latents(*(p + guidance * (a - p) for p, a in zip(plain, asked, strict=True)))

        return direction


def _keep(given: Latents, other: Latents, known: Known) -> Latents:
    """Return ``given`` where it is known, ``other`` elsewhere."""
    return Latents(
        torch.where(known.sequence[:, None], given.sequence, other.sequence),
        torch.where(known.chunks[..., None], given.chunks, other.chunks),
    )


def _waves(values: Tensor) -> Tensor:
    """Return sines and cosines (B, 2 * NUM_WAVES) that encode values (B,), about 0 to 1."""
    frequencies = torch.exp(torch.linspace(0, math.log(1000.0), NUM_WAVES, device=values.device))
    angles = values[:, None].float() * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=-1)
