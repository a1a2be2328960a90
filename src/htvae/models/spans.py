"""Random masks over chunks, drawn anew at every training step. Outside training all chunks are used.

The caller gives the random numbers, see `htvae.models.noise`.

Axes: ``B`` batch, ``C`` chunks.
"""

import torch
from torch import Tensor, nn


class RandomGaps(nn.Module):
    """Masks one span of chunks per sequence, ``share`` of the sequence's chunks on average."""

    DRAWS = 3
    """Random numbers per sequence."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, chunk_mask: Tensor, uniform: Tensor | None) -> Tensor:
        """Return chunk_mask (B, C) without one span per row, placed by uniform (B, 3); None: unchanged."""
        if uniform is None or self.share == 0:
            return chunk_mask
        length, rounding, place = uniform.split(1, dim=1)
        return chunk_mask & ~_choose_span(chunk_mask, 2 * self.share * length, rounding, place)


class RandomPart(nn.Module):
    """Keeps, with the given probability, one span alone: a quarter to three quarters of the chunks."""

    DRAWS = 4
    """Random numbers per sequence."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, chunk_mask: Tensor, uniform: Tensor | None) -> Tensor:
        """Return chunk_mask (B, C), some rows cut to a span, placed by uniform (B, 4); None: unchanged."""
        if uniform is None or self.probability == 0:
            return chunk_mask
        whole, length, rounding, place = uniform.split(1, dim=1)
        span = _choose_span(chunk_mask, 0.25 + 0.5 * length, rounding, place, least=1)
        return chunk_mask & ((whole >= self.probability) | span)


class KeepNothing(nn.Module):
    """Masks every chunk, for models without chunk latents."""

    def forward(self, chunk_mask: Tensor, uniform: Tensor | None) -> Tensor:
        """Return a mask (B, C) that is False everywhere."""
        return torch.zeros_like(chunk_mask)


def _choose_span(
    chunk_mask: Tensor, length: Tensor, rounding: Tensor, place: Tensor, least: int = 0
) -> Tensor:
    """Return (B, C) bool, True in one span per row.

    Args:
        chunk_mask: (B, C) bool; each row's True entries come first.
        length: (B, 1), length of the span as a share of the row's chunks.
        rounding: (B, 1), uniform in [0, 1); rounds the length up or down at random, so that short sequences
            lose as large a share on average as long ones.
        place: (B, 1), uniform in [0, 1), where the span lies.
        least: fewest chunks of the span.
    """
    count = chunk_mask.sum(1, keepdim=True)
    size = (length * count + rounding).floor().clamp(min=least)
    start = (place * (count - size + 1)).floor()
    index = torch.arange(chunk_mask.shape[1], device=chunk_mask.device)
    return (index >= start) & (index < start + size)
