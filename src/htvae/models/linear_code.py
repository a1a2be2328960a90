"""The linear path of the model: the best linear code of poses, which the networks add to.

What is unusual:

- Linear maps turn a window's mean pose into the first numbers of z, and each chunk's movement around that
  pose into its chunk latent, and back. They are fitted before training (`htvae.models.linear_fit`) and fixed.
  So the model starts with the error of a linear code, and keeps it on people that it has never seen.
- Only decoders are stored. Latents are the ridge solution for the observed points, so that hidden points need
  no values: as zeros they would go straight into the latents.
- Hidden points hold the latents back: they are filled in cautiously first, and then count a little.
- A chunk counts its frames by the squared cross-fade with its neighbours, through which the decoder was
  fitted.
- All of it runs in float32: bfloat16 would round poses to a hundredth.

Axes: ``B`` batch, ``T`` frames, ``L`` points, ``D`` coordinates, ``C`` chunks, ``S`` frames per chunk, ``Z``
latent_dim, ``Y`` body numbers (the first numbers of z), ``K`` chunk_latent_dim; ``F = L D``. Poses are
standardised; errors count in torso lengths.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from htvae.config import ModelConfig
from htvae.models.chunking import cross_fade, merge_chunks, split_into_chunks
from htvae.models.packing import Rows
from htvae.models.ridge import multiply_rows, solve_ridge

NOISE_RATIO = 2.0
"""Noise that the ridge solution assumes, over the code's own error: errors of neighbouring frames are alike,
and several count as one. More fills hidden points better and fits observed ones worse; chosen on `vicon` and
`cmu` (docs/log/2026-11-29.md)."""
FILL_NOISE_RATIO = 6.0
"""The same for a first solution, which fills hidden points in. A hidden arm is guessed from the rest of the
body; where that does something unusual, a bold guess draws the arm too long."""
FILL_WEIGHT = 0.1
"""Weight of a filled point in the second solution, over that of an observed one."""
LEAST_ERROR = 1e-3
"""Least error (torso lengths) of a code that the ridge solution assumes: poses that a code says exactly would
have an infinite precision."""
BODY_SPREAD = 0.03
"""Spread (torso lengths) of a window's mean pose around the body code that the ridge solution assumes."""
BODY_SHARE = 2
"""One number of z in this many, at most, belongs to the body code."""


