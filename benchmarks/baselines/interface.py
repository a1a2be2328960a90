"""What a model must offer to stand in the table of `quality.py`, and what it is told.

- A file of a model defines ``build_baseline(task) -> Baseline``. Those beside this file do; so may a file of
  your own, given by ``quality.py --model FILE``.
- A model sees poses without gaps (missing points are filled in linearly, as for PCA) and a mask of what is
  observed. Unobserved points must not count in its loss; they are never scored.
- A model chooses its sizes so that it needs ``task.numbers`` numbers per 48 frames; `Task.smallest_size`
  helps. All numbers count that are needed to decode a recording, also those of a last, shorter window.

Axes: ``B`` windows, ``T`` frames, ``L`` points, ``D`` coordinates.
"""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from htvae.metrics.windows import window_starts

SPAN = 48
"""Frames by which numbers are counted."""
TOLERANCE = 0.01
"""Share by which a model may stay below the numbers that it aims at."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """What a model is to be built for."""

    numbers: float
    """Numbers per 48 frames that the model should need."""
    lengths: tuple[int, ...]
    """Frames of the recordings that will be scored; they decide how many windows are needed."""
    poses: Sequence[np.ndarray]
    """Training recordings (T, L, D), torso lengths, NaN where missing."""
    pose_mean: Tensor
    """(L, D), mean of the training poses."""
    pose_scale: Tensor
    """(L,), spread of the training poses."""

    def count(self, window: int, numbers_of: Callable[[int], float], is_fixed: bool = True) -> float:
        """Return the numbers per 48 frames that a model needs on the scored recordings.

        Args:
            window: longest window of the model.
            numbers_of: numbers of a window of so many frames.
            is_fixed: see `Baseline.is_fixed`.
        """
        cuts = [cut_recording(length, window, is_fixed) for length in self.lengths]
        needed = sum(
            len(starts) * numbers_of(min(size, length))
            for (starts, size), length in zip(cuts, self.lengths, strict=True)
        )
        return SPAN * needed / sum(self.lengths)

    def smallest_size(
        self, window: int, numbers_of: Callable[[int, int], float], is_fixed: bool = True
    ) -> int:
        """Return the smallest size with which a model needs at least `numbers` numbers: rounded up.

        Args:
            window: longest window of the model.
            numbers_of: numbers for a size and a window's frames.
            is_fixed: see `Baseline.is_fixed`.
        """
        return next(
            size
            for size in itertools.count(1)
            if self.count(window, partial(numbers_of, size), is_fixed) >= self.least_numbers
        )

    @property
    def least_numbers(self) -> float:
        """Fewest numbers per 48 frames that count as the numbers aimed at."""
        return (1 - TOLERANCE) * self.numbers


class Baseline(nn.Module, ABC):
    """Base of the models. One without parameters (PCA) is not trained."""

    window: int
    """Longest window (frames) that it reconstructs at once."""
    training_window: int
    """Longest window (frames) that it is trained on."""
    is_fixed: bool = True
    """Whether windows always have full length. False: a recording is cut into equal parts instead."""
    pose_mean: Tensor
    pose_scale: Tensor

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.register_buffer("pose_mean", task.pose_mean.clone())
        self.register_buffer("pose_scale", task.pose_scale.clone())

    @abstractmethod
    def numbers(self, num_frames: int) -> float:
        """Return how many numbers a window of ``num_frames`` frames needs."""

    @abstractmethod
    def loss(self, pose: Tensor, observed: Tensor) -> Tensor:
        """Return the loss, a scalar, in training.

        Args:
            pose: (B, T, L, D), torso lengths, no gaps; the last frame is held where a window is padded.
            observed: (B, T, L) bool; False at missing points and where a window is padded.
        """

    @abstractmethod
    def reconstruct(self, pose: Tensor, observed: Tensor) -> Tensor:
        """Return the reconstruction (B, T, L, D) of windows; arguments are those of `loss`."""

    @property
    def numbers_per_48_frames(self) -> float:
        """Numbers per 48 frames of full windows."""
        return SPAN * self.numbers(self.window) / self.window

    def standardise(self, pose: Tensor) -> Tensor:
        """Return (B, T, L * D): mean 0, spread about 1."""
        return ((pose - self.pose_mean) / self.pose_scale[:, None]).flatten(2)

    def restore(self, standardised: Tensor) -> Tensor:
        """Return poses (B, T, L, D) in torso lengths, the inverse of `standardise`."""
        pose = standardised.float().unflatten(2, self.pose_mean.shape)
        return pose * self.pose_scale[:, None] + self.pose_mean


def observed_mean(values: Tensor, observed: Tensor) -> Tensor:
    """Return the mean of values (B, T, L * D) over observed points (B, T, L)."""
    weight = observed[..., None].to(values.dtype)
    total = (values.unflatten(2, (observed.shape[2], -1)) * weight).sum()
    return total / (weight.sum() * (values.shape[2] // observed.shape[2])).clamp(min=1)


def real_frames(observed: Tensor) -> Tensor:
    """Return a mask (B, T): all frames up to the last one with an observed point."""
    return observed.any(-1).flip(1).cummax(1).values.flip(1)


def gaussian_kl(mu: Tensor, logvar: Tensor) -> Tensor:
    """Return KL(N(mu, exp(logvar)) || N(0, 1)) of each number, nats."""
    return 0.5 * (mu.square() + logvar.exp() - 1 - logvar)


def draw(mu: Tensor, logvar: Tensor) -> Tensor:
    """Draw by reparametrisation (Kingma & Welling 2014, section 2.4)."""
    return mu + torch.randn_like(mu) * (0.5 * logvar).exp()


def cut_recording(num_frames: int, window: int, is_fixed: bool) -> tuple[np.ndarray, int]:
    """Return the first frames of a recording's windows, and the windows' length.

    Windows do not overlap but for the last, which ends with the recording. Where a recording is shorter than
    a window of fixed length, the window reaches beyond its end.
    """
    size = window if is_fixed else -(-num_frames // -(-num_frames // window))
    return window_starts(num_frames, size, size), size
