"""Groups' mean motion: latents of alike moments averaged over subjects, decoded, and compared.

Axes: ``u`` rows (units), ``T`` frames, ``N`` points, ``L`` landmarks, ``D`` coordinates, ``S`` spans of time.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import torch

from htvae.analysis.groups.alike_moments import Moment
from htvae.analysis.groups.scenes import MeanMotion
from htvae.analysis.groups.study import Units
from htvae.data.processing import ProcessedSequence
from htvae.inference.model import TrainedModel
from htvae.metrics.arrangements import make_arrangements
from htvae.models.prior import Latents

SPAN_SECONDS = 0.1
"""Time over which distances are averaged."""
NUM_SHUFFLES = 200
_LEVEL = 0.95


def average_moments(
    model: TrainedModel,
    recordings: Sequence[ProcessedSequence],
    series: Sequence[np.ndarray],
    moments: Sequence[Moment],
    units: Units,
    groups: tuple[int, int],
    seed: int,
) -> MeanMotion | None:
    """Return what two groups do in moments that are alike; None where a group has none.

    Latents of both levels are averaged over each group's rows; all moments have the same chunks. Shuffled
    groups say how large distances are by chance.
    """
    rows = np.array([moment.row for moment in moments], int)
    kept = np.flatnonzero(np.isin(units.groups[rows], groups)) if len(rows) else rows
    is_second = units.groups[rows[kept]] == groups[1] if len(rows) else np.zeros(0, bool)
    if not is_second.any() or is_second.all():
        return None
    latents = encode_moments(model, recordings, series, [moments[int(i)] for i in kept])
    blocks = units.blocks[rows[kept]]
    shuffled = make_arrangements(
        is_second.astype(int), blocks, NUM_SHUFFLES, np.random.default_rng((seed, 4))
    ).rows
    num_frames = moments[0].stop - moments[0].start
    pairs = [_decode_pair(model, latents, is_second[row], num_frames) for row in shuffled]
    seconds, distances = measure_distances(np.stack(pairs), model.processor.fps)
    return MeanMotion(
        poses=(pairs[0][0], pairs[0][1]),
        num_subjects=(int((~is_second).sum()), int(is_second.sum())),
        seconds=seconds,
        distance=distances[0],
        chance=np.quantile(distances, _LEVEL, axis=0),
    )


def encode_moments(
    model: TrainedModel,
    recordings: Sequence[ProcessedSequence],
    series: Sequence[np.ndarray],
    moments: Sequence[Moment],
) -> Latents:
    """Return the latents of moments, each encoded as a recording of its own."""
    parts = []
    for moment in moments:
        span = slice(moment.start, moment.stop)
        pose = series[moment.recording][span].astype(np.float32)
        parts.append(dataclasses.replace(recordings[moment.recording].cut(span), pose=pose))
    encodings = model.encode_all(parts)
    return Latents(
        torch.from_numpy(np.stack([e.sequence_latent for e in encodings])),
        torch.from_numpy(np.stack([e.chunk_latents for e in encodings])),
    )


def find_usual_span(
    series: Sequence[np.ndarray], latents: np.ndarray, used: np.ndarray, num_landmarks: int, num_frames: int
) -> tuple[int, int] | None:
    """Return recording and first frame of a span that moves as much as recordings usually do.

    Of the recordings ``used`` (n,) that have one, it is that whose sequence latent (n, Z) is nearest to the
    mean. None where all recordings are shorter than ``num_frames``.
    """
    ways = {}
    for i in np.flatnonzero(used).tolist():
        if len(series[i]) >= num_frames:
            steps = np.linalg.norm(np.diff(series[i][:, :num_landmarks], axis=0), axis=-1).sum(axis=1)
            path = np.concatenate([[0.0], np.cumsum(steps)])
            ways[i] = path[num_frames - 1 :] - path[: len(path) - num_frames + 1]
    if not ways:
        return None
    usual = float(np.mean([way.mean() for way in ways.values()]))
    away = np.linalg.norm(latents - latents[used].mean(axis=0), axis=1)
    lively = [i for i, way in ways.items() if way.max() >= usual]
    recording = min(lively, key=lambda i: float(away[i]))
    return recording, int(np.abs(ways[recording] - usual).argmin())


def move_along_component(
    model: TrainedModel,
    latents: Latents,
    axis: tuple[np.ndarray, np.ndarray],
    places: tuple[float, float],
    num_subjects: tuple[int, int],
    num_frames: int,
) -> MeanMotion:
    """Return one movement with one component of the sequence latent at two places.

    Args:
        model: the trained model.
        latents: (1, Z) and (1, C, K) of the movement.
        axis: mean (Z,) of sequence latents, from which places count, and the component (Z,), of length 1.
        places: where the two lie along the component.
        num_subjects: subjects of either group.
        num_frames: length of the movement.
    """
    mean, direction = (torch.from_numpy(part).to(latents.sequence.dtype) for part in axis)
    own = (latents.sequence[0] - mean) @ direction
    ends = torch.stack([latents.sequence[0] + (place - own) * direction for place in places])
    poses = model.decode_all(Latents(ends, latents.chunks.expand(2, -1, -1)), num_frames)
    poses = poses[:, :, : len(model.processor.landmarks)]
    seconds, distances = measure_distances(poses[None], model.processor.fps)
    return MeanMotion(
        poses=(poses[0], poses[1]),
        num_subjects=num_subjects,
        seconds=seconds,
        distance=distances[0],
        chance=np.full(distances[0].shape, np.nan),
    )


def measure_distances(pairs: np.ndarray, fps: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Return middles (S,) of spans of time, and the mean distance (n, S, L) of pairs (n, 2, T, L, D) in each.

    Middles are seconds, or frames where no frame rate is known.
    """
    num_frames = pairs.shape[2]
    width = max(1, round(SPAN_SECONDS * (fps or 30.0)))
    apart = np.linalg.norm(pairs[:, 0] - pairs[:, 1], axis=-1)
    starts = np.arange(0, num_frames, width)
    sizes = np.diff([*starts, num_frames])
    means: np.ndarray = np.add.reduceat(apart, starts, axis=1) / sizes[:, None]
    return (starts + sizes / 2) / (fps or 1.0), means


def _decode_pair(model: TrainedModel, latents: Latents, is_second: np.ndarray, num_frames: int) -> np.ndarray:
    """Return the motion (2, T, L, D) of two groups' mean latents."""
    chosen = torch.from_numpy(is_second)
    ends = Latents(*(torch.stack([part[~chosen].mean(0), part[chosen].mean(0)]) for part in latents))
    pose: np.ndarray = model.decode_all(ends, num_frames)[:, :, : len(model.processor.landmarks)]
    return pose
