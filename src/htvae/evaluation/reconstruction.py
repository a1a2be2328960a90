"""What a metric is given, and the metrics of reconstruction.

A metric is a function of the list of scored recordings that returns one number. It may weight recordings as
it likes; the metrics here weight every observed point alike.

Axes: ``T`` frames, ``L`` landmarks, ``D`` coordinates.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from htvae.inference.model import Reconstruction
from htvae.inference.motion_features import smooth_pose
from htvae.metrics import errors as metrics


@dataclass(frozen=True, eq=False)
class ScoredRecording:
    """One recording beside its reconstruction, in torso lengths, landmarks alone."""

    name: str
    pose: Tensor
    """(T, L, D), NaN where missing."""
    reconstruction: Tensor
    """(T, L, D)."""
    mask: Tensor
    """(T, L) bool, True = observed."""
    seams: Tensor
    """(T,) bool, frames at which chunks are joined; see `metrics.chunk_seams`."""
    edges: tuple[tuple[int, int], ...]
    """Pairs of landmarks that a bone joins."""


Metric = Callable[[Sequence[ScoredRecording]], float]


def score_recording(
    reconstruction: Reconstruction,
    num_landmarks: int,
    edges: Sequence[tuple[int, int]],
    chunk_grid: tuple[int, int],
) -> ScoredRecording:
    """Return a recording beside its reconstruction, for the metrics."""
    pose = torch.from_numpy(reconstruction.processed.pose[:, :num_landmarks].copy())
    return ScoredRecording(
        name=reconstruction.processed.name,
        pose=pose,
        reconstruction=torch.from_numpy(reconstruction.pose[:, :num_landmarks].copy()),
        mask=pose.isfinite().all(-1),
        seams=metrics.chunk_seams(len(pose), *chunk_grid),
        edges=tuple(edges),
    )


def compute_ratio(sums: Callable[..., tuple[Tensor, Tensor]], recordings: Sequence[ScoredRecording]) -> float:
    """Return the quotient of two sums that are added up over recordings."""
    parts = [torch.stack(sums(r.reconstruction, r.pose, r.mask)) for r in recordings]
    above, below = torch.stack(parts).sum(0)
    return float(above / below)


def bone_length_error(recordings: Sequence[ScoredRecording]) -> float:
    """Return the mean error of bone lengths; NaN where no bones are known."""
    edges = recordings[0].edges
    return (
        compute_ratio(partial(metrics.bone_length_error_sums, edges=edges), recordings)
        if edges
        else torch.nan
    )


def seam_ratio(recordings: Sequence[ScoredRecording]) -> float:
    """Return how much rougher reconstructions are where chunks are joined."""
    sums = [metrics.seam_sums(r.reconstruction, r.pose, r.mask, r.seams) for r in recordings]
    return float(metrics.seam_ratio_from_sums(torch.stack(sums).sum(0)))


def smoothed_jerk_ratio(recordings: Sequence[ScoredRecording]) -> float:
    """Return the jerk of reconstructions over that of recordings once most of the tracker's noise is off.

    The recordings go through the filter of the model's output; then both have the same bandwidth.
    """
    smoothed = [replace(r, pose=torch.from_numpy(smooth_pose(r.pose.numpy()))) for r in recordings]
    return compute_ratio(metrics.jerk_ratio_sums, smoothed)


def noise_floor(recordings: Sequence[ScoredRecording]) -> float:
    """Return the tracker's own jitter, the median over recordings."""
    floors = torch.stack([metrics.noise_floor(r.pose) for r in recordings])
    return float(floors.nanmedian())


DEFAULT_METRICS: dict[str, Metric] = {
    "mpjpe": partial(compute_ratio, metrics.mpjpe_sums),
    "velocity_error": partial(compute_ratio, metrics.velocity_error_sums),
    "acceleration_error": partial(compute_ratio, metrics.acceleration_error_sums),
    "jerk_ratio": partial(compute_ratio, metrics.jerk_ratio_sums),
    "smoothed_jerk_ratio": smoothed_jerk_ratio,
    "bone_length_error": bone_length_error,
    "seam_ratio": seam_ratio,
    "noise_floor": noise_floor,
}
"""Metrics by the name they get in the tables."""