class LinearCodeValues(NamedTuple):
    """A fitted linear code; poses are in torso lengths around the mean of the training poses."""

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
        self.register_buffer("chunk_decoder", torch.zeros(config.chunk_latent_dim, frames * features))
        self.register_buffer("body_decoder", torch.zeros(self.num_body, features))
        self.register_buffer("unit", torch.ones(num_points))
        self.register_buffer("error", torch.ones(()))
        self.register_buffer("fade", cross_fade(frames, self.chunk_overlap), persistent=False)

    @torch.no_grad()
    def load(self, values: LinearCodeValues, pose_scale: Tensor) -> None:
        """Take over a fitted code, in units of ``pose_scale`` (L,), torso lengths."""
        values = LinearCodeValues(*(value.to(self.unit) for value in values))
        self.unit.copy_(pose_scale)
        unit = self._unit_of_values()
        self.chunk_decoder.copy_((values.chunk_decoder / unit).flatten(1))
        self.body_decoder.copy_(values.body_decoder / unit)
        self.error.copy_(values.point_error.square().mean().sqrt().clamp(min=LEAST_ERROR))

    def chunk_energy(self) -> Tensor:
        """Return (K,): the squared size, in squared torso lengths, of what one unit of each latent adds."""
        return (self.chunk_decoder * (self.fade[:, None] * self._unit_of_values()).flatten()).square().sum(1)

    def infer_body(self, pose: Tensor, observed: Tensor, sequence_mask: Tensor) -> Tensor:
        """Return the body numbers (B, Y) of windows: the ridge solution for their mean poses.

        Args:
            pose: (B, T, L, D), standardised.
            observed: (B, T, L) bool, False for padding.
            sequence_mask: (B, C) bool, chunks that count.
        """
        seen = (observed & self._cover(sequence_mask, pose.shape[1])[..., None]).to(pose.dtype)
        return self.solve_body((pose * seen[..., None]).sum(1), seen.sum(1))

    def solve_body(self, total: Tensor, count: Tensor) -> Tensor:
        """Return the body numbers (B, Y) from the sum (B, L, D) and number (B, L) of observed points."""
        mean = total / count.clamp(min=1)[..., None]
        weight = self.body_weight()
        with _in_float32(total):
            decoder = self.body_decoder.unflatten(1, mean.shape[1:])
            return solve_ridge(decoder, mean.float(), (count > 0) * weight, weight)

    def body_weight(self) -> Tensor:
        """Return the precision (L,) of each point of a mean pose."""
        return (self.unit / BODY_SPREAD).square()

    def decode_body(self, sequence_latent: Tensor) -> Tensor:
        """Return the mean pose (B, F), standardised, that z (B, Z) says."""
        with _in_float32(sequence_latent):
            return sequence_latent[:, : self.num_body].float() @ self.body_decoder

    def infer_chunks(
        self,
        pose: Tensor,
        observed: Tensor,
        body: Tensor,
        chunk_mask: Tensor,
        products: Tensor | None = None,
    ) -> Tensor:
        """Return the chunk latents (B, C, K) of each chunk's movement around the mean pose ``body`` (B, F).

        Args:
            pose: (B, T, L, D), standardised.
            observed: (B, T, L) bool, False for padding.
            body: (B, F), from `decode_body`.
            chunk_mask: (B, C) bool; other chunks get zeros.
            products: from `chunk_products`, for who asks chunk by chunk. None: computed where needed.
        """
        with _in_float32(pose):
            movement = (pose.flatten(2).float() - body[:, None]).unflatten(2, pose.shape[2:])
            rows = Rows.of(chunk_mask)
            chunks, seen = (
                split_into_chunks(x, rows, self.chunk_size, self.chunk_overlap).flatten(1, 2)
                for x in (movement * observed[..., None], observed)
            )
            decoder = self.chunk_decoder.unflatten(1, chunks.shape[1:])
            filled = self._fill(decoder, chunks, seen, products)
            return rows.unpack(solve_ridge(decoder, *filled, self.chunk_weight(), products))

    def rebase(self, sequence_latent: Tensor, other: Tensor) -> Tensor:
        """Return the change (n, K) with which chunk latents say with another z what they say with theirs.

        Args:
            sequence_latent: (n, Z), the z that the chunk latents were inferred with.
            other: (n, Z), the z that they are to be decoded with.
        """
        with _in_float32(other):
            difference = self.decode_body(sequence_latent) - self.decode_body(other)
            whole = self.chunk_weight()
            constant = difference.unflatten(1, (-1, self.num_coordinates)).repeat(1, self.chunk_size, 1)
            decoder = self.chunk_decoder.unflatten(1, constant.shape[1:])
            return solve_ridge(decoder, constant, whole.expand(len(constant), -1), whole)

    def decode_chunks(self, chunk_latents: Tensor) -> Tensor:
        """Return the movement (n, S, F), standardised, that chunk latents (n, K) say."""
        with _in_float32(chunk_latents):
            return (chunk_latents.float() @ self.chunk_decoder).unflatten(1, (self.chunk_size, -1))

    def chunk_precision(self, weight: Tensor, chunk_mask: Tensor) -> Tensor:
        """Return the precision (M, K, K) with which known points determine the latents of the M real chunks.

        Args:
            weight: (B, T, L), the precision of each point, per squared torso length; 0 where it is unknown.
            chunk_mask: (B, C) bool, the M real chunks.
        """
        with _in_float32(weight):
            own = split_into_chunks(weight.float(), Rows.of(chunk_mask), self.chunk_size, self.chunk_overlap)
            own = (own * (self.fade[:, None] * self.unit).square()).flatten(1)
            return (own @ self.chunk_products()).unflatten(1, (len(self.chunk_decoder), -1))

    def _fill(
        self, decoder: Tensor, chunks: Tensor, seen: Tensor, products: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Return chunks (n, P, D) with hidden points filled in, and the precision (n, P) of their points."""
        weight = self.chunk_weight()
        holes = (~seen.all(1)).nonzero()[:, 0]
        if not len(holes):
            return chunks, seen * weight
        known, shown = chunks.index_select(0, holes), seen.index_select(0, holes)
        cautious = weight * (NOISE_RATIO / FILL_NOISE_RATIO) ** 2
        latents = solve_ridge(decoder, known, shown * cautious, cautious, products)
        guess = torch.einsum("nk,kpd->npd", latents, decoder)
        filled = torch.where(shown[..., None], known, guess)
        return chunks.index_copy(0, holes, filled), weight * torch.where(seen, 1.0, FILL_WEIGHT)

    def chunk_products(self) -> Tensor:
        """Return the products of the chunk decoder's rows, see `multiply_rows`."""
        return multiply_rows(self.chunk_decoder.unflatten(1, (-1, self.num_coordinates)))

    def chunk_weight(self) -> Tensor:
        """Return the precision (S L,) of each point of a chunk."""
        return (self.fade[:, None] * self.unit / (NOISE_RATIO * self.error)).square().flatten()

    def _unit_of_values(self) -> Tensor:
        """Return the unit (F,) of each coordinate, torso lengths."""
        return self.unit.repeat_interleave(self.num_coordinates)

    def _cover(self, sequence_mask: Tensor, num_frames: int) -> Tensor:
        """Return the frames (B, T), bool, of the given chunks (B, C)."""
        chunks = sequence_mask.new_ones(*sequence_mask.shape, self.chunk_size, 1, dtype=self.fade.dtype)
        return merge_chunks(chunks, sequence_mask, num_frames, self.chunk_overlap)[..., 0] > 0


def count_body_numbers(config: ModelConfig, num_points: int, num_coordinates: int) -> int:
    """Return Y, how many numbers of z say a window's mean pose."""
    return min(num_points * num_coordinates, config.latent_dim // BODY_SHARE)


def _in_float32(like: Tensor) -> torch.autocast:
    return torch.autocast(like.device.type, enabled=False)
