"""The start of training: the linear code of the training windows, fitted and put into the model."""

import logging
import time
from collections.abc import Iterator

import torch
from torch import Tensor

from htvae.data.dataset import PoseSequenceDataset
from htvae.data.loader import PoseDataLoader
from htvae.models.linear_fit import fit_linear_code
from htvae.models.vae import HierarchicalTransformerVAE
from htvae.utils.random import random_stream

logger = logging.getLogger(__name__)

MOST_CHUNKS = 8192
"""Chunks that the code is fitted to, at most. Twice as many take up to 2 % off its error, in two to three
times the time (docs/log/2026-11-29.md)."""
MOST_VALUES = 40_000_000
"""Numbers in all these chunks, which bound memory where there are many landmarks."""
MOST_EPOCHS = 8
"""Epochs whose windows are used where recordings are few: each has other cuts and other augmentation."""


def start_from_linear_code(model: HierarchicalTransformerVAE, data: PoseDataLoader) -> None:
    """Fit the linear code to augmented windows of the training recordings, and start from it."""
    started = time.monotonic()
    config = model.config
    values = config.chunk_size * model.pose_mean.numel()
    frames = min(MOST_CHUNKS, max(MOST_VALUES // values, 2)) * config.chunk_stride
    windows = draw_windows(data.dataset("train", training=True), frames, model.pose_mean.cpu())
    code = fit_linear_code(
        windows,
        config.chunk_latent_dim,
        model.linear_code.num_body,
        config.chunk_size,
        config.resolved_chunk_overlap,
    )
    model.start_from(code)
    logger.info(
        "Linear code of %s frames: error %.4f %s per coordinate (%.1f s). The networks add to it.",
        f"{sum(map(len, windows)):,}",
        code.point_error.square().mean().sqrt(),
        data.processor.unit_words,
        time.monotonic() - started,
    )


def draw_windows(dataset: PoseSequenceDataset, most_frames: int, mean: Tensor) -> list[Tensor]:
    """Return ``most_frames`` frames of training windows (T, L, D) around the mean pose (L, D)."""
    windows: list[Tensor] = []
    left = most_frames
    for place in _shuffle(dataset):
        target = dataset[place].target[:left]
        windows.append(torch.from_numpy(target) - mean)
        left -= len(target)
        if left <= 0:
            break
    return windows


def _shuffle(dataset: PoseSequenceDataset) -> Iterator[tuple[int, int]]:
    for epoch in range(MOST_EPOCHS):
        dataset.set_epoch(epoch)
        order = random_stream("linear code", dataset.seed, epoch).permutation(len(dataset))
        yield from ((epoch, int(index)) for index in order)
