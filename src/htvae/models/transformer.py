"""Transformer stacks, and the two-level attention of the encoder.

What is unusual:

- No stack ends in a normalisation, so that a linear path runs from the frames through tokens and summaries to
  the latents and back.
- The condition enters through adaptive layer norms, whose linear maps start at zero.
- Attention maps are computed only on request, from the weights and masks of the fast path.

Axes: ``B`` batch, ``C`` chunks, ``N`` positions of a stack, ``H`` heads, ``E`` embed_dim.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from htvae.models.attention import Attention, Rotary
from htvae.models.linear import Linear
from htvae.models.packing import Rows

BUCKET = 8
"""Packed rows are a multiple of this. On a CPU oneDNN makes a kernel for every new shape of a product and
keeps 1,024 of them, fewer than windows of any length and number ask for."""


class PlainNorm(nn.LayerNorm):
    """Layer norm with the signature of `AdaptiveNorm`; it ignores the condition."""

    def forward(self, x: Tensor, condition: Tensor | None = None, rows: Rows | None = None) -> Tensor:
        """Return x (..., E) normalised over E."""
        return super().forward(x)


class AdaptiveNorm(nn.Module):
    """Layer norm whose scale and shift come from a condition (Peebles & Xie 2023, "DiT", section 3.2).

    The linear map starts at zero, so that the condition has no effect at first.
    """

    def __init__(self, embed_dim: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(embed_dim, elementwise_affine=False)
        self.modulation = Linear(embed_dim, 2 * embed_dim)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, x: Tensor, condition: Tensor, rows: Rows | None = None) -> Tensor:
        """Return x, (B, N, E) or packed (R, E), normalised, scaled and shifted by the condition (B, E)."""
        modulation = self.modulation(condition)
        modulation = modulation[:, None] if rows is None else rows.spread(modulation)
        scale, shift = modulation.chunk(2, dim=-1)
        return torch.addcmul(shift, self.norm(x), 1 + scale)


class Block(nn.Module):
    """Pre-norm transformer layer: attention, then a two-layer perceptron, each added to its input."""

    def __init__(
        self, embed_dim: int, num_heads: int, num_layers: int, dropout: float, adaptive: bool
    ) -> None:
        super().__init__()
        norm = AdaptiveNorm if adaptive else PlainNorm
        self.attention_norm, self.mlp_norm = norm(embed_dim), norm(embed_dim)
        self.attention = Attention(embed_dim, num_heads)
        expand, contract = Linear(embed_dim, 4 * embed_dim), Linear(4 * embed_dim, embed_dim)
        self.mlp = nn.Sequential(expand, nn.GELU(), contract)
        self.dropout = nn.Dropout(dropout)
        for last in (self.attention.output, contract):
            nn.init.normal_(last.weight, std=(2 * num_layers * last.in_features) ** -0.5)

    def project(self, x: Tensor, condition: Tensor | None = None, rows: Rows | None = None) -> Tensor:
        """Return queries, keys and values (B, N, 3 E) of positions x (B, N, E), each from its own alone."""
        projected: Tensor = self.attention.query_key_value(self.attention_norm(x, condition, rows))
        return projected

    def forward(
        self,
        x: Tensor,
        angles: tuple[Tensor, Tensor],
        mask: Tensor | None,
        condition: Tensor | None,
        projected: Tensor | None = None,
        rows: Rows | None = None,
    ) -> Tensor:
        """Return (B, N, E), or packed (R, E) as x is.

        ``projected`` is what `project` returns for x, where it is known already.
        """
        projected = self.project(x, condition, rows) if projected is None else projected
        x = x + self.dropout(self.attention(projected, angles, mask, rows))
        return x + self.dropout(self.mlp(self.mlp_norm(x, condition, rows)))

    def compute_attention(
        self, x: Tensor, angles: tuple[Tensor, Tensor], mask: Tensor | None, condition: Tensor | None
    ) -> Tensor:
        """Return the attention weights (B, H, N, N) that `forward` uses."""
        return self.attention.compute_weights(self.project(x, condition), angles, mask)


class Transformer(nn.Module):
    """A stack of blocks with rotary positions; with ``adaptive`` a condition scales and shifts its norms.

    With ``packed``, only positions that may be attended to are computed while training; the output of others
    means nothing.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        num_layers: int,
        dropout: float = 0.0,
        adaptive: bool = False,
        packed: bool = False,
    ) -> None:
        super().__init__()
        self.packed = packed
        self.rotary = Rotary(embed_dim // num_heads)
        blocks = [Block(embed_dim, num_heads, num_layers, dropout, adaptive) for _ in range(num_layers)]
        self.blocks = nn.ModuleList(blocks)

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None,
        condition: Tensor | None = None,
        projected: Tensor | None = None,
    ) -> Tensor:
        """Run the stack.

        Args:
            x: (B, N, E).
            mask: (B, N) bool, True for positions that may be attended to. None: all.
            condition: (B, E) for adaptive stacks.
            projected: (B, N, 3 E), what the first block's `Block.project` returns for x, for who keeps it
                from call to call. None: computed.

        Returns:
            (B, N, E).
        """
        angles = self.rotary(x.shape[1])
        packed = self.packed and self.training and projected is None
        rows = Rows.of(mask, BUCKET) if packed and mask is not None else None
        x = x if rows is None else rows.pack(x)
        mask = None if mask is None else mask[:, None, None]
        for block in self.blocks:
            x = block(x, angles, mask, condition, projected, rows)
            projected = None
        return x if rows is None else rows.unpack(x)

    def compute_attention(self, x: Tensor, mask: Tensor, condition: Tensor | None = None) -> Tensor:
        """Return the attention weights of all layers, (layer, B, H, N queries, N keys)."""
        angles, mask, weights = self.rotary(x.shape[1]), mask[:, None, None], []
        for block in self.blocks:
            weights.append(block.compute_attention(x, angles, mask, condition))  # type: ignore[operator]
            x = block(x, angles, mask, condition)
        return torch.stack(weights)


