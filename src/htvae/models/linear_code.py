"""The linear path of the model: the best linear code of poses, which the networks add to.

What is unusual:

- Linear maps that are computed before training (`htvae.models.linear_fit`), and fixed, turn a window's mean pose
  into numbers of z, and each chunk's movement around that pose into its chunk latent, and back. So the model
  starts with the error of a linear code, and keeps it on people that it has never seen.
- The chunk code is fitted through the cross-fade of overlapping chunks; its encoder sees its own chunk alone.
- Hidden points are filled in by the code, given the observed ones, before a chunk is encoded. As zeros they
  would go straight into the code.
- All of it runs in float32: bfloat16 would round poses to a hundredth.

Axes: ``B`` batch, ``T`` frames, ``L`` points, ``D`` coordinates, ``C`` chunks, ``M`` chunks with holes, ``S``
frames per chunk, ``Z`` latent_dim, ``Y`` body numbers (the first numbers of z), ``K`` chunk_latent_dim;
``F = L D``. Poses are standardised but for the weights, which count errors in torso lengths.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from htvae.config import ModelConfig
from htvae.models.chunking import cross_fade, split_into_chunks

FILL_RATIO = 4.0
"""Noise that filling assumes, over the code's own error: errors of some sixteen neighbouring frames are alike and
count as one. It was chosen on hidden points of `vicon`, `cmu` and `bandai2_clips` (docs/log/2026-11-29.md)."""
BODY_SPREAD = 0.03
"""Spread (torso lengths) of a window's mean pose around the body code, assumed where points are missing."""
BODY_SHARE = 2
"""One number of z in this many, at most, belongs to the body code."""


class LinearCodeValues(NamedTuple):
    """A fitted linear code; poses are in torso lengths around the mean of the training poses."""

    chunk_encoder: Tensor
    """(S, F, K)."""
    chunk_decoder: Tensor
    """(K, S, F); rows are orthogonal under the cross-fade, latents have variance 1 in training."""
    body_decoder: Tensor
    """(Y, F), rows orthogonal; body numbers have variance 1 in training."""
    point_error: Tensor
    """(L,) root mean square error of the code per coordinate, torso lengths."""


