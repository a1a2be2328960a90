"""Windows of processed recordings for training and validation.

- A training epoch cuts every recording at a random offset into windows of a random length. The windows hold
  every frame exactly once, and a step mixes short and long windows of many recordings.
- Evaluation cuts the overlapping windows of `ChunkGrid` and scores only their centres.
- All random numbers are a function of (seed, epoch, index), so the order and the number of workers do not
  matter. An index may carry its epoch, because `set_epoch` does not reach a worker's copy of the data set.
- The model's input (``pose``, ``observed``) and its target differ: the model must also return landmarks and
  frames that augmentation hides.

Axes: ``T`` frames, ``N`` points (the landmarks, then the root velocity if there is one), ``D`` coordinates.
"""

import dataclasses
import logging
import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from torch.utils.data import Dataset

from htvae.config import DataConfig
from htvae.data import augmentation
from htvae.data.limbs import build_limbs, scale_limbs
from htvae.data.processing import PoseDataProcessor, ProcessedSequence
from htvae.models.chunking import ChunkGrid
from htvae.poses.geometry import observed_points
from htvae.utils.random import random_seed, random_stream

logger = logging.getLogger(__name__)

LEAST_WINDOW = 256
"""Shortest length (frames) of training windows; the longest is ``max_frames``, and each octave between them
is drawn as often."""

Augmentation = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""Function from a pose (T, N, D) and random numbers to a pose of the same shape."""


class Window(NamedTuple):
    """A cut of one sequence."""

    sequence_index: int
    start: int
    stop: int
    keep_start: int
    """First frame that is scored."""
    keep_stop: int
    """Frame after the last one that is scored."""
    num_frames: int
    """Frames that the window has after time warp; without it, ``stop - start``."""


class WindowSample(NamedTuple):
    """One window as arrays."""

    pose: np.ndarray
    """Input (T, N, D), float32, of the model; 0 where hidden or missing."""
    observed: np.ndarray
    """Mask (T, N), bool, True where ``pose`` is real."""
    target: np.ndarray
    """Target (T, N, D), float32, of the reconstruction; NaN where nothing is scored."""
    seed: int = 0
    """Seed of the model's random numbers for this window; unused in evaluation."""


class Augmentations(NamedTuple):
    """Augmentations of a training window, in order."""

    both: list[Augmentation]
    """Augmentations that change input and target alike."""
    input_only: list[Augmentation]
    """Augmentations that change only the input."""


def build_augmentations(config: DataConfig, processor: PoseDataProcessor) -> Augmentations:
    """List the augmentations that the settings switch on. Append your own here."""
    both: list[Augmentation] = []
    root_motion = processor.root_motion
    if config.limb_range and processor.edges:
        both.append(partial(scale_limbs, share=config.limb_range, limbs=build_limbs(processor)))
    if config.mirror_probability:
        both.append(
            partial(
                augmentation.mirror,
                probability=config.mirror_probability,
                partners=processor.mirror,
                axis=_mirror_axis(processor),
            )
        )
    if config.stretch_range:
        both.append(partial(augmentation.stretch, share=config.stretch_range))
    if config.shear_range:
        both.append(partial(augmentation.shear, share=config.shear_range, root_motion=root_motion))
    if config.rotation_degrees:
        both.append(partial(augmentation.rotate, degrees=config.rotation_degrees))
    if config.scale_range:
        both.append(partial(augmentation.scale, share=config.scale_range))
    input_only: list[Augmentation] = []
    if config.jitter:
        input_only.append(partial(augmentation.jitter, noise=config.jitter, root_motion=root_motion))
    if config.landmark_dropout:
        input_only.append(partial(augmentation.hide_landmarks, probability=config.landmark_dropout))
    if config.burst_dropout:
        input_only.append(partial(augmentation.hide_bursts, probability=config.burst_dropout))
    if config.span_dropout:
        input_only.append(partial(augmentation.hide_spans, share=config.span_dropout))
    return Augmentations(both, input_only)


