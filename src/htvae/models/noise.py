"""The random numbers of a training step, drawn window by window.

What is unusual:

- Each window has a seed of its own, which yields numbers for the window's own chunks alone. So the numbers
  depend neither on the batch nor on padding.
- A step may therefore be cut into micro-batches, or spread over processes, with the same result.
- ``nn.Dropout`` (0 unless set) draws from torch's global state and has no such guarantee.

Axes: ``B`` batch, ``C`` chunks, ``Z`` latent_dim, ``K`` chunk_latent_dim.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from htvae.models.spans import RandomGaps, RandomPart


class Noise(NamedTuple):
    """Random numbers of a batch."""

    sequence: Tensor
    """Standard normal numbers (B, Z) for the sequence latents."""
    chunks: Tensor
    """Standard normal numbers (B, C, K) for the chunk latents; 0 beyond a window's own chunks."""
    part: Tensor
    """Uniform numbers (B, 4) in [0, 1) for `RandomPart`."""
    gaps: Tensor
    """Uniform numbers (B, 3) in [0, 1) for `RandomGaps`."""


def draw_noise(
    seeds: Tensor | None, counts: Tensor, num_chunks: int, latent_dim: int, chunk_latent_dim: int
) -> Noise:
    """Draw each window's numbers with a CPU generator of the window's seed, then move them to counts' device.

    Args:
        seeds: (B,) int64, at least 0; the generator uses their last 32 bits. None: seeds drawn from torch's
            global state.
        counts: (B,) chunks of each window.
        num_chunks: C, chunks of the longest window, padding included.
        latent_dim: Z.
        chunk_latent_dim: K.
    """
    draw = _draw_noise
    if torch.compiler.is_compiling():  # a decorator would import the compiler with this module
        draw = torch.compiler.disable(draw)
    return draw(seeds, counts, num_chunks, latent_dim, chunk_latent_dim)


def _draw_noise(
    seeds: Tensor | None, counts: Tensor, num_chunks: int, latent_dim: int, chunk_latent_dim: int
) -> Noise:
    """Draw as `draw_noise` says, in plain Python that is never compiled."""
    if seeds is None:
        seeds = torch.randint(2**32, counts.shape).to(counts.device)
    batch = len(counts)
    sequence, uniform = (
        torch.empty(batch, size) for size in (latent_dim, RandomPart.DRAWS + RandomGaps.DRAWS)
    )
    chunks = torch.zeros(batch, num_chunks, chunk_latent_dim)
    generator = torch.Generator()
    for i, (seed, count) in enumerate(torch.stack([seeds, counts], dim=1).tolist()):
        generator.manual_seed(seed)
        sequence[i].normal_(generator=generator)
        uniform[i].uniform_(generator=generator)
        chunks[i, :count].normal_(generator=generator)
    sequence, chunks, uniform = (x.to(counts.device, non_blocking=True) for x in (sequence, chunks, uniform))
    return Noise(sequence, chunks, *uniform.split([RandomPart.DRAWS, RandomGaps.DRAWS], dim=1))
