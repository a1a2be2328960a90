"""Encoder and decoder as graphs without branches, which ONNX can hold; weights are the network's own.

What is unusual:

- The network leaves chunks of padding out; a graph computes them like others and masks them.
- ONNX cannot solve linear systems: `solve_positive` eliminates step by step, in double precision.
- The decoder returns all frames of its chunks. Frames beyond a sequence's own are to be cut off.

Axes: ``B`` batch, ``T`` frames, ``N`` points, ``D`` coordinates, ``C`` chunks, ``S`` frames per chunk, ``Z``
latent_dim, ``K`` chunk_latent_dim; ``F = N D``; ``M = B C``.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from htvae.models.chunking import compute_chunk_mask, cross_fade
from htvae.models.latent import Gaussian
from htvae.models.linear_code import FILL_NOISE_RATIO, FILL_WEIGHT, NOISE_RATIO
from htvae.models.ridge import multiply_rows
from htvae.models.smoothing import hold_still, smooth_frames
from htvae.models.vae import HierarchicalTransformerVAE


class EncoderGraph(nn.Module):
    """The encoder: poses to the posteriors of both levels."""

    chunk_products: Tensor
    body_products: Tensor

    def __init__(self, network: HierarchicalTransformerVAE) -> None:
        super().__init__()
        self.network = network
        code, (points, coordinates) = network.linear_code, network.pose_mean.shape
        self.chunk_rows = code.chunk_decoder.unflatten(1, (-1, coordinates))
        self.body_rows = code.body_decoder.unflatten(1, (points, coordinates))
        self.register_buffer("chunk_products", multiply_rows(self.chunk_rows))
        self.register_buffer("body_products", multiply_rows(self.body_rows))

    def forward(self, pose: Tensor, observed: Tensor, num_frames: Tensor) -> tuple[Tensor, ...]:
        """Return mu and logvar of z (B, Z), then of the chunk latents (B, C, K); 0 for chunks of padding.

        Args:
            pose: (B, T, N, D) in torso lengths, any finite value where not observed; T > chunk_overlap.
            observed: (B, T, N) bool.
            num_frames: (B,) int64, real frames; later ones are padding.
        """
        network, encoder = self.network, self.network.encoder
        real = torch.arange(pose.shape[1]) < num_frames[:, None]
        seen = observed & real[..., None]
        standardised = network.standardise(pose) * seen[..., None]
        chunks, chunk_seen, chunk_real = (self._split(x) for x in (standardised, seen, real))
        mask = compute_chunk_mask(num_frames, chunks.shape[1], encoder.chunk_size, encoder.chunk_overlap)
        summaries = self._summarise(chunks, chunk_seen, chunk_real) * mask[..., None]
        feature, features = encoder.attention.attend_globally(summaries, mask)
        sequence = network.latent_space.infer_sequence(feature, features, mask)
        sequence = sequence.shift(self._infer_body(standardised, seen))
        body = network.linear_code.decode_body(sequence.mu)
        found = network.latent_space.infer_chunks(features)
        found = found.shift(self._infer_movement(chunks, chunk_seen, body) * mask[..., None])
        found = Gaussian(*(part * mask[..., None] for part in found))
        return (*sequence, *found)

    def _split(self, frames: Tensor) -> Tensor:
        """Cut frames (B, T, ...) into chunks (B, C, S, ...), with zeros beyond the last frame."""
        size, overlap = self.network.encoder.chunk_size, self.network.encoder.chunk_overlap
        stride, length = size - overlap, frames.shape[1]
        count = (length - overlap + stride - 1) // stride
        padded = F.pad(frames.to(torch.float32), [0, 0] * (frames.dim() - 2) + [0, size])
        index = torch.arange(count)[:, None] * stride + torch.arange(size)
        return padded[:, index].to(frames.dtype)

    def _summarise(self, chunks: Tensor, seen: Tensor, real: Tensor) -> Tensor:
        """Return the summary (B, C, E) of each chunk."""
        encoder, step = self.network.encoder, self.network.encoder.frames_per_token
        frames = torch.cat([chunks, seen[..., None].to(chunks.dtype)], dim=-1).flatten(3)
        tokens = encoder.embed(frames.unflatten(2, (-1, step)).flatten(3))
        token_mask = real.unflatten(2, (-1, step)).any(-1)
        found = encoder.attention.summarise_chunks(tokens.flatten(0, 1), token_mask.flatten(0, 1))
        return found.unflatten(0, chunks.shape[:2])

    def _infer_body(self, pose: Tensor, seen: Tensor) -> Tensor:
        """Return what `LinearCode.infer_body` does, (B, Y)."""
        count = seen.to(pose.dtype).sum(1)
        mean = pose.sum(1) / count.clamp(min=1)[..., None]
        weight = (count > 0) * self.network.linear_code.body_weight()
        return self._solve(self.body_rows, self.body_products, mean, weight)

    def _infer_movement(self, chunks: Tensor, seen: Tensor, body: Tensor) -> Tensor:
        """Return what `LinearCode.infer_chunks` does, (B, C, K)."""
        rows, weight = self.chunk_rows, self.network.linear_code.chunk_weight()
        centre = body.unflatten(1, self.network.pose_mean.shape)[:, None, None]
        known = seen.flatten(0, 1).flatten(1)
        values = ((chunks - centre) * seen[..., None]).flatten(0, 1).flatten(1, 2)
        cautious = weight * (NOISE_RATIO / FILL_NOISE_RATIO) ** 2
        guess = self._solve(rows, self.chunk_products, values, known * cautious) @ rows.flatten(1)
        filled = torch.where(known[..., None], values, guess.unflatten(1, rows.shape[1:]))
        trust = weight * torch.where(known, 1.0, FILL_WEIGHT)
        return self._solve(rows, self.chunk_products, filled, trust).unflatten(0, chunks.shape[:2])

    @staticmethod
    def _solve(rows: Tensor, products: Tensor, values: Tensor, weight: Tensor) -> Tensor:
        """Return what `solve_ridge` does: (n, K) from values (n, P, D) with weights (n, P)."""
        right = (weight[..., None] * values).flatten(1) @ rows.flatten(1).T
        matrix = (weight @ products).unflatten(1, (len(rows), len(rows))) + torch.eye(len(rows))
        return solve_positive(matrix, right)


class DecoderGraph(nn.Module):
    """The decoder: latents to poses."""

    def __init__(self, network: HierarchicalTransformerVAE) -> None:
        super().__init__()
        self.network = network

    def forward(self, sequence_latent: Tensor, chunk_latents: Tensor, num_frames: Tensor) -> Tensor:
        """Return all frames (B, T, N, D) of the chunks, torso lengths; T = (C - 1) * stride + S.

        Args:
            sequence_latent: (B, Z).
            chunk_latents: (B, C, K).
            num_frames: (B,) int64, frames of each sequence; later ones are to be cut off.
        """
        network, decoder, code = self.network, self.network.decoder, self.network.linear_code
        overlap = decoder.chunk_overlap
        mask = compute_chunk_mask(num_frames, chunk_latents.shape[1], code.chunk_size, overlap)
        sequence = decoder.sequence_input(sequence_latent)
        embedded = decoder.embed_chunks(chunk_latents, mask) + sequence[:, None]
        context = decoder.global_transformer(embedded, mask, condition=sequence)
        everywhere = sequence[:, None].expand_as(context).flatten(0, 1)
        local = decoder.decode_chunks(context.flatten(0, 1), everywhere)
        local = local + code.decode_chunks(chunk_latents.flatten(0, 1))
        frames = overlap_add(local.unflatten(0, chunk_latents.shape[:2]), mask, overlap)
        frames = smooth_frames(frames, num_frames, decoder.output_smoothing) + code.decode_body(
            sequence_latent
        ).unsqueeze(1)
        pose = frames.unflatten(2, network.pose_mean.shape) * network.pose_scale[:, None] + network.pose_mean
        return hold_still(pose, num_frames, network.config.output_smoothing)


def overlap_add(chunks: Tensor, chunk_mask: Tensor, chunk_overlap: int) -> Tensor:
    """Return what `merge_chunks` does for all frames (B, T, F) of chunks (B, C, S, F), without indices."""
    size = chunks.shape[2]
    stride = size - chunk_overlap
    weight = cross_fade(size, chunk_overlap) * chunk_mask.to(chunks.dtype)[:, :, None]
    total = _add_shifted(chunks * weight[..., None], stride)
    norm = _add_shifted(weight[..., None], stride)
    frames = total / norm.clamp(min=torch.finfo(norm.dtype).tiny)
    return frames[:, : (chunks.shape[1] - 1) * stride + size]


def _add_shifted(chunks: Tensor, stride: int) -> Tensor:
    """Add chunks (B, C, S, F), each ``stride`` frames after the last, to (B, frames, F)."""
    parts = -(-chunks.shape[2] // stride)
    padded = F.pad(chunks, [0, 0, 0, parts * stride - chunks.shape[2]]).unflatten(2, (parts, stride))
    shifted = [F.pad(padded[:, :, j], [0, 0, 0, 0, j, parts - 1 - j]) for j in range(parts)]
    return torch.stack(shifted).sum(0).flatten(1, 2)


def solve_positive(matrix: Tensor, right: Tensor) -> Tensor:
    """Solve positive definite systems (n, K, K) for right sides (n, K), in double precision.

    Elimination without pivoting, which is stable for positive definite matrices.

    Source: Golub & Van Loan 2013, "Matrix Computations", section 4.2.
    """
    rest, own = matrix.double(), right.double()
    rows, values = [], []
    for _ in range(matrix.shape[1]):
        row, value = rest[:, 0], own[:, :1]
        factor = rest[:, 1:, 0] / row[:, :1]
        rows.append(row)
        values.append(value)
        rest = rest[:, 1:, 1:] - factor[..., None] * row[:, None, 1:]
        own = own[:, 1:] - factor * value
    solution = values[-1] / rows[-1]
    for row, value in zip(rows[-2::-1], values[-2::-1], strict=True):
        known = (row[:, 1:] * solution).sum(1, keepdim=True)
        solution = torch.cat([(value - known) / row[:, :1], solution], dim=1)
    return solution.to(right.dtype)