class HierarchicalAttention(nn.Module):
    """Two-level attention: local inside each chunk, then global over one summary per chunk.

    A chunk's summary is a linear map of all its tokens plus the output of a learned summary token. Global
    attention runs over a learned sequence token followed by the summaries, so its cost grows with the square
    of the number of chunks, not with the square of the number of frames.

    Args:
        embed_dim: E.
        num_heads: heads of every layer.
        num_layers: layers of each of the two stacks.
        tokens_per_chunk: tokens in a chunk, ``chunk_size / frames_per_token``.
        dropout: share of hidden units dropped while training.
    """

    def __init__(
        self, embed_dim: int, num_heads: int, num_layers: int, tokens_per_chunk: int, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.summary_token = nn.Parameter(nn.init.normal_(torch.empty(embed_dim), std=0.02))
        self.sequence_token = nn.Parameter(nn.init.normal_(torch.empty(embed_dim), std=0.02))
        self.local_transformer = Transformer(embed_dim, num_heads, num_layers, dropout)
        self.pool = Linear(tokens_per_chunk * embed_dim, embed_dim)
        self.global_transformer = Transformer(embed_dim, num_heads, num_layers, dropout, packed=True)

    def summarise(self, tokens: Tensor, token_mask: Tensor, chunk_mask: Tensor) -> Tensor:
        """Return the summaries (B, C, E) of the M real chunks, those of chunk_mask (B, C); 0 for others."""
        return Rows.of(chunk_mask).unpack(self.summarise_chunks(tokens, token_mask))

    def summarise_chunks(self, tokens: Tensor, token_mask: Tensor) -> Tensor:
        """Run the local level.

        Args:
            tokens: (M, N, E), N = tokens_per_chunk.
            token_mask: (M, N) bool, True for tokens that hold a real frame.

        Returns:
            One summary per chunk (M, E).
        """
        local, mask = self._local_input(tokens, token_mask)
        local = self.local_transformer(local, mask)
        real = local[:, 1:] * mask[:, 1:, None]
        return self.pool(real.flatten(1)) + local[:, 0]

    def attend_globally(
        self, summaries: Tensor, chunk_mask: Tensor, projected: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Run the global level over summaries (B, C, E) where chunk_mask (B, C) is True.

        ``projected`` (B, 1 + C, 3 E) is what `project` returns for the sequence token and the summaries.

        Returns:
            The outputs of the sequence token (B, E) and of the summaries (B, C, E).
        """
        output = self.global_transformer(*self._global_input(summaries, chunk_mask), projected=projected)
        return output[:, 0], output[:, 1:]

    def project(self, x: Tensor) -> Tensor:
        """Return what the global level's first block makes of each position (B, C, E) alone, (B, C, 3 E)."""
        projected: Tensor = self.global_transformer.blocks[0].project(x)  # type: ignore[operator]
        return projected

    def compute_attention(
        self, tokens: Tensor, token_mask: Tensor, chunk_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the weights of both levels, from the real chunks' tokens (M, N, E) and masks.

        Returns:
            Local (layer, B, C, H, 1 + N, 1 + N), the summary token first, 0 for chunks that are not real;
            global (layer, B, H, 1 + C, 1 + C), the sequence token first.
        """
        rows = Rows.of(chunk_mask)
        local = self.local_transformer.compute_attention(*self._local_input(tokens, token_mask))
        summaries = self.summarise(tokens, token_mask, chunk_mask)
        overall = self.global_transformer.compute_attention(*self._global_input(summaries, chunk_mask))
        return rows.unpack(local.transpose(0, 1)).movedim(2, 0), overall

    def _local_input(self, tokens: Tensor, token_mask: Tensor) -> tuple[Tensor, Tensor]:
        return _prepend(self.summary_token, tokens), F.pad(token_mask, (1, 0), value=True)

    def _global_input(self, summaries: Tensor, chunk_mask: Tensor) -> tuple[Tensor, Tensor]:
        return _prepend(self.sequence_token, summaries), F.pad(chunk_mask, (1, 0), value=True)


def _prepend(token: Tensor, x: Tensor) -> Tensor:
    return torch.cat([token.to(x.dtype).expand(len(x), 1, -1), x], dim=1)
