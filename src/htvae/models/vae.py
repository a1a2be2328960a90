"""The hierarchical transformer VAE: frames -> tokens -> chunk summaries -> latents, and back the same way.

What is unusual: two latent levels (one z per window: *what the recording is*; one small latent per chunk:
*what happens when*); while training, spans of chunk latents are hidden from the decoder and z is read off
another part of the window, so that z is needed and holds what lasts; the learned scale of the likelihood has
three rows, for points that the model saw, for points hidden from it, and for frames whose chunk latent is
hidden from the decoder.

Axes: ``B`` batch, ``T`` frames, ``L`` points (landmarks), ``D`` coordinates, ``C`` chunks, ``S`` frames per
chunk, ``P`` frames per token, ``N`` tokens per chunk, ``E`` embed_dim, ``Z`` latent_dim, ``K``
chunk_latent_dim.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from htvae.config import ModelConfig
from htvae.models.chunking import (
    Count,
    compute_chunk_mask,
    compute_num_chunks,
    merge_chunks,
    split_into_chunks,
)
from htvae.models.latent import Gaussian, LatentSpace
from htvae.models.noise import Noise, draw_noise
from htvae.models.smoothing import hold_still, smooth_frames
from htvae.models.spans import KeepNothing, RandomGaps, RandomPart
from htvae.models.statistics import MotionStatistics
from htvae.models.transformer import HierarchicalAttention, Transformer, scatter_chunks

SCALE_GAIN = (
    20.0  # learned log scales move this much faster than other parameters: they cross several e-folds
)


class VAEOutput(NamedTuple):
    """What the model returns for a batch."""

    reconstruction: Tensor
    """(B, T, L, D) in torso lengths."""
    scale: Tensor
    """(B, T, L) learned spread of a point around its reconstruction, torso lengths."""
    sequence_posterior: Gaussian
    """(B, Z)."""
    chunk_posterior: Gaussian
    """(B, C, K)."""
    sequence_kl: Tensor
    """(B, Z) nats."""
    chunk_kl: Tensor
    """(B, C, K) nats; zero where the chunk is padding or was hidden from the decoder."""
    statistics_nll: Tensor
    """(B,) nats: how badly z alone tells the window's posture, range and speed."""


class Posteriors(NamedTuple):
    """What the encoder knows of a batch."""

    sequence: Gaussian
    """(B, Z)."""
    chunks: Gaussian
    """(B, C, K)."""
    chunk_mask: Tensor
    """(B, C) bool, True for chunks that hold a real frame."""