class PoseSequenceDataset(Dataset[WindowSample]):
    """Windows of processed recordings; ``dataset[i]`` is the i-th window of the current epoch.

    Args:
        sequences: recordings in the model's coordinates.
        processor: the processor that made them.
        config: lengths and augmentation.
        grid: chunk grid, whose windows evaluation uses.
        training: True: random windows with augmentation, new ones each epoch. False: the windows of the grid.
        seed: seed of offsets and augmentation.
        plain_from: first epoch in which bodies, views and speeds are not varied; parts of the windows are
            still hidden, and jitter is still added. None: all epochs are varied.
    """

    def __init__(
        self,
        sequences: Sequence[ProcessedSequence],
        processor: PoseDataProcessor,
        config: DataConfig,
        grid: ChunkGrid,
        *,
        training: bool = False,
        seed: int = 0,
        plain_from: int | None = None,
    ) -> None:
        self.poses = [sequence.pose for sequence in sequences]  # poses alone: workers get a copy
        self.max_frames = config.max_frames
        self.grid = grid
        self.time_warp = config.time_warp
        self.root_motion = processor.root_motion
        self.training = training
        self.seed = seed
        self.plain_from = math.inf if plain_from is None else plain_from
        if training and self.plain_from > 0:
            config = _fit_to_body(config, processor)
        self.augmentations = build_augmentations(config, processor)
        self.set_epoch(0)

    @property
    def num_frames(self) -> int:
        """Frames of all recordings."""
        return sum(len(pose) for pose in self.poses)

    @property
    def is_varied(self) -> bool:
        """Whether this epoch varies bodies, views and speeds of its windows."""
        return self.epoch < self.plain_from

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch: cut its windows."""
        self.epoch = epoch
        self.windows = self._tile() if self.training else self._cut()
        self.lengths = np.array([window.num_frames for window in self.windows], dtype=np.int64)

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: int | tuple[int, int]) -> WindowSample:
        """Return a window by its index, or by (epoch, index)."""
        epoch, index = index if isinstance(index, tuple) else (self.epoch, index)
        if epoch != self.epoch:
            self.set_epoch(epoch)
        index = range(len(self))[index]
        window = self.windows[index]
        pose = self.poses[window.sequence_index][window.start : window.stop]
        if not self.training:
            return make_sample(pose, _keep(pose, window))
        target = augmentation.warp_time(pose, window.num_frames, self.root_motion)
        rng = random_stream("window", self.seed, epoch, index)
        for augment in self.augmentations.both if self.is_varied else ():
            target = augment(target, rng)
        seen = target
        for augment in self.augmentations.input_only:
            seen = augment(seen, rng)
        return make_sample(seen, target)._replace(seed=random_seed("noise", self.seed, epoch, index))

    def _tile(self) -> list[Window]:
        rng = random_stream("tiling", self.seed, self.epoch)
        least = min(LEAST_WINDOW, self.max_frames)
        sizes = least * (self.max_frames / least) ** rng.uniform(size=len(self.poses))
        offsets = rng.uniform(size=len(self.poses))
        spans = [
            (i, start, stop)
            for i, (pose, size, offset) in enumerate(zip(self.poses, sizes, offsets, strict=True))
            for start, stop in tile_spans(len(pose), int(size), int(offset * int(size)))
        ]
        warp = self.time_warp if self.is_varied else 0.0
        speeds = 1 + rng.uniform(-warp, warp, size=len(spans))
        lengths = np.array([stop - start for _, start, stop in spans]) * speeds
        played = np.rint(lengths).clip(1, self.max_frames).astype(int).tolist()
        return [Window(*span, *span[1:], n) for span, n in zip(spans, played, strict=True)]

    def _cut(self) -> list[Window]:
        return [
            Window(i, cut.start, cut.stop, cut.keep_start, cut.keep_stop, cut.num_frames)
            for i, pose in enumerate(self.poses)
            for cut in self.grid.cut(len(pose))
        ]


def tile_spans(num_frames: int, size: int, offset: int) -> list[tuple[int, int]]:
    """Cut [0, num_frames) at ``offset`` (below ``size``), and every ``size`` frames from there.

    A recording that fits into one window is not cut. If the first or the last window would be shorter than a
    quarter of ``size``, it and its neighbour are cut into two equal windows: very short windows teach little.
    """
    if num_frames <= size:
        return [(0, num_frames)]
    cuts = [0, *range(offset or size, num_frames, size), num_frames]
    if cuts[1] < size // 4:
        cuts[1] = cuts[2] // 2
    if cuts[-1] - cuts[-2] < size // 4:
        cuts[-2] = (cuts[-3] + cuts[-1]) // 2
    return list(pairwise(cuts))


def _keep(pose: np.ndarray, window: Window) -> np.ndarray:
    """Return a pose (T, N, D) with NaN outside the kept span."""
    target = pose.copy()
    target[: window.keep_start - window.start] = np.nan
    target[window.keep_stop - window.start :] = np.nan
    return target


def make_sample(seen: np.ndarray, target: np.ndarray) -> WindowSample:
    """Return a window from its input and its target, (T, N, D) each, NaN where missing."""
    observed = observed_points(seen)
    return WindowSample(np.where(observed[..., None], seen, np.float32(0)), observed, target)


def _mirror_axis(processor: PoseDataProcessor) -> int:
    """Return the coordinate across the body: x, or the last where a heading from side to side turns it there.

    So windows that are mirrored keep the heading that all recordings have.
    """
    tail, head = (
        (processor.landmarks.index(name) for name in processor.heading) if processor.heading else (0, 0)
    )
    return -1 if tail != head and processor.mirror[tail] == head else 0


def _fit_to_body(config: DataConfig, processor: PoseDataProcessor) -> DataConfig:
    """Return the settings without what these landmarks do not allow, and log the reason."""
    if config.mirror_probability and processor.mirror == list(range(len(processor.points))):
        logger.info("Mirroring is off: no left and right landmarks were found by name.")
        config = dataclasses.replace(config, mirror_probability=0.0)
    if config.limb_range and not processor.edges:
        logger.info(
            "Limbs are not scaled: no bones were found by the landmarks' names. Name bones in skeleton.csv."
        )
        config = dataclasses.replace(config, limb_range=0.0)
    return config
