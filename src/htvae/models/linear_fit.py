"""Fitting the linear code of `htvae.models.linear_code` to windows of training poses.

- The body code has the principal components of the windows' mean poses.
- The chunk code of the movement around them starts as principal components of chunks, and is then fitted
  through the overlap-add by alternating least squares: latents given the decoder, as the model infers them,
  then the decoder given the latents.
- The code itself fills in missing values after each round.

All windows are laid out in slots of ``stride`` frames. Chunk c of a window begins with the window's slot c,
and a frame of slot q belongs to the chunks that begin with slots q, q - 1, ..., q - J + 1.

Axes: ``T`` frames, ``L`` points, ``D`` coordinates, ``F = L D``, ``Q`` slots of all windows, ``G`` frames per
slot (the stride), ``J`` slots that a chunk reaches into, ``N`` chunks, ``S`` frames per chunk, ``K`` numbers
per chunk, ``R`` principal components, ``Y`` body numbers.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from htvae.metrics.windows import fill_gaps
from htvae.models.chunking import compute_num_chunks, cross_fade
from htvae.models.linear_code import LEAST_ERROR, NOISE_RATIO, LinearCodeValues
from htvae.models.ridge import solve_ridge

ROUNDS = 10
"""Rounds of alternating least squares; forty whole ones have 1 or 2 % less error (docs/log/2026-11-29.md)."""
STEP = 1.5
"""Step of a round, as a share of the way to its least-squares decoder: above 1 it takes fewer rounds, from 3
it diverges."""
RIDGE = 1e-4
"""Ridge of the decoder, as a share of the mean diagonal; it only keeps the solution defined."""


def fit_linear_code(
    windows: Sequence[Tensor],
    num_numbers: int,
    num_body: int,
    chunk_size: int,
    chunk_overlap: int,
) -> LinearCodeValues:
    """Fit a linear code.

    Args:
        windows: (T, L, D) each, torso lengths around the mean pose, NaN where missing.
        num_numbers: K.
        num_body: Y.
        chunk_size: S.
        chunk_overlap: frames that neighbouring chunks share.

    Returns:
        The code. Numbers that the windows are too few for are zero.
    """
    num_points, num_coordinates = windows[0].shape[1:]
    flat = [window.flatten(1) for window in windows]
    means = torch.stack([window.nanmean(0) for window in flat]).nan_to_num()
    body = _fit_body(means, num_body)
    moved = [window - mean for window, mean in zip(flat, _project(means, body), strict=True)]
    decoder, error = _Lapped(moved, num_numbers, chunk_size, chunk_overlap).fit()
    point_error = error.unflatten(0, (num_points, num_coordinates)).square().mean(1).sqrt()
    return LinearCodeValues(decoder, body, point_error)


class _Lapped:
    """The chunks of all windows, and the state of the alternating fit."""

    def __init__(
        self, windows: Sequence[Tensor], num_numbers: int, chunk_size: int, chunk_overlap: int
    ) -> None:
        self.num_numbers, self.chunk_size = num_numbers, chunk_size
        self.fade = cross_fade(chunk_size, chunk_overlap)
        stride = chunk_size - chunk_overlap
        self.reach = -(-chunk_size // stride)
        parts = [self._lay_out(window, stride) for window in windows]
        self.frames, self.missing, self.real, begins = (torch.cat(x) for x in zip(*parts, strict=True))
        self.places = begins.nonzero().ravel()
        self.weight = self._share_frames(begins)
        self.observed = self._gather(~self.missing & self.real[..., None])

    def fit(self) -> tuple[Tensor, Tensor]:
        """Return the decoder (K, S, F) and the root mean square error (F,) of each coordinate."""
        decoder, error = self._start()
        for _ in range(ROUNDS):
            latents = self._infer(decoder, error)
            decoder = torch.lerp(decoder, self._solve_decoder(latents), STEP)
            predicted = self._decode(latents, decoder)
            self.frames = torch.where(self.missing, predicted, self.frames)
            error = self._measure_error(predicted)
            decoder = self._normalise(latents, decoder)
        return F.pad(decoder, (0, 0, 0, 0, 0, self.num_numbers - len(decoder))), error

    def _start(self) -> tuple[Tensor, Tensor]:
        """Return the decoder (K, S, F) of the principal components of chunks, and its error (F,)."""
        chunks = self._gather(self.frames).flatten(1)
        axes = _principal_axes(chunks, self.num_numbers)
        latents = chunks @ axes
        error = (chunks - latents @ axes.T).unflatten(1, (self.chunk_size, -1)).square().mean((0, 1)).sqrt()
        rows = (axes * latents.square().mean(0).sqrt()).T
        rows = F.pad(rows, (0, 0, 0, self.num_numbers - len(rows)))
        return rows.unflatten(1, (self.chunk_size, -1)), error

    def _infer(self, decoder: Tensor, error: Tensor) -> Tensor:
        """Return the latents (N, K) as the model infers them from each chunk alone."""
        noise = NOISE_RATIO * error.square().mean().sqrt().clamp(min=LEAST_ERROR)
        whole = (self.fade / noise).square()[:, None].expand(-1, decoder.shape[2]).flatten()
        seen = self.observed.flatten(1)
        chunks = self._gather(self.frames).flatten(1) * seen
        return solve_ridge(decoder.flatten(1)[..., None], chunks[..., None], seen * whole, whole)

    def _lay_out(self, window: Tensor, stride: int) -> tuple[Tensor, ...]:
        """Return a window's slots without gaps (q, G, F), and masks.

        The masks are of missing values (q, G, F), of real frames (q, G), and of slots where chunks begin
        (q,).
        """
        count = compute_num_chunks(len(window), self.chunk_size, self.chunk_size - stride)
        slots = count + self.reach - 1
        filled = torch.from_numpy(fill_gaps(window.numpy()[:, None], np.zeros((1, window.shape[1]))))[:, 0]
        padding = (0, 0, 0, slots * stride - len(window))
        real = torch.ones(len(window), 1, dtype=torch.bool)
        parts = [F.pad(x, padding).unflatten(0, (slots, stride)) for x in (filled, window.isnan(), real)]
        return *parts[:2], parts[2][..., 0], torch.arange(slots) < count

    def _share_frames(self, begins: Tensor) -> Tensor:
        """Return the weight (Q, J, G) of the chunk that began j slots ago, as `merge_chunks` has it."""
        stride = self.frames.shape[1]
        fade = torch.zeros(self.reach * stride)
        fade[: self.chunk_size] = self.fade
        present = torch.stack([begins.roll(lag) for lag in range(self.reach)], 1)
        weight = present[:, :, None] * fade.unflatten(0, (self.reach, stride))
        return weight / weight.sum(1, keepdim=True).clamp(min=1e-9)

    def _gather(self, slots: Tensor) -> Tensor:
        """Return the chunks (N, S, F) of slots (Q, G, F)."""
        parts = [slots[self.places + lag] for lag in range(self.reach)]
        return torch.cat(parts, 1)[:, : self.chunk_size]

    def _lagged(self, latents: Tensor) -> Tensor:
        """Return the latents (Q, J, K) of the chunks that cover each slot, zero where there is none."""
        slots = latents.new_zeros(len(self.frames), latents.shape[1])
        slots[self.places] = latents
        return torch.stack([slots.roll(lag, 0) for lag in range(self.reach)], 1)

    def _solve_decoder(self, latents: Tensor) -> Tensor:
        """Return the decoder (K, S, F) that fits the frames best, given the latents (N, K)."""
        lagged, parts = self._lagged(latents), []
        for place in range(self.frames.shape[1]):
            share = self.weight[:, :, place] * self.real[:, place, None]
            inputs = (lagged * share[..., None]).flatten(1)
            maps = _regress(inputs, self.frames[:, place])
            parts.append(maps.unflatten(0, (self.reach, latents.shape[1])))
        decoder = torch.stack(parts, 1).flatten(0, 1)[: self.chunk_size]  # (J, G, K, F) -> (S, K, F)
        return decoder.transpose(0, 1)

    def _decode(self, latents: Tensor, decoder: Tensor) -> Tensor:
        """Return the frames (Q, G, F) of latents (N, K)."""
        lagged, stride = self._lagged(latents), self.frames.shape[1]
        padded = F.pad(decoder, (0, 0, 0, self.reach * stride - self.chunk_size))
        frames = torch.zeros_like(self.frames)
        for lag, part in enumerate(padded.unflatten(1, (self.reach, stride)).unbind(1)):
            frames += torch.einsum("qk,kgf->qgf", lagged[:, lag], part) * self.weight[:, lag, :, None]
        return frames * self.real[..., None]

    def _measure_error(self, predicted: Tensor) -> Tensor:
        """Return the root mean square error (F,) of observed values; 0 where none is observed."""
        observed = self.real[..., None] & ~self.missing
        squares = (self.frames - predicted).square() * observed
        return (squares.sum((0, 1)) / observed.sum((0, 1)).clamp(min=1)).sqrt()

    def _normalise(self, latents: Tensor, decoder: Tensor) -> Tensor:
        """Return the decoder (K, S, F) turned so that latents have variance 1 and its rows are orthogonal.

        In float64: with fewer chunks than numbers, the products of float32 are too close to singular.
        """
        latents, decoder = latents.double(), decoder.double()
        values, axes = torch.linalg.eigh(latents.T @ latents / len(latents))
        decoder = torch.einsum("kl,ksf->lsf", axes * values.clamp(min=0).sqrt(), decoder)
        turn = torch.linalg.svd((decoder * self.fade[:, None]).flatten(1), full_matrices=False)[0]
        return torch.einsum("kl,ksf->lsf", turn, decoder).float()


def _fit_body(means: Tensor, num_body: int) -> Tensor:
    """Return the body decoder (Y, F) of windows' mean poses (n, F), 0 where a point is never seen."""
    _, spread, axes = torch.linalg.svd(means, full_matrices=False)
    rows = (axes * (spread / max(len(means), 1) ** 0.5)[:, None])[:num_body]
    return F.pad(rows, (0, 0, 0, num_body - len(rows)))


def _project(means: Tensor, body: Tensor) -> Tensor:
    """Return the part (n, F) of mean poses (n, F) that the body code (Y, F) says."""
    axes = F.normalize(body, dim=1)
    return (means @ axes.T) @ axes


def _principal_axes(values: Tensor, count: int) -> Tensor:
    """Return the first principal axes (F, R) of values (n, F), R at most ``count``."""
    count = min(count, *values.shape)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        return torch.svd_lowrank(values, q=min(count + 16, *values.shape), niter=2)[2][:, :count]


def _regress(inputs: Tensor, outputs: Tensor) -> Tensor:
    """Return the map (a, b) from inputs (n, a) to outputs (n, b) by least squares."""
    products = inputs.T @ inputs
    ridge = RIDGE * products.diagonal().mean() + 1e-12
    return torch.linalg.solve(products + ridge * torch.eye(len(products)), inputs.T @ outputs)
