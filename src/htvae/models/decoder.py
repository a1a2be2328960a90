"""The decoder: latents to frames, first between chunks, then inside each chunk.

What is unusual: a learned embedding with a position stands in for each chunk latent that is unknown.

Axes: ``B`` batch, ``T`` frames, ``L`` points (landmarks), ``D`` coordinates, ``C`` chunks, ``M`` real chunks
of the batch, ``S`` frames per chunk, ``P`` frames per token, ``N`` tokens per chunk, ``E`` embed_dim, ``Z``
latent_dim, ``K`` chunk_latent_dim.
"""

import math

import torch
from torch import Tensor, nn

from htvae.config import ModelConfig
from htvae.models.chunking import merge_chunks
from htvae.models.linear import Linear
from htvae.models.packing import Rows
from htvae.models.smoothing import smooth_frames
from htvae.models.transformer import Transformer


class VAEDecoder(nn.Module):
    """Maps latents to frames: a global stack over chunks, a local stack inside each chunk, overlap-add."""

    def __init__(self, config: ModelConfig, num_points: int, num_coordinates: int) -> None:
        super().__init__()
        dim, stack = config.embed_dim, (config.embed_dim, config.num_heads, config.num_layers, config.dropout)
        self.shape = (num_points, num_coordinates)
        self.chunk_overlap, self.output_smoothing = config.resolved_chunk_overlap, config.output_smoothing
        self.tokens_per_chunk = config.chunk_size // config.frames_per_token
        self.sequence_input = Linear(config.latent_dim, dim)
        self.chunk_input = Linear(config.chunk_latent_dim, dim) if config.chunk_latent_dim else None
        self.unknown_chunk = nn.Parameter(nn.init.normal_(torch.empty(dim), std=0.02))
        self.global_transformer = Transformer(*stack, adaptive=True, packed=True)
        self.unpool = Linear(dim, self.tokens_per_chunk * dim)
        self.local_condition = Linear(2 * dim, dim)
        self.local_transformer = Transformer(*stack, adaptive=True)
        self.output = Linear(dim, config.frames_per_token * num_points * num_coordinates)

    def forward(
        self,
        sequence_latent: Tensor,
        chunk_latents: Tensor,
        chunk_known: Tensor,
        chunk_mask: Tensor,
        num_frames: Tensor,
        length: int,
        movement: Tensor,
    ) -> Tensor:
        """Decode latents into a standardised pose, to which the linear code adds the body's mean.

        Args:
            sequence_latent: (B, Z).
            chunk_latents: (B, C, K).
            chunk_known: (B, C) bool; where False, a learned embedding stands in for the chunk latent.
            chunk_mask: (B, C) bool, chunks that hold a real frame.
            num_frames: (B,) real frames.
            length: T, frames to return.
            movement: (M, S, L D), what the linear code says of the real chunks; the networks add to it.

        Returns:
            (B, T, L, D), float32.
        """
        sequence = self.sequence_input(sequence_latent)
        chunks = self.embed_chunks(chunk_latents, chunk_known) + sequence[:, None]
        context = self.global_transformer(chunks, chunk_mask, condition=sequence)
        rows = Rows.of(chunk_mask)
        local = self.decode_chunks(rows.pack(context), rows.spread(sequence))
        chunks = rows.unpack(local.float() + movement)
        frames = merge_chunks(chunks, chunk_mask, length, self.chunk_overlap)
        return smooth_frames(frames, num_frames, self.output_smoothing).unflatten(2, self.shape)

    @torch.no_grad()
    def shrink(self, factor: float) -> None:
        """Multiply what the networks add to the linear code."""
        self.output.weight.mul_(factor)
        self.output.bias.mul_(factor)

    def decode_chunks(self, context: Tensor, sequence: Tensor) -> Tensor:
        """Return the frames (M, S, L D) of M real chunks from the global level's output for them (M, E)."""
        condition = self.local_condition(torch.cat([context, sequence], dim=-1))
        tokens = self.unpool(context).unflatten(1, (self.tokens_per_chunk, -1))
        tokens = self.local_transformer(tokens, None, condition)
        # (M, N, P L D) -> (M, S, L D)
        return self.output(tokens).view(len(tokens), -1, math.prod(self.shape))

    def embed_chunks(self, chunk_latents: Tensor, chunk_known: Tensor) -> Tensor:
        """Return the embedding (B, C, E) of each chunk latent (B, C, K), a learned one where unknown."""
        unknown = self.unknown_chunk.expand(*chunk_known.shape, -1)
        unknown = unknown + _positions(chunk_known.shape[1], unknown)
        if self.chunk_input is None:
            return unknown
        return torch.where(chunk_known[..., None], self.chunk_input(chunk_latents).to(unknown.dtype), unknown)


def _positions(length: int, like: Tensor) -> Tensor:
    """Return sinusoidal positions (length, E), so that unknown chunks differ (Vaswani et al. 2017, 3.5)."""
    half = like.shape[-1] // 2
    frequencies = 1000.0 ** (-torch.arange(half, device=like.device) / half)
    angles = torch.arange(length, device=like.device)[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=-1).to(like.dtype)
