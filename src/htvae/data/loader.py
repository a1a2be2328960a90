"""`PoseDataLoader`: loaders of training, validation and test windows, from a folder or from sequences."""

import math
from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader

from htvae.config import Config
from htvae.data.batching import (
    EvaluationSampler,
    PoseBatch,
    TrainingSampler,
    collate_step,
    frames_per_step,
)
from htvae.data.dataset import PoseSequenceDataset
from htvae.data.processing import PoseDataProcessor, ProcessedSequence
from htvae.data.splits import Splits, split_recordings
from htvae.io.packed import open_recordings
from htvae.io.skeleton_csv import read_skeleton
from htvae.models.chunking import ChunkGrid
from htvae.poses.sequence import PoseSequence, content_hash
from htvae.utils.hot_path import use_one_blas_thread


class PoseDataLoader:
    """Reads, splits and processes recordings, and makes the loaders.

    With the processor and the splits of a trained model, the data is processed and split as for that model.

    Args:
        config: settings.
        sequences: recordings. None: read ``data_dir``, through the cache in ``experiments_dir``.
        processor: a fitted processor. None: fit one to the training recordings.
        splits: an earlier split. None: make a new split.

    Attributes:
        sequences: all recordings, sorted by name.
        splits: names of the recordings for training, validation and test.
        processor: converts recordings to the model's coordinates.
    """

    def __init__(
        self,
        config: Config,
        sequences: Sequence[PoseSequence] | None = None,
        processor: PoseDataProcessor | None = None,
        splits: Splits | None = None,
    ) -> None:
        self.config, is_folder, skeleton = config, sequences is None, None
        if sequences is None:
            stored = open_recordings(config.data, Path(config.experiment.experiments_dir) / "cache")
            sequences, hashes, skeleton = stored.sequences, stored.content_hashes, stored.skeleton
        else:
            hashes = {s.name: content_hash(s) for s in sequences}
        self.sequences = sorted(sequences, key=lambda s: s.name)
        self.splits = splits or split_recordings(self.sequences, config.data, hashes)
        self._split_of = self.splits.of_all(hashes)
        self.processor = processor or self._fit_processor()
        if is_folder:
            self._set_skeleton(skeleton)
        _check_landmarks(self.sequences, self.processor, config.data.data_dir)
        for sequence in self.sequences:
            self.processor.check_coordinates(sequence)
            self.processor.check_rate(sequence)
        self._processed: dict[str, list[ProcessedSequence]] = {}

    def _fit_processor(self) -> PoseDataProcessor:
        recordings = self.recordings("train")
        if not recordings:
            raise ValueError(
                f"{self.config.data.data_dir}: a recording must be left to train on, but all "
                f"{len(self.sequences)} are held out. Correct the column split of manifest.csv."
            )
        return PoseDataProcessor(self.config.data).fit(recordings)

    def _set_skeleton(self, packed: list[tuple[str, str]] | None) -> None:
        """Take the bones that were packed, or those of the folder's ``skeleton.csv``, if there are any."""
        data, landmarks = self.config.data, self.processor.landmarks
        bones = read_skeleton(Path(data.data_dir), landmarks, data.rename) if packed is None else packed
        self.processor.skeleton = bones or self.processor.skeleton

    def recordings(self, split: str) -> list[PoseSequence]:
        """Return the recordings of a split: "train", "val", "test", or "new" for those in no split."""
        return [s for s in self.sequences if self._split_of[s.name] == split]

    def processed(self, split: str) -> list[ProcessedSequence]:
        """Return the recordings of a split in the model's coordinates."""
        if split not in self._processed:
            self._processed[split] = [self._process(s) for s in self.recordings(split)]
        return self._processed[split]

    def _process(self, sequence: PoseSequence) -> ProcessedSequence:
        is_read = isinstance(sequence.pose, np.ndarray)
        return self.processor.transform(sequence) if is_read else self.processor.transform_lazily(sequence)

    @property
    def num_train_frames(self) -> int:
        """Number of training frames in an epoch, at the model's frame rate."""
        return sum(len(sequence.pose) for sequence in self.processed("train"))

    @property
    def num_epochs(self) -> int:
        """Number of passes over the training frames, from the settings."""
        training = self.config.training
        return training.num_epochs or max(1, training.num_frames // self.num_train_frames)

    @property
    def windows_per_epoch(self) -> int:
        """Number of training windows in the current epoch; other epochs have a few more or fewer."""
        return len(self._train_windows)

    @cached_property
    def steps_per_epoch(self) -> int:
        """Number of optimiser steps in the first epoch; with ``batch_size`` others have one more or fewer."""
        return len(TrainingSampler(self._train_windows, self.config.training))

    @property
    def total_steps(self) -> int:
        """Number of optimiser steps of all epochs; with ``batch_size`` it is a few more or fewer."""
        training, frames = self.config.training, self.num_train_frames
        if training.batch_size is not None:
            return self.num_epochs * self.steps_per_epoch
        sizes = (frames_per_step(training, epoch * frames) for epoch in range(self.num_epochs))
        return sum(min(self.steps_per_epoch, math.ceil(frames / size)) for size in sizes)

    def train_loader(self, rank: int = 0, num_ranks: int = 1) -> "TrainingLoader":
        """Return a loader of training steps, or of this rank's share; every pass is the next epoch."""
        return TrainingLoader(self._train_windows, self.config, rank, num_ranks)

    def val_loader(self, rank: int = 0, num_ranks: int = 1) -> DataLoader[Any]:
        """Return a loader of the validation windows, or of this rank's share."""
        return self.evaluation_loader("val", rank, num_ranks)

    def test_loader(self) -> DataLoader[Any]:
        """Return a loader of the test windows."""
        return self.evaluation_loader("test")

    def evaluation_loader(self, split: str, rank: int = 0, num_ranks: int = 1) -> DataLoader[Any]:
        """Return a loader of a split's fixed windows, not augmented; it yields lists of one `PoseBatch`.

        A rank's share may end in empty lists, so that all ranks get the same number of lists.
        """
        dataset = self.dataset(split)
        sampler = EvaluationSampler(dataset, self.config.training.micro_batch_frames, rank, num_ranks)
        return DataLoader(dataset, batch_sampler=sampler, **_loader_options(self.config))

    def dataset(self, split: str, training: bool = False) -> PoseSequenceDataset:
        """Return the windows of a split."""
        plain = int(self.config.data.plain_share * self.num_epochs)
        return PoseSequenceDataset(
            self.processed(split),
            self.processor,
            self.config.data,
            ChunkGrid.of(self.config),
            training=training,
            seed=self.config.training.seed,
            plain_from=self.num_epochs - plain,
        )

    @cached_property
    def _train_windows(self) -> PoseSequenceDataset:
        return self.dataset("train", training=True)


class TrainingLoader:
    """Yields one optimiser step at a time, as a list of micro-batches; each pass is the next epoch.

    The loader has no length, since epochs differ by a step or so. Each rank gets its share of every step; the
    share is an empty list where a step has fewer windows than ranks.
    """

    def __init__(
        self, dataset: PoseSequenceDataset, config: Config, rank: int = 0, num_ranks: int = 1
    ) -> None:
        self.steps = TrainingSampler(dataset, config.training, rank, num_ranks)
        self.loader: DataLoader[Any] = DataLoader(
            dataset, batch_sampler=self.steps, **_loader_options(config)
        )
        self.next_epoch = 0

    def __iter__(self) -> Iterator[list[PoseBatch]]:
        """Begin the next epoch."""
        epoch, self.next_epoch = self.next_epoch, self.next_epoch + 1
        return self.steps_of(epoch)

    def steps_of(self, epoch: int, first_step: int = 0) -> Iterator[list[PoseBatch]]:
        """Return the steps of an epoch, from ``first_step`` on."""
        self.steps.set_epoch(epoch, first_step)
        return iter(self.loader)

    def num_steps(self, epoch: int) -> int:
        """Return the number of steps in an epoch."""
        if self.steps.epoch != epoch:
            self.steps.set_epoch(epoch)
        return len(self.steps)


def _check_landmarks(sequences: Sequence[PoseSequence], processor: PoseDataProcessor, folder: str) -> None:
    """Raise ValueError where the recordings share no landmark with the processor."""
    found = list(dict.fromkeys(name for s in sequences for name in s.landmarks))
    if not set(found) & set(processor.landmarks):
        raise ValueError(
            f"{folder}: recordings must share landmarks with the model, but share none. The model knows "
            f"{', '.join(processor.landmarks)}; the recordings have {', '.join(found)}. Give other "
            "recordings, or a model that was trained on these."
        )


def _loader_options(config: Config) -> dict[str, Any]:
    return {
        "collate_fn": partial(collate_step, micro_batch_frames=config.training.micro_batch_frames),
        "num_workers": config.data.num_workers,
        "worker_init_fn": use_one_blas_thread,
        "persistent_workers": config.data.num_workers > 0,
        "pin_memory": torch.cuda.is_available(),
        "generator": torch.Generator().manual_seed(config.training.seed),
    }
