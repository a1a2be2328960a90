"""Which chunks count, drawn anew at every training step; outside training all do.

Axes: ``B`` batch, ``C`` chunks.
"""

import torch
from torch import Tensor, nn


class RandomGaps(nn.Module):
    """Leaves out one span of chunks per sequence, ``share`` of its chunks on average."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, chunk_mask: Tensor) -> Tensor:
        """Return chunk_mask (B, C) less a span of each row; unchanged outside training."""
        if not self.training or self.share == 0:
            return chunk_mask
        count = chunk_mask.sum(1, keepdim=True)
        length = torch.rand_like(count, dtype=torch.float32) * 2 * self.share
        return chunk_mask & ~_draw_span(chunk_mask, length, count)


class RandomPart(nn.Module):
    """Keeps, with a given probability, only one span of a quarter to three quarters of the chunks."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, chunk_mask: Tensor) -> Tensor:
        """Return chunk_mask (B, C), some rows reduced to a span; unchanged outside training."""
        if not self.training or self.probability == 0:
            return chunk_mask
        count = chunk_mask.sum(1, keepdim=True)
        length = 0.25 + 0.5 * torch.rand_like(count, dtype=torch.float32)
        whole = torch.rand_like(length) >= self.probability
        return chunk_mask & (whole | _draw_span(chunk_mask, length, count, least=1))


class KeepNothing(nn.Module):
    """Leaves out every chunk: the model without chunk latents."""

    def forward(self, chunk_mask: Tensor) -> Tensor:
        """Return a mask (B, C) that is False everywhere."""
        return torch.zeros_like(chunk_mask)


def _draw_span(chunk_mask: Tensor, length: Tensor, count: Tensor, least: int = 0) -> Tensor:
    """Return (B, C) bool, True in one span per row.

    Its length is a share ``length`` (B, 1) of the row's ``count`` (B, 1) chunks. The share is rounded up or
    down at random, so that short sequences lose as much on average as long ones.
    """
    size = (length * count + torch.rand_like(length)).floor().clamp(min=least)
    start = (torch.rand_like(length) * (count - size + 1)).floor()
    index = torch.arange(chunk_mask.shape[1], device=chunk_mask.device)
    return (index >= start) & (index < start + size)
