"""From windows to optimiser steps of equal size, and their micro-batches that fit memory.

Axes: B batch, T frames, N points, D coordinates.
"""

import heapq
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Sampler

from htvae.config import TrainingConfig
from htvae.data.dataset import PoseSequenceDataset, WindowSample
from htvae.utils.random import random_stream

GROWTH = ((1_000_000, 2), (3_000_000, 4))
"""Training frames that are done, and how many times the frames of the first steps a step has from then on."""
LARGEST_STEP = 8192
"""Frames to which steps grow; those that the settings make larger stay as they are."""
MOST_PADDING = 4
"""Padded frames of a training step's micro-batch over its most real frames. The model spends little on
padding while it trains (`htvae.models.packing`), but the batch itself takes memory for it."""


@dataclass(frozen=True, eq=False)
class PoseBatch:
    """Windows padded to the longest. Frames from ``num_frames`` on are padding; unobserved is not padding."""

    pose: Tensor
    """Input (B, T, N, D), float32, of the model; 0 where hidden, missing or padded."""
    observed: Tensor
    """Mask (B, T, N), bool, True where ``pose`` is real."""
    target: Tensor
    """Target (B, T, N, D), float32, of the reconstruction; NaN where nothing is scored."""
    num_frames: Tensor
    """Real frames (B,), int64, of each window."""
    seeds: Tensor
    """Seeds (B,), int64, of the model's random numbers for each window."""

    def __len__(self) -> int:
        return self.pose.shape[0]

    @property
    def frame_mask(self) -> Tensor:
        """Mask (B, T), bool, True on real frames."""
        frames = torch.arange(self.pose.shape[1], device=self.num_frames.device)
        return frames < self.num_frames[:, None]

    def to(self, device: torch.device | str, non_blocking: bool = False) -> "PoseBatch":
        """Return the batch on another device."""
        return self._map(lambda tensor: tensor.to(device, non_blocking=non_blocking))

    def pin_memory(self) -> "PoseBatch":
        """Return the batch in page-locked memory, so that it can be copied to a GPU during other work."""
        return self._map(Tensor.pin_memory)

    def _map(self, change: Callable[[Tensor], Tensor]) -> "PoseBatch":
        return PoseBatch(*(change(getattr(self, field.name)) for field in fields(self)))


def collate(samples: Sequence[WindowSample]) -> PoseBatch:
    """Pad windows to the longest of them and stack them."""
    lengths = [len(sample.pose) for sample in samples]
    shape = (len(samples), max(lengths), *samples[0].pose.shape[1:])
    pose = np.zeros(shape, np.float32)
    observed = np.zeros(shape[:3], bool)
    target = np.full(shape, np.nan, np.float32)
    for i, (sample, length) in enumerate(zip(samples, lengths, strict=True)):
        pose[i, :length], observed[i, :length], target[i, :length] = sample[:3]
    arrays = (pose, observed, target, np.array(lengths), np.array([sample.seed for sample in samples]))
    return PoseBatch(*map(torch.from_numpy, arrays))


def collate_step(samples: Sequence[WindowSample], micro_batch_frames: int) -> list[PoseBatch]:
    """Turn the windows of one optimiser step into micro-batches, see `cut_micro_batches`."""
    ordered = sorted(samples, key=lambda sample: len(sample.pose))
    cuts = cut_micro_batches([len(sample.pose) for sample in ordered], micro_batch_frames, MOST_PADDING)
    return [collate(ordered[cut]) for cut in cuts]


def cut_micro_batches(lengths: Sequence[int], max_frames: int, padding: int = 1) -> list[slice]:
    """Cut windows, shortest first, into runs of one window or of few enough frames.

    Args:
        lengths: frames of each window.
        max_frames: most frames of a run.
        padding: most frames of a run that is padded to its longest window, over ``max_frames``.
    """
    starts, frames = [0] if len(lengths) else [], 0
    for index, length in enumerate(lengths):
        frames += length
        padded = (index + 1 - starts[-1]) * length
        if index > starts[-1] and (frames > max_frames or padded > padding * max_frames):
            starts.append(index)
            frames = length
    return [slice(start, stop) for start, stop in pairwise([*starts, len(lengths)])]


