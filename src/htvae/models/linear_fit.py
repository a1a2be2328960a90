"""Fitting the linear code of `htvae.models.linear_code` to windows of training poses.

- The body code: principal components of the windows' mean poses.
- The chunk code, of the movement around them, is fitted through the overlap-add by alternating least squares:
  the decoder given the latents (exactly, frame by frame of the stride), then the latents given the decoder and the
  neighbours, then the encoder, which sees its own chunk alone, by ridge regression on principal components.
- Missing values are filled in by the code itself after each round.

All windows are laid out in slots of ``stride`` frames: chunk c of a window begins with its slot c, and a frame of
slot q belongs to the chunks q, q - 1, ..., q - J + 1.

Axes: ``T`` frames, ``L`` points, ``D`` coordinates, ``F = L D``, ``Q`` slots of all windows, ``G`` frames per slot
(the stride), ``J`` slots that a chunk reaches into, ``N`` chunks, ``S`` frames per chunk, ``K`` numbers per chunk,
``R`` principal components, ``Y`` body numbers.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from htvae.metrics.windows import fill_gaps
from htvae.models.chunking import compute_num_chunks, cross_fade
from htvae.models.linear_code import LinearCodeValues

ROUNDS = 5
"""Rounds of alternating least squares; more change the third digit."""
COMPONENTS_PER_NUMBER = 2
"""Principal components that the encoder reads, per number of the code. More fit few recordings too closely."""
ENCODER_RIDGE, SMALL_RIDGE = 0.1, 1e-4
"""Ridges of the encoder, and of all other solutions, as shares of the mean diagonal. Chosen with
`COMPONENTS_PER_NUMBER` on held-out people of `vicon` and `cmu` (docs/log/2026-11-29.md)."""


def fit_linear_code(
    windows: Sequence[Tensor],
    num_numbers: int,
    num_body: int,
    chunk_size: int,
    chunk_overlap: int,
    weight: Tensor | None = None,
) -> LinearCodeValues:
    """Fit a linear code.

    Args:
        windows: (T, L, D) each, torso lengths around the mean pose, NaN where missing.
        num_numbers: K.
        num_body: Y.
        chunk_size: S.
        chunk_overlap: frames that neighbouring chunks share.
        weight: (L,) factor of the error of each point; None: all count alike.

    Returns:
        The code. Numbers that the windows are too few for are zero.
    """
    num_points, num_coordinates = windows[0].shape[1:]
    unit = torch.ones(num_points) if weight is None else weight
    factor = unit.repeat_interleave(num_coordinates)
    flat = [window.flatten(1) * factor for window in windows]
    body = _fit_body(torch.stack([_nanmean(window) for window in flat]), num_body)
    moved = [window - _body_of(_nanmean(window), body) for window in flat]
    encoder, decoder, error = _Lapped(moved, num_numbers, chunk_size, chunk_overlap).fit()
    point_error = error.unflatten(0, (num_points, num_coordinates)).square().mean(1).sqrt() / unit
    return LinearCodeValues(encoder * factor[:, None], decoder / factor, body / factor, point_error)


class _Lapped:
    """The chunks of all windows, and the state of the alternating fit."""

    def __init__(self, windows: Sequence[Tensor], num_numbers: int, chunk_size: int, chunk_overlap: int) -> None:
        self.num_numbers, self.chunk_size = num_numbers, chunk_size
        self.fade = cross_fade(chunk_size, chunk_overlap)
        stride = chunk_size - chunk_overlap
        self.reach = -(-chunk_size // stride)
        parts = [self._lay_out(window, stride) for window in windows]
        self.frames, self.missing, self.real, begins = (torch.cat(x) for x in zip(*parts, strict=True))
        self.places = begins.nonzero().ravel()
        self.weight = self._share_frames(begins)
        self.chunk_weight = self._gather(self.weight * self.real[:, None], by_lag=True)

    def fit(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return the encoder (S, F, K), the decoder (K, S, F) and the error (F,) per coordinate."""
        components = _principal_axes(self._chunks(), COMPONENTS_PER_NUMBER * self.num_numbers)
        encoder = torch.eye(components.shape[1], self.num_numbers)
        for _ in range(ROUNDS):
            latents = self._chunks() @ components @ encoder
            decoder = self._solve_decoder(latents)
            predicted = self._decode(latents, decoder)
            self.frames = torch.where(self.missing, predicted, self.frames)
            wanted = self._solve_latents(latents, decoder, self.frames - predicted)
            encoder = _regress(self._chunks() @ components, wanted, ENCODER_RIDGE)
        latents = self._chunks() @ components @ encoder
        decoder = self._solve_decoder(latents)
        error = ((self.frames - self._decode(latents, decoder)).square().sum((0, 1))) / self.real.sum()
        turn, decoder = self._normalise(latents, decoder)
        encoder = (components @ encoder @ turn).unflatten(0, (self.chunk_size, -1))
        return encoder, decoder, error.sqrt()

    def _lay_out(self, window: Tensor, stride: int) -> tuple[Tensor, ...]:
        """Return a window's slots (q, G, F) without gaps, which of their values were missing (q, G, F), which frames
        are real (q, G), and where chunks begin (q,)."""
        count = compute_num_chunks(len(window), self.chunk_size, self.chunk_size - stride)
        slots = count + self.reach - 1
        filled = torch.from_numpy(fill_gaps(window.numpy()[..., None], np.zeros((window.shape[1], 1))))[..., 0]
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

    def _gather(self, values: Tensor, by_lag: bool = False) -> Tensor:
        """Return chunks (N, S, ...) of slots (Q, G, ...), or of (Q, J, G) the values of the chunk itself."""
        parts = [values[self.places + lag] for lag in range(self.reach)]
        chosen = [part[:, lag] for lag, part in enumerate(parts)] if by_lag else parts
        return torch.cat(chosen, 1)[:, : self.chunk_size]

    def _chunks(self) -> Tensor:
        return self._gather(self.frames).flatten(1)

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
            parts.append(_regress(inputs, self.frames[:, place], SMALL_RIDGE).unflatten(0, (self.reach, -1)))
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

    def _solve_latents(self, latents: Tensor, decoder: Tensor, error: Tensor) -> Tensor:
        """Return the best latents (N, K) of each chunk where its neighbours keep theirs."""
        weight, count = self.chunk_weight, self.num_numbers
        gradient = torch.einsum("nsf,ksf->nk", self._gather(error) * weight[..., None], decoder)
        products = torch.einsum("ksf,lsf->skl", decoder, decoder).flatten(1)
        curvature = (weight.square() @ products).unflatten(1, (count, count))
        ridge = SMALL_RIDGE * curvature.diagonal(dim1=1, dim2=2).mean() + 1e-12
        return latents + torch.linalg.solve(curvature + ridge * torch.eye(count), gradient)

    def _normalise(self, latents: Tensor, decoder: Tensor) -> tuple[Tensor, Tensor]:
        """Return the map (K, K) to latents of variance 1 with orthogonal rows, and their decoder (K, S, F)."""
        values, axes = torch.linalg.eigh(latents.T @ latents / len(latents))
        spread = values.clamp(min=0).sqrt()
        used = spread > 1e-4 * spread.max().clamp(min=1e-12)
        inverse = torch.where(used, 1 / spread.clamp(min=1e-12), 0.0)
        decoder = torch.einsum("kl,ksf->lsf", axes * spread * used, decoder)
        faded = (decoder * self.fade[:, None]).flatten(1)
        turn = torch.linalg.svd(faded, full_matrices=False)[0]
        return axes * inverse @ turn, torch.einsum("kl,ksf->lsf", turn, decoder)


