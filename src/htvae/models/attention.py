"""Softmax attention with rotary positions, and its weights on request.

Weights are computed from the same queries, keys and masks as the answer.

Axes: ``B`` batch, ``N`` positions, ``R`` rows, ``H`` heads, ``E`` embed_dim.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from htvae.models.linear import Linear
from htvae.models.packing import Rows

SHORT = 512
"""Most positions for which a CPU computes attention in float32."""
VERY_SHORT = 64
"""Most positions for which a CPU computes attention by plain products."""
VECTOR = 16
"""Least scores of a softmax that a CPU computes in whole vectors; over 15 PyTorch 2.13 takes 13 times as long
as over 16, so fewer are padded."""


class Rotary(nn.Module):
    """Rotary positions (Su et al. 2021, "RoFormer", eq. 34): each query and key is turned by its position."""

    frequencies: Tensor

    def __init__(self, head_dim: int, base: float = 1000.0) -> None:
        super().__init__()
        frequencies = base ** (-torch.arange(0, head_dim, 2, device="cpu") / head_dim)
        self.register_buffer("frequencies", frequencies, persistent=False)

    def forward(self, length: int) -> tuple[Tensor, Tensor]:
        """Return cosines and sines, (length, head_dim / 2) each."""
        positions = torch.arange(length, device=self.frequencies.device)
        angles = positions[:, None] * self.frequencies
        return angles.cos(), angles.sin()


def rotate(heads: Tensor, angles: tuple[Tensor, Tensor]) -> Tensor:
    """Turn heads (..., N, E / H) by the angles of their positions."""
    cos, sin = (part.to(heads.dtype) for part in angles)
    first, second = heads.chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    """Return softmax attention (B, H, N, E / H) to where ``mask`` is True; None: everywhere.

    On a CPU, attention over short sequences is computed in float32 in every precision: the backward pass of
    PyTorch 2.13's bf16 kernel takes five times as long there. Within chunks it is plain products, since two
    threads share its own kernel out badly (docs/performance.md). A graph that is exported has any number of
    positions, so it knows no such cases.
    """
    if torch.compiler.is_exporting() or query.device.type != "cpu" or query.shape[2] > SHORT:
        return F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    parts = query.float(), key.float(), value.float()
    with torch.autocast("cpu", enabled=False):
        if query.shape[2] > VERY_SHORT:
            return F.scaled_dot_product_attention(*parts, attn_mask=mask).to(query.dtype)
        return (_weigh(*parts[:2], mask) @ parts[2]).to(query.dtype)


def _weigh(query: Tensor, key: Tensor, mask: Tensor | None) -> Tensor:
    """Return the weights (B, H, N queries, N keys) of attention."""
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    scores = scores if mask is None else scores.masked_fill(~mask, -torch.inf)
    count = scores.shape[-1]
    if count >= VECTOR:
        return scores.softmax(-1)
    return F.pad(scores, (0, VECTOR - count), value=-torch.inf).softmax(-1)[..., :count]


class Attention(nn.Module):
    """Multi-head self-attention over positions."""

    def __init__(self, embed_dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.query_key_value = Linear(embed_dim, 3 * embed_dim, bias=False)
        self.output = Linear(embed_dim, embed_dim, bias=False)

    def forward(
        self,
        projected: Tensor,
        angles: tuple[Tensor, Tensor],
        mask: Tensor | None,
        rows: Rows | None = None,
    ) -> Tensor:
        """Attend from all positions to those where ``mask`` (B, 1, 1, N) is True; return (B, N, E).

        ``projected`` is what ``query_key_value`` makes of the positions, (B, N, 3 E). With ``rows``, it and
        the result are packed, (R, 3 E) and (R, E).
        """
        query, key, value = self._split(projected if rows is None else rows.unpack(projected), angles)
        heads = attend(query, key, value, mask).transpose(1, 2).flatten(2)
        return self.output(heads if rows is None else rows.pack(heads))

    def compute_weights(
        self, projected: Tensor, angles: tuple[Tensor, Tensor], mask: Tensor | None
    ) -> Tensor:
        """Return the attention weights (B, H, N queries, N keys) that `forward` uses; each row sums to 1."""
        query, key, _ = self._split(projected, angles)
        return _weigh(query, key, mask).float()

    def _split(self, projected: Tensor, angles: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        # (B, N, 3 E) -> (B, 3, H, N, E / H)
        parts = projected.unflatten(-1, (3, self.num_heads, -1)).permute(0, 2, 3, 1, 4)
        turned, value = parts.split([2, 1], dim=1)
        query, key = rotate(turned, angles).unbind(1)
        return query, key, value.squeeze(1)