def pack_steps(
    lengths: np.ndarray, num_steps: int, by_frames: bool, rng: np.random.Generator
) -> list[np.ndarray]:
    """Share windows out to optimiser steps of about the same number of frames (or of windows).

    - Windows are dealt out octave by octave, the longest first and otherwise in random order. Each goes to
      the step that has the least so far, so each step mixes long and short windows of random recordings.
    - Steps differ in size if a window is larger than a step's share.

    Returns:
        Indices of each step's windows; no step is empty.

    Source: Graham 1969, "Bounds on multiprocessing timing anomalies", the LPT rule, here by octaves.
    """
    order = rng.permutation(len(lengths))
    amounts = lengths if by_frames else np.ones_like(lengths)
    octaves = np.log2(amounts[order]).astype(int)
    order = order[np.argsort(-octaves, kind="stable")]
    steps: list[list[int]] = [[] for _ in range(min(num_steps, len(lengths)))]
    emptiest = [(0, number) for number in range(len(steps))]  # (amount so far, step), a heap
    for index in order.tolist():
        amount, number = emptiest[0]
        steps[number].append(index)
        heapq.heapreplace(emptiest, (amount + int(amounts[index]), number))
    return [np.array(steps[number]) for number in rng.permutation(len(steps))]


def share_windows(lengths: np.ndarray, num_ranks: int) -> list[np.ndarray]:
    """Share windows out to processes: the longest first, each to the process with the fewest frames so far.

    Returns:
        Indices of each process's windows, in ascending order. Some processes get none if there are fewer
        windows than processes.
    """
    frames, rank_of = [0] * num_ranks, np.zeros(len(lengths), int)
    for index in np.argsort(-lengths, kind="stable").tolist():
        rank_of[index] = frames.index(min(frames))
        frames[rank_of[index]] += int(lengths[index])
    return [np.flatnonzero(rank_of == rank) for rank in range(num_ranks)]


def frames_per_step(config: TrainingConfig, done: int) -> int:
    """Return the frames of an optimiser step once ``done`` training frames are processed.

    Source: Smith et al. 2018, "Don't Decay the Learning Rate, Increase the Batch Size".
    """
    times = max((times for start, times in GROWTH if done >= start), default=1) if config.batch_growth else 1
    return min(config.batch_frames * times, max(config.batch_frames, LARGEST_STEP))


class TrainingSampler(Sampler[list[tuple[int, int]]]):
    """Yields the windows, (epoch, index), of each optimiser step of an epoch.

    - The order is a function of seed and epoch.
    - Steps are the same for any number of processes. Each process gets its share of every step, which may be
      empty, so all processes take the same number of steps.

    Attributes:
        growth: how many times the frames of the first steps this epoch's steps have.
    """

    def __init__(
        self, dataset: PoseSequenceDataset, config: TrainingConfig, rank: int = 0, num_ranks: int = 1
    ) -> None:
        self.dataset = dataset
        self.config = config
        self.growth = 1.0
        self.rank, self.num_ranks = rank, num_ranks
        self.set_epoch(0)

    def set_epoch(self, epoch: int, first_step: int = 0) -> None:
        """Begin an epoch at its step ``first_step``."""
        self.epoch = epoch
        self.first_step = first_step
        self.dataset.set_epoch(epoch)
        self.steps = self._pack(self.dataset.lengths) if len(self.dataset) else []

    def _pack(self, lengths: np.ndarray) -> list[np.ndarray]:
        rng = random_stream("order", self.config.seed, self.epoch)
        if self.config.batch_size is not None:
            return pack_steps(lengths, math.ceil(len(lengths) / self.config.batch_size), False, rng)
        frames = self.dataset.num_frames
        size = frames_per_step(self.config, self.epoch * frames)
        self.growth = size / self.config.batch_frames
        return pack_steps(lengths, math.ceil(frames / size), True, rng)

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        for number in range(self.first_step, len(self.steps)):
            yield [(self.epoch, index) for index in self.own_windows(number)]

    def own_windows(self, number: int) -> list[int]:
        """Return this process's windows of step ``number`` of the epoch."""
        step = self.steps[number]
        share = share_windows(self.dataset.lengths[step], self.num_ranks)[self.rank]
        return step[share].tolist()


class EvaluationSampler(Sampler[list[int]]):
    """Yields a process's share of all windows, the shortest first, in batches.

    A batch holds one window or at most ``max_frames`` padded frames. All processes get the same number of
    batches; empty ones come last.
    """

    def __init__(
        self, dataset: PoseSequenceDataset, max_frames: int, rank: int = 0, num_ranks: int = 1
    ) -> None:
        shares = [
            _cut_batches(share, dataset.lengths[share], max_frames)
            for share in share_windows(dataset.lengths, num_ranks)
        ]
        missing = max(map(len, shares)) - len(shares[rank])
        self.batches: list[list[int]] = shares[rank] + [[] for _ in range(missing)]

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.batches)


def _cut_batches(windows: np.ndarray, lengths: np.ndarray, max_frames: int) -> list[list[int]]:
    order = np.argsort(lengths, kind="stable")
    cuts = cut_micro_batches(lengths[order].tolist(), max_frames)
    return [windows[order[cut]].tolist() for cut in cuts]
