"""What can be seen in one recording's poses that hints at a tracker's mistakes or at the wrong settings.

Thresholds are relative to the body's size and to what is usual in the recording, so that neither unit nor
frame rate matters. They are set to be silent on sound recordings.

Axes: T frames, L landmarks, D coordinates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from htvae.config import DataConfig
from htvae.io.coordinates import coordinates_of, to_file
from htvae.poses.landmarks import canonical_name, mirror_permutation
from htvae.poses.sequence import PoseSequence

CoordinateKind = Literal["body", "0..1", "pixels"]
"""Centred on the body (or otherwise of both signs); relative to the image; in pixels."""

_Poses = npt.NDArray[np.floating]

SPIKE_SHARE = 1e-3
"""Share of spikes (0..1) from which a recording is worth a look."""
ORIGIN_SHARE = 1e-3
"""Share of points at the origin (0..1) from which a recording is worth a look."""

_USUAL = 0.9
"""Quantile that stands for the usual: up to a tenth of the frames may be bad without moving it."""
_SPIKE_SIZE = 0.5
"""Least distance (body sizes) of a spike from the path."""
_SPIKE_RATIO = 8.0
_SWAP_SIZE = 0.25
"""Least distance (body sizes) that a pair jumps, both together, where its sides are exchanged."""
_SWAP_RATIO = 5.0
_SWAP_REMAINDER = 0.25
"""Most that is left of the pair's jump when its sides are exchanged back."""
_STILL = 2e-5
"""Largest range (body sizes) of a landmark that does not move: rounding."""
_LEAST_FRAMES = 30
"""Fewest observed frames from which a landmark is called still."""
_HEADS = (
    "NOSE",
    "LEFT_EYE",
    "RIGHT_EYE",
    "LEFT_EAR",
    "RIGHT_EAR",
    "HEAD",
    "NECK",
    "LEFT_SHOULDER",
    "RIGHT_SHOULDER",
)
_HIPS = ("LEFT_HIP", "RIGHT_HIP")


@dataclass(frozen=True, kw_only=True)
class RecordingReport:
    """What was found in one recording."""

    name: str
    frames: int
    landmarks: int
    missing: float
    """Share (0..1) of frames times landmarks without a point."""
    fps: float | None
    label: str | None
    subject: str | None
    spikes: float
    """Share (0..1) of observed points that are far off the path of their landmark."""
    swaps: int
    """Frames where left and right change places."""
    still: tuple[str, ...]
    """Landmarks that never move."""
    coordinates: CoordinateKind
    """What the file's coordinates seem to be."""
    upside_down: bool | None
    """Whether the head is below the hips, None where this cannot be told."""
    at_origin: float
    """Share (0..1) of points at exactly (0, 0), where the coordinates are not centred on the body."""

    @property
    def has_findings(self) -> bool:
        """Whether there is something to look at in this recording alone."""
        return (
            self.spikes >= SPIKE_SHARE or self.swaps > 0 or bool(self.still) or self.at_origin >= ORIGIN_SHARE
        )


def check_recording(sequence: PoseSequence, config: DataConfig) -> RecordingReport:
    """Return what was found in one recording that was read with ``config``."""
    pose = sequence.pose
    size = compute_body_size(pose)
    num_observed = np.count_nonzero(sequence.observed)
    raw = to_file(pose, coordinates_of(config))
    kind = recognise_coordinates(raw)
    swaps = find_swaps(pose, sequence.landmarks, size)
    spikes = find_spikes(pose, size, swaps)
    return RecordingReport(
        name=sequence.name,
        frames=sequence.num_frames,
        landmarks=len(sequence.landmarks),
        missing=1 - num_observed / sequence.observed.size,
        fps=sequence.fps,
        label=sequence.label,
        subject=sequence.subject,
        spikes=np.count_nonzero(spikes) / num_observed,
        swaps=int(np.count_nonzero(swaps.any(axis=1))),
        still=find_still_landmarks(pose, sequence.landmarks, size),
        coordinates=kind,
        upside_down=is_upside_down(pose, sequence.landmarks),
        at_origin=0.0 if kind == "body" else share_at_origin(raw),
    )


