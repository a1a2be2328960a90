"""The hierarchical transformer VAE: frames -> tokens -> chunk summaries -> latents, and back the same way.

What is unusual:

- There are two latent levels: one z per window (*what the recording is*) and one small latent per chunk
  (*what happens when*).
- While training, spans of chunk latents are hidden from the decoder, so that the decoder needs z; and z is
  read off a part of the window alone, so that z holds what lasts.
- A fixed linear code, fitted before training, runs beside the networks, which add to it
  (`htvae.models.linear_code`). At first they add almost nothing: the model starts as the linear code.
- The learned scale of the likelihood has three rows: points that the model saw, points that were hidden from
  the model, and frames whose chunk latent was hidden from the decoder.

Axes: ``B`` batch, ``T`` frames, ``L`` points (landmarks), ``D`` coordinates, ``C`` chunks, ``E`` embed_dim,
``Z`` latent_dim, ``K`` chunk_latent_dim.
"""

import copy
from typing import NamedTuple

import torch
from torch import Tensor, nn

from htvae.config import ModelConfig
from htvae.models.chunking import Count, compute_chunk_mask, compute_num_chunks, merge_chunks
from htvae.models.decoder import VAEDecoder
from htvae.models.encoder import VAEEncoder
from htvae.models.latent import Gaussian, LatentSpace
from htvae.models.linear_code import LEAST_ERROR, LinearCode, LinearCodeValues
from htvae.models.noise import Noise, draw_noise
from htvae.models.packing import Rows
from htvae.models.smoothing import hold_still
from htvae.models.spans import KeepNothing, RandomGaps, RandomPart
from htvae.models.statistics import MotionStatistics

START_SHARE = 0.01
"""Factor of the networks' fresh outputs beside a linear code: almost nothing, but with gradients
everywhere."""
SCALE_GAIN = 20.0
"""Factor by which learned log scales move faster than other parameters: they cross several e-folds."""


class VAEOutput(NamedTuple):
    """What the model returns for a batch."""

    reconstruction: Tensor
    """Reconstruction (B, T, L, D) in torso lengths."""
    scale: Tensor
    """Learned spread (B, T, L) of a point around its reconstruction, torso lengths."""
    sequence_posterior: Gaussian
    """Posterior (B, Z) of the sequence latent."""
    chunk_posterior: Gaussian
    """Posterior (B, C, K) of the chunk latents."""
    sequence_kl: Tensor
    """KL (B, Z) of the sequence latent, nats."""
    chunk_kl: Tensor
    """KL (B, C, K) of the chunk latents, nats; zero where a chunk is padding or was hidden from the
    decoder."""
    statistics_nll: Tensor
    """Negative log-likelihood (B,), nats, of the window's posture, range and speed given z alone."""


class Posteriors(NamedTuple):
    """Posteriors of both levels for a batch."""

    sequence: Gaussian
    """Posterior (B, Z) of the sequence latent."""
    chunks: Gaussian
    """Posterior (B, C, K) of the chunk latents."""
    chunk_mask: Tensor
    """Mask (B, C), bool, True for chunks that hold a real frame."""


