"""Training data of the prior: posteriors of a trained VAE, window by window, with labels.

Axes: ``n`` windows, ``C`` chunks, ``Q`` labels per chunk, ``Z`` latent_dim, ``K`` chunk_latent_dim,
``T`` frames.
"""

import dataclasses
import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from htvae.data.batching import collate, cut_micro_batches
from htvae.data.dataset import PoseSequenceDataset, Window
from htvae.data.processing import ProcessedSequence
from htvae.inference.checkpoint import RecordedScript
from htvae.inference.model import TrainedModel
from htvae.models.latent import Gaussian
from htvae.models.prior import NO_LABEL

TRAINING_FRAMES = 3_000_000
"""Frames to encode for training. The recordings are cut several times, at other places each time."""
MOST_TILINGS = 16
"""Most times that the recordings are cut."""


class Vocabulary(NamedTuple):
    """Labels that the prior knows. A label's index is its place plus 1; index 0 is "any"."""

    labels: tuple[str, ...]
    """Labels of recordings."""
    chunk_labels: tuple[str, ...]
    """Labels of spans."""

    @classmethod
    def of(cls, sequences: Sequence[ProcessedSequence]) -> "Vocabulary":
        """Return all labels of recordings and of spans."""
        labels = {p.source.label for p in sequences} - {None}
        spans = {span.label for p in sequences for span in p.source.frame_labels}
        return cls(tuple(sorted(map(str, labels))), tuple(sorted(spans)))


class LatentWindows(NamedTuple):
    """Posteriors of windows, padded to the longest."""

    sequence: tuple[Tensor, Tensor]
    """Mean and log variance, (n, Z)."""
    chunks: tuple[Tensor, Tensor]
    """Mean and log variance, (n, C, K); 0 beyond a window's own chunks."""
    num_frames: Tensor
    """Frames (n,) of each window."""
    num_chunks: Tensor
    """Chunks (n,) of each window."""
    labels: Tensor
    """Labels (n,), int64, of the windows' recordings."""
    chunk_labels: Tensor
    """Labels (n, C, Q), int64, of the chunks, see `ChunkGrid.label_places`."""

    def select(self, index: Tensor) -> "LatentWindows":
        """Return some windows, padded to the longest of them."""
        width = int(self.num_chunks[index].max())
        return LatentWindows(
            sequence=(self.sequence[0][index], self.sequence[1][index]),
            chunks=(self.chunks[0][index, :width], self.chunks[1][index, :width]),
            num_frames=self.num_frames[index],
            num_chunks=self.num_chunks[index],
            labels=self.labels[index],
            chunk_labels=self.chunk_labels[index, :width],
        )

    def label_shares(self, num_labels: int) -> tuple[float, ...]:
        """Return the share of chunks whose window has no label, then the share of chunks of each label."""
        counts = torch.bincount(self.labels, self.num_chunks.double(), num_labels + 1)
        return tuple((counts / counts.sum()).tolist())


class PriorExamples(NamedTuple):
    """Training and validation data of a prior, and facts about the training recordings.

    `htvae.inference.checkpoint.PriorState` explains ``ground_range``, ``movement`` and ``scripts``.
    ``num_chunks`` counts the chunks of the training recordings, each recording cut once.
    """

    train: LatentWindows
    val: LatentWindows | None
    vocabulary: Vocabulary
    ground_range: float
    movement: float
    scripts: tuple[RecordedScript, ...]
    num_chunks: int


@torch.no_grad()
def collect_latents(
    model: TrainedModel,
    sequences: Sequence[ProcessedSequence],
    vocabulary: Vocabulary,
    seed: int,
    least_frames: int = 0,
) -> LatentWindows:
    """Encode recordings, cut into windows as in training but without augmentation.

    Args:
        model: the trained VAE.
        sequences: recordings, at least one.
        vocabulary: labels by index; other labels count as "any".
        seed: seed of the cuts.
        least_frames: frames to encode. The recordings are cut again until they are reached, at most
            `MOST_TILINGS` times.
    """
    plain = dataclasses.replace(
        model.config.data, jitter=0.0, landmark_dropout=0.0, burst_dropout=0.0, span_dropout=0.0
    )
    dataset = PoseSequenceDataset(
        sequences, model.processor, plain, model.grid, training=True, seed=seed, plain_from=0
    )
    tilings = math.ceil(least_frames / dataset.num_frames)
    frame_labels = [_label_frames(p, vocabulary) for p in sequences]
    labels = [_index(vocabulary.labels, p.source.label) for p in sequences]
    rows = []
    for epoch in range(min(max(tilings, 1), MOST_TILINGS)):
        dataset.set_epoch(epoch)
        for window, sequence, chunks in _encode_windows(model, dataset):
            label = labels[window.sequence_index]
            spans = frame_labels[window.sequence_index][window.start : window.stop]
            chunk_labels = spans[model.grid.label_places(len(spans))]
            rows.append((*sequence, *chunks, window.num_frames, label, chunk_labels))
    return _stack(rows)


def _encode_windows(
    model: TrainedModel, dataset: PoseSequenceDataset
) -> Iterator[tuple[Window, Gaussian, Gaussian]]:
    """Yield the windows of an epoch, the shortest first, with their posteriors (Z,) and (C, K)."""
    order = np.argsort(dataset.lengths, kind="stable")
    for cut in cut_micro_batches(dataset.lengths[order].tolist(), model.batch_frames):
        indices = order[cut].tolist()
        batch = collate([dataset[index] for index in indices]).to(model.device)
        for index, (sequence, chunks) in zip(indices, model.windowed.encode_batch(batch), strict=True):
            yield dataset.windows[index], sequence, chunks


def record_scripts(
    sequences: Sequence[ProcessedSequence], vocabulary: Vocabulary
) -> tuple[RecordedScript, ...]:
    """Return the script of each recording: its label, and a span for every run of frames of one label."""
    return tuple(
        (
            _index(vocabulary.labels, p.source.label),
            tuple((label, len(list(run))) for label, run in groupby(_label_frames(p, vocabulary).tolist())),
        )
        for p in sequences
    )


def _stack(rows: Sequence[tuple]) -> LatentWindows:
    mu, logvar, chunk_mu, chunk_logvar, frames, labels, chunk_labels = zip(*rows, strict=True)
    pad = torch.nn.utils.rnn.pad_sequence
    return LatentWindows(
        sequence=(torch.stack(mu), torch.stack(logvar)),
        chunks=(pad(list(chunk_mu), batch_first=True), pad(list(chunk_logvar), batch_first=True)),
        num_frames=torch.tensor(frames),
        num_chunks=torch.tensor([len(part) for part in chunk_mu]),
        labels=torch.tensor(labels),
        chunk_labels=pad([torch.from_numpy(part) for part in chunk_labels], batch_first=True),
    )


def _index(names: Sequence[str], name: str | None) -> int:
    return names.index(name) + 1 if name in names else NO_LABEL


def _label_frames(processed: ProcessedSequence, vocabulary: Vocabulary) -> np.ndarray:
    """Return the index (T,) of each model frame's label, `NO_LABEL` if it has none."""
    frames = processed.record.source_frames
    labels = np.full(len(frames), NO_LABEL)
    for span in processed.source.frame_labels:
        labels[(frames >= span.start) & (frames < span.stop)] = _index(vocabulary.chunk_labels, span.label)
    return labels
