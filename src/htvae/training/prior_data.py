"""What the prior learns from: the posteriors of a trained VAE, window by window, with labels.

Axes: ``n`` windows, ``C`` chunks, ``Q`` labels per chunk, ``Z`` latent_dim, ``K`` chunk_latent_dim,
``T`` frames.
"""

import dataclasses
import math
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from htvae.data.batching import collate, cut_micro_batches
from htvae.data.dataset import PoseSequenceDataset
from htvae.data.processing import ProcessedSequence
from htvae.inference.checkpoint import RecordedScript
from htvae.inference.model import TrainedModel
from htvae.models.prior import NO_LABEL

TRAINING_FRAMES = 3_000_000
"""Frames encoded for training, by cutting the recordings again and again at other places."""
MOST_TILINGS = 16


class Vocabulary(NamedTuple):
    """Labels by their index less 1; index 0 is "any"."""

    labels: tuple[str, ...]
    chunk_labels: tuple[str, ...]

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
    """(n,)."""
    num_chunks: Tensor
    """(n,)."""
    labels: Tensor
    """(n,) int64."""
    chunk_labels: Tensor
    """(n, C, Q) int64, see `ChunkGrid.label_places`."""

    def select(self, index: Tensor) -> "LatentWindows":
        """Return some windows, no wider than the longest of them."""
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
        """Return the share of all chunks whose window has no label, then of those of each label."""
        counts = torch.bincount(self.labels, self.num_chunks.double(), num_labels + 1)
        return tuple((counts / counts.sum()).tolist())


class PriorExamples(NamedTuple):
    """What a prior learns from, and what is noted of the training recordings."""

    train: LatentWindows
    val: LatentWindows | None
    vocabulary: Vocabulary
    ground_range: float
    """See `htvae.inference.checkpoint.PriorState`."""
    movement: float
    """Likewise."""
    scripts: tuple[RecordedScript, ...]
    """Likewise."""


@torch.no_grad()
def collect_latents(
    model: TrainedModel,
    sequences: Sequence[ProcessedSequence],
    vocabulary: Vocabulary,
    seed: int,
    least_frames: int = 0,
) -> LatentWindows:
    """Encode recordings cut as in training, at several random offsets, as they were recorded.

    Args:
        model: the trained VAE.
        sequences: recordings, at least one.
        vocabulary: labels by index; others count as "any".
        seed: of the cuts.
        least_frames: the recordings are cut until so many frames are encoded, at most `MOST_TILINGS` times.
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
        order = np.argsort(dataset.lengths, kind="stable")
        for cut in cut_micro_batches(dataset.lengths[order].tolist(), model.batch_frames):
            batch = collate([dataset[index] for index in order[cut].tolist()]).to(model.device)
            posteriors = model.windowed.encode_batch(batch)
            for index, (sequence, chunks) in zip(order[cut].tolist(), posteriors, strict=True):
                window = dataset.windows[index]
                spans = frame_labels[window.sequence_index][window.start : window.stop]
                rows.append(
                    (
                        *sequence,
                        *chunks,
                        window.num_frames,
                        labels[window.sequence_index],
                        spans[model.grid.label_places(len(spans))],
                    )
                )
    return _stack(rows)


def record_scripts(
    sequences: Sequence[ProcessedSequence], vocabulary: Vocabulary
) -> tuple[RecordedScript, ...]:
    """Return what happens when in each recording: its label, and one span for every run of one label."""
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
    """Return the label (T,) of each model frame, `NO_LABEL` where there is none."""
    frames = processed.record.source_frames
    labels = np.full(len(frames), NO_LABEL)
    for span in processed.source.frame_labels:
        labels[(frames >= span.start) & (frames < span.stop)] = _index(vocabulary.chunk_labels, span.label)
    return labels
