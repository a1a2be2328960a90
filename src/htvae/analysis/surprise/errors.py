"""How badly the model reconstructs recordings: as they are, with sides exchanged, and backwards in time.

A fault that makes a recording look like another one (an exchange of sides, time that runs backwards) costs
little by itself. What tells it is that the recording without it is reconstructed better.

Axes: ``T`` frames, ``N`` points, ``L`` landmarks, ``D`` coordinates.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from htvae.data.processing import PoseDataProcessor, ProcessedSequence
from htvae.inference.model import TrainedModel
from htvae.inference.point_noise import DEGREES
from htvae.metrics.likelihoods import compute_student_nats
from htvae.poses.geometry import observed_points


class Errors(NamedTuple):
    """The errors of one recording, NaN where a point is missing."""

    scales: np.ndarray
    """Errors (T, N) in multiples of their expected scale."""
    nats: np.ndarray
    """Nats (T, N) that the errors cost."""
    exchanged: np.ndarray | None
    """Nats (T, N) with left and right exchanged, at the recording's own names; None without partners."""
    backwards: np.ndarray
    """Nats (T, N) of the recording played backwards, at the recording's own frames."""


def measure_errors(
    model: TrainedModel, recordings: Sequence[ProcessedSequence], refine_steps: int = 0
) -> list[Errors]:
    """Return the errors of the reconstructions of recordings.

    Args:
        model: the model.
        recordings: recordings in the model's coordinates.
        refine_steps: steps that fit the chunk latents to each recording.
    """
    mirror = np.array(model.processor.mirror)
    as_is = _reconstruct(model, recordings, refine_steps)
    reverse = [_reverse(model.processor, own) for own in recordings]
    backwards = [nats[::-1] for _, nats in _reconstruct(model, reverse, refine_steps)]
    exchanged: list[np.ndarray | None] = [None] * len(recordings)
    if find_pairs(model.processor):
        mirrored = [replace(own, pose=np.ascontiguousarray(own.pose[:, mirror])) for own in recordings]
        exchanged = [nats[:, mirror] for _, nats in _reconstruct(model, mirrored, refine_steps)]
    parts = zip(as_is, exchanged, backwards, strict=True)
    return [Errors(*own, other, reverse) for own, other, reverse in parts]


def find_pairs(processor: PoseDataProcessor) -> list[tuple[int, int]]:
    """Return the indices of left/right partners among the landmarks."""
    return [(i, j) for i, j in enumerate(processor.mirror) if i < j]


def _reverse(processor: PoseDataProcessor, recording: ProcessedSequence) -> ProcessedSequence:
    """Return a recording backwards in time; the body's velocity turns round."""
    pose = recording.pose[::-1].copy()
    pose[:, len(processor.landmarks) :] *= -1
    return replace(recording, pose=pose)


def _reconstruct(
    model: TrainedModel, recordings: Sequence[ProcessedSequence], refine_steps: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the errors (T, N) of reconstructions in multiples of their expected scale, and in nats."""
    errors = []
    for found in model.reconstruct_all(recordings, refine_steps):
        pose = found.processed.pose
        scale = model.noise_scale(found.pose, observed_points(pose))
        scales = np.linalg.norm(pose - found.pose, axis=-1) / scale
        errors.append((scales, compute_student_nats(scales, pose.shape[2], DEGREES)))
    return errors