def compute_body_size(pose: _Poses) -> float:
    """Return the median distance of the points from their frame's centroid; 0 for a single landmark."""
    observed = ~np.isnan(pose[..., :1])
    count = np.maximum(observed.sum(axis=1, keepdims=True), 1)
    centroid = np.where(observed, pose, 0).sum(axis=1, keepdims=True) / count
    return float(np.median(_length(pose - centroid)[observed[..., 0]]))


def find_swaps(pose: _Poses, landmarks: Sequence[str], size: float) -> npt.NDArray[np.bool_]:
    """Return a mask (T - 1, L): True where a landmark and its left/right partner change places, at once.

    Entry t stands for the step from frame t to the next. Partners that move through each other are no swap.
    """
    partner = mirror_permutation(landmarks)
    before, after = pose[:-1], pose[1:]
    straight, crossed = _length(after - before), _length(after - before[:, partner])
    straight, crossed = straight + straight[:, partner], crossed + crossed[:, partner]
    unusual = straight > np.maximum(_SWAP_SIZE * size, _SWAP_RATIO * _usual(straight))
    return unusual & (crossed < _SWAP_REMAINDER * straight)


def find_spikes(pose: _Poses, size: float, swaps: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return a mask (T - 2, L) of the inner frames: True where a point is far off the path of its landmark.

    That is: unusually far from the middle of its neighbours in time, and farther than these from theirs, so
    that a point counts once; a jump to another place counts too. What `find_swaps` found is no spike.
    """
    deviation = _length(pose[1:-1] - (pose[:-2] + pose[2:]) / 2)
    far = deviation > np.maximum(_SPIKE_SIZE * size, _SPIKE_RATIO * _usual(deviation))
    around = np.pad(np.nan_to_num(deviation), ((1, 1), (0, 0)))
    return far & (deviation >= around[:-2]) & (deviation > around[2:]) & ~swaps[:-1] & ~swaps[1:]


def find_still_landmarks(pose: _Poses, landmarks: Sequence[str], size: float) -> tuple[str, ...]:
    """Return the landmarks that have the same place in all frames, of those with enough frames to tell."""
    observed = ~np.isnan(pose[..., 0])
    low = np.where(observed[..., None], pose, np.inf).min(axis=0)
    high = np.where(observed[..., None], pose, -np.inf).max(axis=0)
    still = ((high - low).max(axis=-1) <= _STILL * size) & (observed.sum(axis=0) >= _LEAST_FRAMES)
    return tuple(landmarks[index] for index in np.flatnonzero(still).tolist())


def is_upside_down(pose: _Poses, landmarks: Sequence[str]) -> bool | None:
    """Return whether the head is below the hips in most frames; None where this cannot be told."""
    names = [canonical_name(landmark) for landmark in landmarks]
    head = next((names.index(name) for name in _HEADS if name in names), None)
    hips = [names.index(name) for name in _HIPS if name in names]
    if head is None or not hips:
        return None
    height = pose[:, head, 1] - pose[:, hips, 1].mean(axis=1)
    height = height[~np.isnan(height)]
    return bool(np.mean(height < 0) > 0.5) if len(height) else None


def recognise_coordinates(pose: _Poses) -> CoordinateKind:
    """Return what the coordinates seem to be, given as they stand in the file."""
    points = pose[~np.isnan(pose[..., 0])]
    low, high = np.quantile(points, (0.05, 0.95), axis=0)
    if (low < 0).any():
        return "body"
    if high.max() > 10:
        return "pixels"
    return "0..1" if high[0] <= 1 else "body"


def share_at_origin(pose: _Poses) -> float:
    """Return the share (0..1) of points at exactly (0, 0), where some trackers put what they lost."""
    points = pose[~np.isnan(pose[..., 0])]
    return float((points == 0).all(axis=-1).mean())


def _length(vectors: _Poses) -> _Poses:
    return np.sqrt(np.square(vectors).sum(axis=-1))


def _usual(values: _Poses) -> _Poses:
    """Return the quantile of each column's numbers, NaN where it has none (a comparison with it is False)."""
    if not len(values):
        return np.full(values.shape[1:], np.nan)
    ordered = np.sort(values, axis=0)  # NaN last
    count = (~np.isnan(values)).sum(axis=0)
    place = np.maximum(_USUAL * (count - 1), 0).astype(np.intp)
    return np.take_along_axis(ordered, place[None], axis=0)[0]
