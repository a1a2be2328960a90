"""What motifs, search and detectors look at: recordings as series of poses without gaps, or of latents.

Axes: ``T`` frames, ``N`` points, ``D`` coordinates, ``C`` chunks, ``K`` chunk_latent_dim.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, get_args

import numpy as np

from htvae.data.processing import ProcessedSequence
from htvae.inference.model import TrainedModel
from htvae.metrics.windows import fill_gaps
from htvae.utils.progress import Progress

SeriesKind = Literal["filled", "decoded", "pose", "latent"]
BATCH_RECORDINGS, BATCH_FRAMES = 16, 100_000
"""Recordings that pass through the model between two reports of progress, and their frames, at most."""


def check_kind(name: str) -> SeriesKind:
    """Return a kind of series by its name.

    Raises:
        ValueError: there is no such kind.
    """
    kinds: dict[str, SeriesKind] = {kind: kind for kind in get_args(SeriesKind)}
    if name not in kinds:
        raise ValueError(f"kind must be one of {', '.join(kinds)}, but got {name!r}.")
    return kinds[name]


def make_series(
    model: TrainedModel, recordings: Sequence[ProcessedSequence], kind: SeriesKind
) -> list[np.ndarray]:
    """Return each recording as a series without gaps.

    - ``filled``: observed points as they are, hidden ones as the model reconstructs them; (T, N, D).
    - ``decoded``: all points as the model reconstructs them; (T, N, D).
    - ``pose``: hidden points interpolated over time, without the model; (T, N, D).
    - ``latent``: chunk latents, interpolated between the middles of chunks; (T, 1, K).
    """
    groups = group_recordings(recordings)
    if kind == "pose":
        return [one for own in groups for one in make_group(model, recordings[own.start : own.stop], kind)]
    progress = Progress("Encoding", len(recordings), unit="recordings")
    series: list[np.ndarray] = []
    for own in groups:
        series += make_group(model, recordings[own.start : own.stop], kind)
        progress.update(len(series))
    return series


def group_recordings(recordings: Sequence[ProcessedSequence]) -> list[range]:
    """Return the recordings that pass through the model together: a few, of few frames."""
    starts, frames = [0], 0
    for index, recording in enumerate(recordings):
        own = len(recording.record.source_frames)
        if index - starts[-1] == BATCH_RECORDINGS or (index > starts[-1] and frames + own > BATCH_FRAMES):
            starts.append(index)
            frames = 0
        frames += own
    return [range(a, b) for a, b in pairwise([*starts, len(recordings)]) if b > a]


def make_group(
    model: TrainedModel, recordings: Sequence[ProcessedSequence], kind: SeriesKind
) -> list[np.ndarray]:
    """Return the series of recordings that pass through the model together, see `make_series`."""
    if kind == "pose":
        fallback = np.array(model.processor.pose_mean, np.float32)
        return [fill_gaps(p.pose, fallback) for p in recordings]
    if kind == "latent":
        encodings = model.encode_all(recordings)
        return [
            _interpolate(e.chunk_latents, model.grid.spans(len(p.pose)), len(p.pose))
            for e, p in zip(encodings, recordings, strict=True)
        ]
    decoded = [r.pose for r in model.reconstruct_all(recordings)]
    if kind == "decoded":
        return decoded
    return [np.where(np.isfinite(p.pose), p.pose, pose) for p, pose in zip(recordings, decoded, strict=True)]


def scale_points(model: TrainedModel, kind: SeriesKind) -> np.ndarray:
    """Return (N,): what the coordinates of each point of a series are divided by.

    Landmarks keep their common unit, so that hands which move far count more than hips. The root velocity has
    another unit, and is brought to the mean spread of landmarks.
    """
    if kind == "latent":
        return np.ones(1)
    spread, count = np.array(model.processor.pose_scale), len(model.processor.landmarks)
    scale = np.ones(len(spread))
    scale[count:] = spread[count:] / np.sqrt(np.square(spread[:count]).mean())
    return scale


def _interpolate(latents: np.ndarray, spans: np.ndarray, num_frames: int) -> np.ndarray:
    """Return latents (C, K) at every frame (T, 1, K), linear between the middles of ``spans`` (C, 2)."""
    middles = spans.mean(axis=1) - 0.5
    frames = np.arange(num_frames)
    return np.stack([np.interp(frames, middles, column) for column in latents.T], axis=1)[:, None]