class HierarchicalTransformerVAE(nn.Module):
    """The model, from poses in torso lengths to their reconstruction and two levels of latents.

    Args:
        config: sizes.
        num_points: L, the number of landmarks, plus 1 where the root velocity is a point.
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
        self.linear_code = LinearCode(config, num_points, num_coordinates)
        self.statistics = MotionStatistics(config.latent_dim, num_points, num_coordinates)
        self.log_scale = nn.Parameter((0.5 * scale).log().repeat(3, 1) / SCALE_GAIN)
        self.sequence_part = RandomPart(config.sequence_span_probability)
        self.known_chunks = (
            RandomGaps(config.latent_span_dropout) if config.chunk_latent_dim else KeepNothing()
        )

    @torch.no_grad()
    def start_from(self, values: LinearCodeValues) -> None:
        """Take over a fitted linear code, and shrink the networks' outputs: the model starts as this code.

        The spreads of posteriors start at their optimum for a linear Gaussian model, the scale of the
        likelihood starts at the code's own error.

        Source: Tipping & Bishop 1999, "Probabilistic Principal Component Analysis", section 3.2, ``M``.
        """
        self.linear_code.load(values, self.pose_scale)
        self.log_scale[0] = values.point_error.clamp(min=LEAST_ERROR).log() / SCALE_GAIN
        precision = 1 + (self.linear_code.chunk_energy() / self.linear_code.error.square())
        self.latent_space.set_chunk_spread(-precision.log())
        self._shrink_networks(START_SHARE)

    def linear_part(self) -> "HierarchicalTransformerVAE":
        """Return a copy whose networks add nothing: the linear code alone."""
        part = copy.deepcopy(self)
        part._shrink_networks(0.0)
        return part

    def forward(
        self, pose: Tensor, observed: Tensor, num_frames: Tensor, seeds: Tensor | None = None
    ) -> VAEOutput:
        """Encode, draw latents (in training; otherwise take their modes), decode.

        Args:
            pose: (B, T, L, D) in torso lengths; any finite value where not observed.
            observed: (B, T, L) bool, True for points that the model may see.
            num_frames: (B,) real frames; later frames are padding and change nothing.
            seeds: (B,) int64 seed of each window's random numbers in training. None: torch's global state.

        Returns:
            The reconstruction of every frame, its scale, posteriors and KL of both levels.
        """
        noise = self._draw_noise(pose.shape[1], num_frames, seeds) if self.training else None
        part, gaps = (None, None) if noise is None else (noise.part, noise.gaps)
        standardised = self.standardise(pose)
        summaries, chunk_mask = self.encoder.summarise(standardised, observed, num_frames)
        real = torch.arange(pose.shape[1], device=pose.device) < num_frames[:, None]
        seen = observed & real[..., None]
        sequence_mask = self.sequence_part(chunk_mask, part)
        posteriors = self._infer(summaries, standardised, seen, chunk_mask, sequence_mask)
        sequence_latent, chunk_latents = self._choose_latents(posteriors, noise)
        known = self.known_chunks(chunk_mask, gaps)
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
            statistics_nll=self.statistics(sequence_latent, standardised, seen),
        )

    def encode(self, pose: Tensor, observed: Tensor, num_frames: Tensor) -> Posteriors:
        """Return the posteriors of both levels; the arguments are those of `forward`."""
        standardised = self.standardise(pose)
        summaries, chunk_mask = self.encoder.summarise(standardised, observed, num_frames)
        real = torch.arange(pose.shape[1], device=pose.device) < num_frames[:, None]
        return self._infer(summaries, standardised, observed & real[..., None], chunk_mask, chunk_mask)

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
            chunk_known: (B, C) bool, False for chunk latents that are unknown. None: all are known.

        Returns:
            (B, T, L, D) in torso lengths, T the largest of num_frames.
        """
        mask = compute_chunk_mask(
            num_frames, chunk_latents.shape[1], self.config.chunk_size, self.config.resolved_chunk_overlap
        )
        known = mask if chunk_known is None else chunk_known & mask
        return self._decode(sequence_latent, chunk_latents, known, mask, num_frames, int(num_frames.max()))

    def encode_parts(self, pose: Tensor, observed: Tensor, num_frames: Tensor, parts: Tensor) -> Gaussian:
        """Return the posteriors of z (P, B, Z) that are read off parts of the windows, as in training.

        Args:
            pose: as in `forward`.
            observed: as in `forward`.
            num_frames: as in `forward`.
            parts: (P, B, C) bool, the chunks that each part holds; chunks of padding never count.
        """
        standardised = self.standardise(pose)
        summaries, chunk_mask = self.encoder.summarise(standardised, observed, num_frames)
        real = torch.arange(pose.shape[1], device=pose.device) < num_frames[:, None]
        seen, found = observed & real[..., None], []
        for part in parts & chunk_mask:
            features = self.encoder.attention.attend_globally(summaries, part)
            found.append(self._infer_sequence(*features, standardised, seen, part))
        return Gaussian(torch.stack([z.mu for z in found]), torch.stack([z.logvar for z in found]))

    def compute_attention(self, pose: Tensor, observed: Tensor, num_frames: Tensor) -> tuple[Tensor, Tensor]:
        """Return the encoder's attention weights, see `HierarchicalAttention.compute_attention`."""
        tokens = self.encoder.tokenise(self.standardise(pose), observed, num_frames)
        return self.encoder.attention.compute_attention(*tokens)

    def num_chunks(self, num_frames: Count) -> Count:
        """Return the number of chunks (and chunk latents) of windows of ``num_frames`` frames."""
        return compute_num_chunks(num_frames, self.config.chunk_size, self.config.resolved_chunk_overlap)

    def _shrink_networks(self, factor: float) -> None:
        self.latent_space.shrink_means(self.linear_code.num_body, factor)
        self.decoder.shrink(factor)

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

    def _infer(
        self, summaries: Tensor, pose: Tensor, seen: Tensor, chunk_mask: Tensor, sequence_mask: Tensor
    ) -> Posteriors:
        """Return the posteriors: the networks' answers, their means added to those of the linear code."""
        sequence_feature, features, chunk_features = self.encoder(summaries, chunk_mask, sequence_mask)
        sequence = self._infer_sequence(sequence_feature, features, pose, seen, sequence_mask)
        mean_pose = self.linear_code.decode_body(sequence.mu)
        chunks = self.latent_space.infer_chunks(chunk_features)
        chunks = chunks.shift(self.linear_code.infer_chunks(pose, seen, mean_pose, chunk_mask))
        return Posteriors(sequence, chunks, chunk_mask)

    def _infer_sequence(
        self, sequence_feature: Tensor, features: Tensor, pose: Tensor, seen: Tensor, sequence_mask: Tensor
    ) -> Gaussian:
        sequence = self.latent_space.infer_sequence(sequence_feature, features, sequence_mask)
        return sequence.shift(self.linear_code.infer_body(pose, seen, sequence_mask))

    def _decode(
        self,
        sequence_latent: Tensor,
        chunk_latents: Tensor,
        known: Tensor,
        chunk_mask: Tensor,
        num_frames: Tensor,
        length: int,
    ) -> Tensor:
        own = Rows.of(chunk_mask).pack(chunk_latents * known[..., None])
        movement = self.linear_code.decode_chunks(own)
        standardised = self.decoder(
            sequence_latent, chunk_latents, known, chunk_mask, num_frames, length, movement
        )
        body = self.linear_code.decode_body(sequence_latent).unflatten(1, self.pose_mean.shape)
        standardised = standardised + body[:, None]
        pose = standardised * self.pose_scale[:, None] + self.pose_mean
        return pose if self.training else hold_still(pose, num_frames, self.config.output_smoothing)

    def standardise(self, pose: Tensor) -> Tensor:
        """Return poses (B, T, L, D) in torso lengths around the training poses' mean, in their spread."""
        return (pose - self.pose_mean) / self.pose_scale[:, None]

    def _scale(self, observed: Tensor, known: Tensor, chunk_mask: Tensor) -> Tensor:
        """Return the scale (B, T, L), mixed where a known chunk fades into an unknown one."""
        seen, hidden, unknown = self.log_scale * SCALE_GAIN
        chunks = known[:, :, None, None].float().expand(-1, -1, self.config.chunk_size, 1)
        share = merge_chunks(chunks, chunk_mask, observed.shape[1], self.config.resolved_chunk_overlap)
        return (torch.where(observed, seen, hidden) * share + unknown * (1 - share)).exp()
