"""Recordings beside their reconstructions, thinned out to as few poses as look the same.

Axes: ``T`` model frames, ``F`` packed poses, ``L`` landmarks, ``D`` coordinates.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from htvae.analysis.surprise.measures import place_in_source
from htvae.app.packing import choose_scale, find_parents, pack_poses, to_text
from htvae.data.processing import PoseDataProcessor, ProcessedSequence

RATES = (10.0, 15.0, 30.0)
"""Poses per second to choose from, the fewest first."""
STRIDES = (3, 2, 1)
"""Frames from one pose to the next, to choose from where the frame rate is unknown."""
TOLERANCE, SHARE = 0.05, 0.99
"""Error (torso lengths) that this share of points must keep where the page draws between packed poses."""


@dataclass(frozen=True, eq=False)
class PackedPoses:
    """The poses of one recording, packed."""

    text: str
    """Compressed, from `to_text`."""
    stride: int
    """Model frames from one packed pose to the next."""
    rate: float
    """Packed poses per second; per source frame where the frame rate is unknown."""
    count: int
    """F."""
    scale: float
    """Torso lengths per step."""


def thin_out(
    recording: ProcessedSequence,
    pose: np.ndarray,
    processor: PoseDataProcessor,
    fps: float | None,
    factor: int = 1,
) -> PackedPoses:
    """Return a recording and its reconstruction (T, N, D), packed.

    Both lie where the recording has the body, in torso lengths from the middle of its path.

    Args:
        recording: in the model's coordinates.
        pose: its reconstruction.
        processor: the model's.
        fps: model frames per second.
        factor: how many times fewer poses than look the same.
    """
    found = place_in_source(processor, recording)
    rebuilt = processor.inverse(pose, recording.record) / recording.record.unit
    middle = np.median(recording.record.anchor / recording.record.unit, axis=0)
    found, rebuilt = found - middle, rebuilt - middle
    stride = factor * choose_stride(pose[:, : len(processor.landmarks)], fps)
    found, rebuilt = found[::stride], rebuilt[::stride]
    scale = choose_scale(rebuilt, found)
    rate = 1 / stride if fps is None else fps / stride
    parents = find_parents(len(processor.landmarks), processor.edges)
    text = to_text(pack_poses(rebuilt, found, scale, parents))
    return PackedPoses(text, stride, rate, len(rebuilt), scale)


def choose_stride(pose: np.ndarray, fps: float | None) -> int:
    """Return how many frames lie from one kept pose to the next: as many as look the same.

    Args:
        pose: (T, L, D) around the body's own origin, whose recorded path trembles more than the body.
        fps: frames per second.
    """
    strides = STRIDES if fps is None else [max(1, int(fps / rate + 1e-6)) for rate in RATES]
    for stride in strides:
        if stride == 1 or _is_close(pose, stride):
            return stride
    return strides[-1]


def interpolate_poses(poses: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return poses (F, L, D) at places between them, by Catmull-Rom splines, as the page draws them."""
    left = np.floor(places).astype(int)
    t = (places - left)[:, None, None]
    a, b, c, d = (poses[(left + k).clip(0, len(poses) - 1)] for k in (-1, 0, 1, 2))
    curve: np.ndarray = 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )
    return curve


def average(values: np.ndarray, stride: int) -> np.ndarray:
    """Return the mean (F,) of values (T,) around each kept frame; NaN where all are."""
    known = np.isfinite(values)
    starts = np.arange(0, len(values), stride)
    total, count = (
        np.add.reduceat(part, starts) for part in (np.where(known, values, 0), known.astype(float))
    )
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def highest(values: np.ndarray, stride: int) -> np.ndarray:
    """Return the highest (F,) of values (T,) from each kept frame to the next; NaN counts as 0."""
    return np.maximum.reduceat(np.nan_to_num(values), np.arange(0, len(values), stride))


def _is_close(pose: np.ndarray, stride: int) -> bool:
    kept = pose[::stride]
    last = (len(kept) - 1) * stride
    places = np.arange(last + 1) / stride
    errors = np.linalg.norm(interpolate_poses(kept, places) - pose[: last + 1], axis=-1)
    return bool((errors <= TOLERANCE).mean() >= SHARE)


def measure_lanes(
    recording: ProcessedSequence, pose: np.ndarray, processor: PoseDataProcessor, fps: float | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the error, the speed and the share of observed landmarks of each frame (T,).

    - Error: mean distance between recording and reconstruction, torso lengths; NaN without any point.
    - Speed: mean over landmarks of the reconstruction's, torso lengths per second (per frame where the rate
      is unknown): a tracker's jitter would hide slow movement.

    Args: as for `thin_out`.
    """
    num = len(processor.landmarks)
    own = np.linalg.norm(recording.pose[:, :num] - pose[:, :num], axis=-1)
    seen = np.isfinite(own)
    count = seen.sum(axis=1)
    error = np.where(count, np.where(seen, own, 0).sum(axis=1) / np.maximum(count, 1), np.nan)
    path = processor.inverse(pose, recording.record) / recording.record.unit
    steps = np.linalg.norm(np.diff(path, axis=0), axis=-1).mean(axis=1)
    speed = np.concatenate([steps[:1], steps]) if len(steps) else np.zeros(1)
    return error, speed * (fps or 1.0), seen.mean(axis=1)


def common_top(lanes: Sequence[np.ndarray], share: float = 0.995) -> float:
    """Return the value that this share of curves' values (T,) do not exceed; 1 where all are 0."""
    values = np.concatenate([lane[np.isfinite(lane)] for lane in lanes] or [np.zeros(1)])
    return float(np.quantile(values, share)) if values.any() else 1.0
