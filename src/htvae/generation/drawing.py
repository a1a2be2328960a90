"""Latents from the prior for sequences of any length.

Long sequences are drawn in overlapping windows; the latents that a window shares with the one before are
known to the prior.

Axes: ``n`` sequences, ``C`` chunks of the whole, ``W`` chunks of a window, ``Q`` labels per chunk, ``Z``
latent_dim, ``K`` chunk_latent_dim.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from htvae.models.chunking import LABELS_PER_CHUNK, ChunkGrid
from htvae.models.prior import NO_LABEL, NUM_STEPS, Condition, Known, LatentPrior, Latents
from htvae.utils.listening import part_of
from htvae.utils.random import random_stream

SCRIPT_GUIDANCE = 2.0
"""Default guidance with a script. Motion follows the script better than with 1 and is as close to real
motion; with more guidance the demo's motion is less close (docs/log/2026-11-25.md)."""
GOLDEN_SECTION = (5**0.5 - 1) / 2
"""Golden section. Fractional parts of its multiples fill [0, 1) evenly, for any count."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """Sequences to draw from the prior."""

    num_frames: int
    """Length of every sequence (frames)."""
    labels: Tensor
    """Labels (n,), int64, of the sequences; `NO_LABEL` for any."""
    chunk_labels: Tensor
    """Labels (n, C, Q), int64, of the chunks, see `ChunkGrid.label_places`; `NO_LABEL` for any."""
    known: Known
    """Masks (n,) and (n, C), True for latents that are given."""
    given: Latents
    """Values (n, Z) and (n, C, K) of the known latents; any finite value for the others."""
    guidance: float = 1.0
    num_steps: int = NUM_STEPS


def make_request(
    grid: ChunkGrid,
    latent_dims: tuple[int, int],
    num_frames: int,
    labels: Tensor,
    chunk_labels: Tensor | None = None,
    guidance: float = 1.0,
) -> Request:
    """Return a request in which nothing is known.

    Args:
        grid: the model's grid.
        latent_dims: Z and K.
        num_frames: length of every sequence (frames).
        labels: (n,).
        chunk_labels: (n, C, Q). None: any.
        guidance: see `LatentPrior.sample`.
    """
    batch, chunks = len(labels), grid.num_chunks(num_frames)
    if chunk_labels is None:
        chunk_labels = torch.full((batch, chunks, LABELS_PER_CHUNK), NO_LABEL)
    return Request(
        num_frames=num_frames,
        labels=labels,
        chunk_labels=chunk_labels,
        known=Known(torch.zeros(batch, dtype=torch.bool), torch.zeros(batch, chunks, dtype=torch.bool)),
        given=Latents(torch.zeros(batch, latent_dims[0]), torch.zeros(batch, chunks, latent_dims[1])),
        guidance=guidance,
    )


def draw_labels(shares: Sequence[float], count: int, seed: int) -> Tensor:
    """Draw labels (n,) in proportion to their shares.

    Each label belongs to a place on [0, 1), and each place lies the golden section after the one before.
    Therefore a few sequences already have the labels about in proportion, and a greater count keeps the first
    labels.

    Args:
        shares: share of "any", then of each label, as in `PriorState`; they add up to 1. Empty: all are
            "any".
        count: n.
        seed: seed of the first place.
    """
    if not shares:
        return torch.full((count,), NO_LABEL)
    places = (random_stream("label", seed, 0).random() + GOLDEN_SECTION * np.arange(count)) % 1
    return torch.from_numpy(np.searchsorted(np.cumsum(shares)[:-1], places, side="right"))


def draw_latents(prior: LatentPrior, grid: ChunkGrid, request: Request, seeds: Sequence[int]) -> Latents:
    """Draw the latents (n, Z) and (n, C, K) of sequences of any length; one z serves a whole sequence.

    Args:
        prior: a fitted prior.
        grid: the model's grid.
        request: length, labels, known latents.
        seeds: seed of each sequence's random numbers. The other sequences of a request change only the last
            digits of a sequence.
    """
    noise = draw_noise(request.given, seeds)
    known, given = request.known, Latents(request.given.sequence, request.given.chunks.clone())
    drawn = known.chunks.clone()
    device = prior.sequence_mean.device
    windows = grid.windows(given.chunks.shape[1])
    for number, (start, stop) in enumerate(windows):
        frames = min(grid.num_frames(stop - start), request.num_frames - start * grid.stride)
        part = slice(start, stop)
        condition = Condition(
            torch.full((len(seeds),), frames),
            torch.ones(len(seeds), stop - start, dtype=torch.bool),
            request.labels,
            request.chunk_labels[:, part],
        )
        with part_of(number, len(windows)):
            latents = prior.sample(
                Latents(*_to(device, noise.sequence, noise.chunks[:, part])),
                Condition(*_to(device, *condition)),
                Known(*_to(device, known.sequence, drawn[:, part])),
                Latents(*_to(device, given.sequence, given.chunks[:, part])),
                request.guidance,
                request.num_steps,
            )
        given.chunks[:, part] = latents.chunks.cpu()
        given = given._replace(sequence=latents.sequence.cpu())
        known, drawn[:, part] = known._replace(sequence=torch.ones_like(known.sequence)), True
    return given


def draw_noise(like: Latents, seeds: Sequence[int]) -> Latents:
    """Return standard normal numbers in the shapes of ``like``, drawn for each sequence from its own seed."""
    sequence, chunks = torch.empty_like(like.sequence), torch.empty_like(like.chunks)
    for i, seed in enumerate(seeds):
        generator = torch.Generator().manual_seed(seed)
        sequence[i].normal_(generator=generator)
        for chunk in chunks[i]:  # one by one, so that a longer sequence begins like a shorter one
            chunk.normal_(generator=generator)
    return Latents(sequence, chunks)


def _to(device: torch.device, *tensors: Tensor) -> list[Tensor]:
    return [tensor.to(device) for tensor in tensors]