class VAEEncoder(nn.Module):
    """Frames to features of the sequence and of its chunks."""

    def __init__(self, config: ModelConfig, num_points: int, num_coordinates: int) -> None:
        super().__init__()
        self.chunk_size, self.chunk_overlap = config.chunk_size, config.resolved_chunk_overlap
        self.frames_per_token = config.frames_per_token
        token_features = config.frames_per_token * num_points * (num_coordinates + 1)
        self.embed = nn.Linear(token_features, config.embed_dim)
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
        """Return tokens (B, C, N, E), the tokens' mask (B, C, N) and the chunks' mask (B, C)."""
        real = torch.arange(pose.shape[1], device=pose.device) < num_frames[:, None]
        observed = observed & real[..., None]
        frames = torch.cat([pose * observed[..., None], observed[..., None].to(pose.dtype)], dim=-1).flatten(
            2
        )
        chunks = split_into_chunks(frames, self.chunk_size, self.chunk_overlap)
        # (B, C, S, F) -> (B, C, N, P * F)
        tokens = self.embed(chunks.unflatten(2, (-1, self.frames_per_token)).flatten(3))
        real_chunks = split_into_chunks(real, self.chunk_size, self.chunk_overlap)
        token_mask = real_chunks.unflatten(2, (-1, self.frames_per_token)).any(-1)
        chunk_mask = compute_chunk_mask(num_frames, tokens.shape[1], self.chunk_size, self.chunk_overlap)
        return tokens, token_mask, chunk_mask

    def forward(self, summaries: Tensor, chunk_mask: Tensor, sequence_mask: Tensor) -> tuple[Tensor, ...]:
        """Run the global level, once for z over ``sequence_mask`` and once for the chunks over all.

        Args:
            summaries: (B, C, E).
            chunk_mask: (B, C) bool, chunks that hold a real frame.
            sequence_mask: (B, C) bool, chunks that z may be read off.

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


class VAEDecoder(nn.Module):
    """Latents to frames: global over chunks, unpooled, local inside each chunk, overlap-add."""

    def __init__(self, config: ModelConfig, num_points: int, num_coordinates: int) -> None:
        super().__init__()
        dim, stack = config.embed_dim, (config.embed_dim, config.num_heads, config.num_layers, config.dropout)
        self.shape = (num_points, num_coordinates)
        self.chunk_overlap, self.output_smoothing = config.resolved_chunk_overlap, config.output_smoothing
        self.tokens_per_chunk = config.chunk_size // config.frames_per_token
        self.sequence_input = nn.Linear(config.latent_dim, dim)
        self.chunk_input = nn.Linear(config.chunk_latent_dim, dim) if config.chunk_latent_dim else None
        self.unknown_chunk = nn.Parameter(0.02 * torch.randn(dim))
        self.global_transformer = Transformer(*stack, adaptive=True)
        self.unpool = nn.Linear(dim, self.tokens_per_chunk * dim)
        self.local_condition = nn.Linear(2 * dim, dim)
        self.local_transformer = Transformer(*stack, adaptive=True)
        self.output = nn.Linear(dim, config.frames_per_token * num_points * num_coordinates)

    def forward(
        self,
        sequence_latent: Tensor,
        chunk_latents: Tensor,
        chunk_known: Tensor,
        chunk_mask: Tensor,
        num_frames: Tensor,
        length: int,
    ) -> Tensor:
        """Decode latents into a standardised pose.

        Args:
            sequence_latent: (B, Z).
            chunk_latents: (B, C, K).
            chunk_known: (B, C) bool; where False, a learned "unknown" stands in for the chunk latent.
            chunk_mask: (B, C) bool, chunks that hold a real frame.
            num_frames: (B,) real frames.
            length: T, frames to return.

        Returns:
            (B, T, L, D), float32.
        """
        sequence = self.sequence_input(sequence_latent)
        chunks = self._embed_chunks(chunk_latents, chunk_known) + sequence[:, None]
        context = self.global_transformer(chunks, chunk_mask, condition=sequence)
        local = self._decode_chunks(context[chunk_mask], sequence[:, None].expand_as(context)[chunk_mask])
        chunks = scatter_chunks(local.float(), chunk_mask)
        frames = merge_chunks(chunks, chunk_mask, length, self.chunk_overlap)
        return smooth_frames(frames, num_frames, self.output_smoothing).unflatten(2, self.shape)

    def _decode_chunks(self, context: Tensor, sequence: Tensor) -> Tensor:
        """Return the frames (M, S, L D) of M real chunks from what the global level says of them (M, E)."""
        condition = self.local_condition(torch.cat([context, sequence], dim=-1))
        tokens = self.unpool(context).unflatten(1, (self.tokens_per_chunk, -1))
        everywhere = torch.ones(tokens.shape[:2], dtype=torch.bool, device=tokens.device)
        tokens = self.local_transformer(tokens, everywhere, condition)
        # (M, N, P L D) -> (M, S, L D)
        return self.output(tokens).view(len(tokens), -1, math.prod(self.shape))

    def _embed_chunks(self, chunk_latents: Tensor, chunk_known: Tensor) -> Tensor:
        unknown = self.unknown_chunk.expand(*chunk_known.shape, -1)
        unknown = unknown + _positions(chunk_known.shape[1], unknown)
        if self.chunk_input is None:
            return unknown
        return torch.where(chunk_known[..., None], self.chunk_input(chunk_latents).to(unknown.dtype), unknown)


class HierarchicalTransformerVAE(nn.Module):
    """The model: poses in torso lengths in, their reconstruction and two levels of latents out.

    Args:
        config: sizes.
        num_points: L, landmarks (and the root velocity, where there is one).
        num_coordinates: D.
        pose_mean: (L, D) mean of the training poses, torso lengths. None: zeros.
        pose_scale: (L,) spread of the training poses, torso lengths. None: ones.
    """

    pose_mean: Tensor
    pose_scale: Tensor

    def __init__(
        self,
        config: ModelConfig,
        num_points: int,
        num_coordinates: int = 2,
        pose_mean: Tensor | None = None,
        pose_scale: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        mean = torch.zeros(num_points, num_coordinates) if pose_mean is None else pose_mean.clone()
        scale = torch.ones(num_points) if pose_scale is None else pose_scale.clone()
        self.register_buffer("pose_mean", mean)
        self.register_buffer("pose_scale", scale)
        self.encoder = VAEEncoder(config, num_points, num_coordinates)
        self.latent_space = LatentSpace(config)
        self.decoder = VAEDecoder(config, num_points, num_coordinates)
        self.statistics = MotionStatistics(config.latent_dim, num_points, num_coordinates)
        self.log_scale = nn.Parameter((0.5 * scale).log().repeat(3, 1) / SCALE_GAIN)
        self.sequence_part = RandomPart(config.sequence_span_probability)
        self.known_chunks = (
            RandomGaps(config.latent_span_dropout) if config.chunk_latent_dim else KeepNothing()
        )

    def forward(
        self, pose: Tensor, observed: Tensor, num_frames: Tensor, seeds: Tensor | None = None
    ) -> VAEOutput:
        """Encode, draw latents (in training; their mode otherwise), decode.

        Args:
            pose: (B, T, L, D) in torso lengths; any finite value where not observed.
            observed: (B, T, L) bool, True for points that the model may see.
            num_frames: (B,) real frames; what lies beyond is padding and changes nothing.
            seeds: (B,) int64, of each window's random numbers in training. None: torch's global state.

        Returns:
            The reconstruction of every frame, its scale, posteriors and KL of both levels.
        """
        noise = self._draw_noise(pose.shape[1], num_frames, seeds) if self.training else None
        part, gaps = (None, None) if noise is None else (noise.part, noise.gaps)
        standardised = self._standardise(pose)
        summaries, chunk_mask = self.encoder.summarise(standardised, observed, num_frames)
        posteriors = self._infer(summaries, chunk_mask, self.sequence_part(chunk_mask, part))
        sequence_latent, chunk_latents = self._choose_latents(posteriors, noise)
        known = self.known_chunks(chunk_mask, gaps)
        real = torch.arange(pose.shape[1], device=pose.device) < num_frames[:, None]
        reconstruction = self._decode(
            sequence_latent, chunk_latents, known, chunk_mask, num_frames, pose.shape[1]
        )
        sequence_kl, chunk_kl = self.latent_space.kl(posteriors.sequence, posteriors.chunks, sequence_latent)
        return VAEOutput(
            reconstruction=reconstruction,
            scale=self._scale(observed, known, chunk_mask),
            sequence_posterior=posteriors.sequence,
            chunk_posterior=posteriors.chunks,
            sequence_kl=sequence_kl,
            chunk_kl=chunk_kl * known[..., None],
            statistics_nll=self.statistics(sequence_latent, standardised, observed & real[..., None]),
        )

    def encode(self, pose: Tensor, observed: Tensor, num_frames: Tensor) -> Posteriors:
        """Return the posteriors of both levels; arguments as in `forward`."""
        summaries, chunk_mask = self.encoder.summarise(self._standardise(pose), observed, num_frames)
        return self._infer(summaries, chunk_mask, chunk_mask)

    def decode(
        self,
        sequence_latent: Tensor,
        chunk_latents: Tensor,
        num_frames: Tensor,
        chunk_known: Tensor | None = None,
    ) -> Tensor:
        """Decode latents into poses.

        Args:
            sequence_latent: (B, Z).
            chunk_latents: (B, C, K), with C chunks for the longest sequence.
            num_frames: (B,) frames of each sequence.
            chunk_known: (B, C) bool; where False the chunk latent is taken as unknown. None: all are known.

        Returns:
            (B, T, L, D) in torso lengths, T the largest of num_frames.
        """
        mask = compute_chunk_mask(
            num_frames, chunk_latents.shape[1], self.config.chunk_size, self.config.resolved_chunk_overlap
        )
        known = mask if chunk_known is None else chunk_known & mask
        return self._decode(sequence_latent, chunk_latents, known, mask, num_frames, int(num_frames.max()))

    def compute_attention(self, pose: Tensor, observed: Tensor, num_frames: Tensor) -> tuple[Tensor, Tensor]:
        """Return the encoder's attention weights, see `HierarchicalAttention.compute_attention`."""
        tokens = self.encoder.tokenise(self._standardise(pose), observed, num_frames)
        return self.encoder.attention.compute_attention(*tokens)

    def num_chunks(self, num_frames: Count) -> Count:
        """Return the number of chunks (and chunk latents) of windows of ``num_frames`` frames."""
        return compute_num_chunks(num_frames, self.config.chunk_size, self.config.resolved_chunk_overlap)

    def _draw_noise(self, length: int, num_frames: Tensor, seeds: Tensor | None) -> Noise:
        sizes, counts = self.config, self.num_chunks(num_frames)
        return draw_noise(seeds, counts, self.num_chunks(length), sizes.latent_dim, sizes.chunk_latent_dim)

    def _choose_latents(self, posteriors: Posteriors, noise: Noise | None) -> tuple[Tensor, Tensor]:
        """Return latents (B, Z) and (B, C, K), drawn from their posteriors; without noise, the modes."""
        space = self.latent_space
        if noise is None:
            return space.mode(posteriors.sequence), space.mode(posteriors.chunks)
        sequence = space.sample(posteriors.sequence, noise.sequence)
        return sequence, space.sample(posteriors.chunks, noise.chunks)

    def _infer(self, summaries: Tensor, chunk_mask: Tensor, sequence_mask: Tensor) -> Posteriors:
        sequence_feature, features, chunk_features = self.encoder(summaries, chunk_mask, sequence_mask)
        sequence = self.latent_space.infer_sequence(sequence_feature, features, sequence_mask)
        return Posteriors(sequence, self.latent_space.infer_chunks(chunk_features), chunk_mask)

    def _decode(
        self,
        sequence_latent: Tensor,
        chunk_latents: Tensor,
        known: Tensor,
        chunk_mask: Tensor,
        num_frames: Tensor,
        length: int,
    ) -> Tensor:
        standardised = self.decoder(sequence_latent, chunk_latents, known, chunk_mask, num_frames, length)
        pose = standardised * self.pose_scale[:, None] + self.pose_mean
        return pose if self.training else hold_still(pose, num_frames, self.config.output_smoothing)

    def _standardise(self, pose: Tensor) -> Tensor:
        return (pose - self.pose_mean) / self.pose_scale[:, None]

    def _scale(self, observed: Tensor, known: Tensor, chunk_mask: Tensor) -> Tensor:
        """Return the scale (B, T, L); a frame counts as known as far as its chunks are, by the cross-fade."""
        seen, hidden, unknown = self.log_scale * SCALE_GAIN
        chunks = known[:, :, None, None].float().expand(-1, -1, self.config.chunk_size, 1)
        share = merge_chunks(chunks, chunk_mask, observed.shape[1], self.config.resolved_chunk_overlap)
        return (torch.where(observed, seen, hidden) * share + unknown * (1 - share)).exp()


def _positions(length: int, like: Tensor) -> Tensor:
    """Return sinusoidal positions (length, E), so that unknown chunks differ (Vaswani et al. 2017, 3.5)."""
    half = like.shape[-1] // 2
    frequencies = 1000.0 ** (-torch.arange(half, device=like.device) / half)
    angles = torch.arange(length, device=like.device)[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=-1).to(like.dtype)
