"""The encoder: frames to tokens, tokens to one summary per chunk, summaries to features for both levels.

What is unusual: the global level runs twice while training, because the sequence latent z is read off fewer
chunks than the chunk latents.

Axes: ``B`` batch, ``T`` frames, ``L`` points (landmarks), ``D`` coordinates, ``C`` chunks, ``M`` chunks of
the batch that are real, ``S`` frames per chunk, ``P`` frames per token, ``N`` tokens per chunk, ``E``
embed_dim; ``F = L (D + 1)``.
"""

import torch
from torch import Tensor, nn

from htvae.config import ModelConfig
from htvae.models.chunking import compute_chunk_mask, compute_num_chunks, split_into_chunks
from htvae.models.linear import Linear
from htvae.models.packing import Rows
from htvae.models.transformer import HierarchicalAttention


class VAEEncoder(nn.Module):
    """Maps frames to features of the sequence and of its chunks."""

    def __init__(self, config: ModelConfig, num_points: int, num_coordinates: int) -> None:
        super().__init__()
        self.chunk_size, self.chunk_overlap = config.chunk_size, config.resolved_chunk_overlap
        self.frames_per_token = config.frames_per_token
        token_features = config.frames_per_token * num_points * (num_coordinates + 1)
        self.embed = Linear(token_features, config.embed_dim)
        self.attention = HierarchicalAttention(
            config.embed_dim,
            config.num_heads,
            config.num_layers,
            config.chunk_size // config.frames_per_token,
            config.dropout,
        )

    def summarise(self, pose: Tensor, observed: Tensor, num_frames: Tensor) -> tuple[Tensor, Tensor]:
        """Return chunk summaries (B, C, E) and their mask (B, C) for a standardised pose (B, T, L, D)."""
        tokens, token_mask, chunk_mask = self.tokenise(pose, observed, num_frames)
        return self.attention.summarise(tokens, token_mask, chunk_mask), chunk_mask

    def tokenise(self, pose: Tensor, observed: Tensor, num_frames: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the real chunks' tokens (M, N, E), these tokens' mask (M, N) and the chunks' mask (B, C)."""
        grid = self.chunk_size, self.chunk_overlap
        chunk_mask = compute_chunk_mask(num_frames, compute_num_chunks(pose.shape[1], *grid), *grid)
        rows = Rows.of(chunk_mask)
        real = torch.arange(pose.shape[1], device=pose.device) < num_frames[:, None]
        observed = observed & real[..., None]
        seen = observed[..., None].to(pose.dtype)
        frames = torch.cat([pose * seen, seen], dim=-1).flatten(2)
        # (B, T, F) -> (M, S, F) -> (M, N, P * F)
        chunks = split_into_chunks(frames, rows, *grid).unflatten(1, (-1, self.frames_per_token))
        token_mask = split_into_chunks(real, rows, *grid).unflatten(1, (-1, self.frames_per_token)).any(-1)
        return self.embed(chunks.flatten(2)), token_mask, chunk_mask

    def forward(self, summaries: Tensor, chunk_mask: Tensor, sequence_mask: Tensor) -> tuple[Tensor, ...]:
        """Run the global level over ``sequence_mask`` for z, and over all real chunks for chunk latents.

        Args:
            summaries: (B, C, E).
            chunk_mask: (B, C) bool, chunks that hold a real frame.
            sequence_mask: (B, C) bool, chunks that z is read off. The same object as ``chunk_mask`` means
                that one run serves both.

        Returns:
            The sequence token's output (B, E) and the chunk features (B, C, E) for z, then the chunk features
            (B, C, E) for the chunk latents.
        """
        if sequence_mask is chunk_mask:
            sequence_feature, features = self.attention.attend_globally(summaries, chunk_mask)
            return sequence_feature, features, features
        both = torch.cat([sequence_mask, chunk_mask])
        sequence_feature, features = self.attention.attend_globally(summaries.repeat(2, 1, 1), both)
        batch = len(summaries)
        return sequence_feature[:batch], features[:batch], features[batch:]