class LinearCode(nn.Module):
    """Fixed linear maps from poses to latents and back. Fresh ones are zero: then nothing is added.

    Args:
        config: sizes.
        num_points: L.
        num_coordinates: D.
    """

    chunk_encoder: Tensor
    chunk_decoder: Tensor
    body_decoder: Tensor
    unit: Tensor
    error: Tensor
    fade: Tensor

    def __init__(self, config: ModelConfig, num_points: int, num_coordinates: int) -> None:
        super().__init__()
        self.chunk_size, self.chunk_overlap = config.chunk_size, config.resolved_chunk_overlap
        self.num_coordinates = num_coordinates
        features, frames = num_points * num_coordinates, config.chunk_size
        self.num_body = count_body_numbers(config, num_points, num_coordinates)
        self.register_buffer("chunk_encoder", torch.zeros(frames * features, config.chunk_latent_dim))
        self.register_buffer("chunk_decoder", torch.zeros(config.chunk_latent_dim, frames * features))
        self.register_buffer("body_decoder", torch.zeros(self.num_body, features))
        self.register_buffer("unit", torch.ones(features))
        self.register_buffer("error", torch.ones(()))
        self.register_buffer("fade", cross_fade(frames, self.chunk_overlap), persistent=False)

    @torch.no_grad()
    def load(self, values: LinearCodeValues, pose_scale: Tensor) -> None:
        """Take over a fitted code, in units of ``pose_scale`` (L,), torso lengths."""
        unit = pose_scale.repeat_interleave(self.num_coordinates)
        self.unit.copy_(unit)
        self.chunk_encoder.copy_((values.chunk_encoder * unit[:, None]).flatten(0, 1))
        self.chunk_decoder.copy_((values.chunk_decoder / unit).flatten(1))
        self.body_decoder.copy_(values.body_decoder / unit)
        self.error.copy_(values.point_error.square().mean().sqrt())

    def chunk_energy(self) -> Tensor:
        """Return (K,): the squared size of a chunk that one unit of each latent adds, in squared torso lengths."""
        return (self.chunk_decoder * (self.fade[:, None] * self.unit).flatten()).square().sum(1)

    def infer_body(self, pose: Tensor, observed: Tensor, sequence_mask: Tensor) -> Tensor:
        """Return the body numbers (B, Y) of windows: the ridge solution for their mean poses.

        Args:
            pose: (B, T, L, D), standardised.
            observed: (B, T, L) bool, False for padding.
            sequence_mask: (B, C) bool, chunks that count.
        """
        seen = (observed & self._cover(sequence_mask, pose.shape[1])[..., None]).to(pose.dtype)
        count = seen.sum(1)
        mean = ((pose * seen[..., None]).sum(1) / count.clamp(min=1)[..., None]).flatten(1)
        known = (count > 0).to(pose.dtype).repeat_interleave(self.num_coordinates, dim=1)
        with _in_float32(pose):
            return _solve_ridge(self.body_decoder, mean, known * (self.unit / BODY_SPREAD).square())

    def decode_body(self, sequence_latent: Tensor) -> Tensor:
        """Return the mean pose (B, F), standardised, that z (B, Z) says."""
        with _in_float32(sequence_latent):
            return sequence_latent[:, : self.num_body].float() @ self.body_decoder

    def infer_chunks(self, pose: Tensor, observed: Tensor, body: Tensor, chunk_mask: Tensor) -> Tensor:
        """Return chunk latents (B, C, K): each chunk's movement around the mean pose ``body`` (B, F), projected.

        Args:
            pose: (B, T, L, D), standardised.
            observed: (B, T, L) bool, False for padding.
            body: (B, F), from `decode_body`.
            chunk_mask: (B, C) bool; other chunks get zeros.
        """
        seen = observed.repeat_interleave(self.num_coordinates, dim=2)
        with _in_float32(pose):
            movement = (pose.flatten(2).float() - body[:, None]) * seen
            chunks, seen = (
                split_into_chunks(x, self.chunk_size, self.chunk_overlap)[chunk_mask].flatten(1)
                for x in (movement, seen)
            )
            latents = self._fill(chunks, seen) @ self.chunk_encoder
        return latents.new_zeros(*chunk_mask.shape, latents.shape[1]).masked_scatter(
            chunk_mask[..., None], latents
        )

    def decode_chunks(self, chunk_latents: Tensor) -> Tensor:
        """Return the movement (n, S, F), standardised, that chunk latents (n, K) say."""
        with _in_float32(chunk_latents):
            return (chunk_latents.float() @ self.chunk_decoder).unflatten(1, (self.chunk_size, -1))

    def _fill(self, chunks: Tensor, seen: Tensor) -> Tensor:
        """Return chunks (n, S F) whose hidden values are those of the code given the observed ones."""
        holes = ~seen.all(1)
        if not holes.any():
            return chunks
        noise = FILL_RATIO * self.error
        weight = ((self.fade[:, None] * self.unit / noise).square().flatten()) * seen[holes]
        filled = _solve_ridge(self.chunk_decoder, chunks[holes], weight) @ self.chunk_decoder
        return chunks.index_put((holes,), torch.where(seen[holes], chunks[holes], filled))

    def _cover(self, sequence_mask: Tensor, num_frames: int) -> Tensor:
        """Return the frames (B, T), bool, that begin in the given chunks (B, C) or are covered by their last."""
        stride = self.chunk_size - self.chunk_overlap
        chunk = torch.arange(num_frames, device=sequence_mask.device) // stride
        return sequence_mask[:, chunk.clamp(max=sequence_mask.shape[1] - 1)]


def count_body_numbers(config: ModelConfig, num_points: int, num_coordinates: int) -> int:
    """Return Y, how many numbers of z say a window's mean pose."""
    return min(num_points * num_coordinates, config.latent_dim // BODY_SHARE)


def _solve_ridge(decoder: Tensor, values: Tensor, weight: Tensor) -> Tensor:
    """Return the latents (n, K) with a prior N(0, I) that decode best to values known with a precision.

    ``z = (I + B W B')^-1 B W x`` with B the decoder's rows and W the weights on the diagonal.

    Args:
        decoder: B (K, F).
        values: x (n, F).
        weight: (n, F), the precision of each value; 0 where it is hidden.

    Source: Hoerl & Kennard 1970, "Ridge Regression", eq. 2.1, with weights.
    """
    count = len(decoder)
    products = (decoder[:, None] * decoder[None]).flatten(0, 1)  # (K K, F)
    precision = (weight @ products.T).unflatten(1, (count, count)) + torch.eye(count, device=decoder.device)
    return torch.linalg.solve(precision, ((weight * values) @ decoder.T)[..., None]).squeeze(-1)


def _in_float32(like: Tensor) -> torch.autocast:
    return torch.autocast(like.device.type, enabled=False)
