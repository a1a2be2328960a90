"""The random numbers of a training step, drawn window by window.

What is unusual: each window has a seed of its own, from which all of its numbers come, for its own chunks
alone. So they depend neither on the other windows of its batch nor on padding, and a step may be cut into
micro-batches, or shared out to processes, without changing. ``nn.Dropout`` (0 unless set) draws from torch's
global state, where this does not hold.

Axes: ``B`` batch, ``C`` chunks, ``Z`` latent_dim, ``K`` chunk_latent_dim.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from htvae.models.spans import RandomGaps, RandomPart


class Noise(NamedTuple):
    """Random numbers of a batch."""

    sequence: Tensor
    """(B, Z) standard normal, for the sequence latents."""
    chunks: Tensor
    """(B, C, K) standard normal, for the chunk latents; 0 beyond a window's own chunks."""
    part: Tensor
    """(B, 4) uniform in [0, 1), for `RandomPart`."""
    gaps: Tensor
    """(B, 3) uniform in [0, 1), for `RandomGaps`."""


def draw_noise(
    seeds: Tensor | None, counts: Tensor, num_chunks: int, latent_dim: int, chunk_latent_dim: int
) -> Noise:
    """Draw the numbers of each window by a CPU generator of its seed, and move them to the device of counts.

    Args:
        seeds: (B,) int64, at least 0; the generator tells their last 32 bits apart. None: seeds drawn from
            torch's global state.
        counts: (B,) chunks of each window.
        num_chunks: C, chunks of the longest window with its padding.
        latent_dim: Z.
        chunk_latent_dim: K.
    """
    draw = _draw_noise
    if torch.compiler.is_compiling():  # no decorator: it would import the compiler whenever this is imported
        draw = torch.compiler.disable(draw)
    return draw(seeds, counts, num_chunks, latent_dim, chunk_latent_dim)


def _draw_noise(
    seeds: Tensor | None, counts: Tensor, num_chunks: int, latent_dim: int, chunk_latent_dim: int
) -> Noise:
    """Do the same in plain Python, outside of what is compiled."""
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