def _fit_body(means: Tensor, num_body: int) -> Tensor:
    """Return the body decoder (Y, F) of windows' mean poses (n, F), NaN where a point is never seen."""
    centred = means.nan_to_num()
    _, spread, axes = torch.linalg.svd(centred, full_matrices=False)
    rows = (axes * (spread / max(len(means), 1) ** 0.5)[:, None])[:num_body]
    return F.pad(rows, (0, 0, 0, num_body - len(rows)))


def _body_of(mean: Tensor, body: Tensor) -> Tensor:
    """Return the part (F,) of a mean pose (F,) that the body code (Y, F) says."""
    axes = F.normalize(body, dim=1)
    return (mean.nan_to_num() @ axes.T) @ axes


def _nanmean(window: Tensor) -> Tensor:
    return window.nanmean(0)


def _principal_axes(values: Tensor, count: int) -> Tensor:
    """Return the first principal axes (F, R) of values (n, F), R at most ``count``."""
    count = min(count, *values.shape)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return torch.svd_lowrank(values, q=min(count + 16, *values.shape), niter=2)[2][:, :count]


def _regress(inputs: Tensor, outputs: Tensor, ridge: float) -> Tensor:
    """Return the map (a, b) from inputs (n, a) to outputs (n, b) by ridge regression."""
    products = inputs.T @ inputs
    share = ridge * products.diagonal().mean() + 1e-12
    return torch.linalg.solve(products + share * torch.eye(len(products)), inputs.T @ outputs)
