"""Signs of a tracker's mistakes and of wrong settings in one recording's poses.

- Thresholds are relative to the body's size and to the recording's usual values, so neither the unit nor the
  frame rate matters.
- Thresholds are high enough that a sound recording gives no findings.

Axes: T frames, L landmarks, D coordinates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from htvae.config import DataConfig
from htvae.io.coordinates import to_file
from htvae.poses.landmarks import canonical_name, mirror_permutation
from htvae.poses.sequence import PoseSequence

CoordinateKind = Literal["body", "0..1", "pixels"]
"""Kind of a file's coordinates. 0..1: shares of the image. body: centred on the body, or neither of the
others."""

_Poses = npt.NDArray[np.floating]

SPIKE_SHARE = 1e-3
"""Least share of spikes (0..1) that counts as a finding."""
ORIGIN_SHARE = 1e-3
"""Least share of points at the origin (0..1) that counts as a finding."""

_USUAL = 0.9
"""Quantile that counts as the usual value: it holds even if a tenth of the frames are bad."""
_SPIKE_SIZE = 0.5
"""Least distance (body sizes) of a spike from the path."""
_SPIKE_RATIO = 8.0
"""Least distance of a spike from the path, in multiples of the usual distance."""
_SWAP_SIZE = 0.25
"""Least jump (body sizes, sum over the pair) of a pair whose sides are exchanged."""
_SWAP_RATIO = 5.0
"""Least jump of such a pair, in multiples of its usual jump."""
_SWAP_REMAINDER = 0.25
"""Largest share of the pair's jump that may remain after its sides are exchanged back."""
_STILL = 2e-5
"""Largest range (body sizes) of a still landmark, which rounding may cause."""
_LEAST_FRAMES = 30
"""Fewest observed frames of a landmark that may be called still."""
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
    """Share (0..1) of observed points that are far from the path of their landmark."""
    swaps: int
    """Number of frames after which left and right change places."""
    still: tuple[str, ...]
    """Landmarks that never move."""
    coordinates: CoordinateKind
    """Likely kind of the file's coordinates."""
    upside_down: bool | None
    """True where the head is below the hips in most frames, None where that is unknown."""
    at_origin: float
    """Share (0..1) of points at exactly (0, 0), where the coordinates are not centred on the body."""

    @property
    def has_findings(self) -> bool:
        """Whether the recording has spikes, swaps, still landmarks or points at the origin."""
        return (
            self.spikes >= SPIKE_SHARE or self.swaps > 0 or bool(self.still) or self.at_origin >= ORIGIN_SHARE
        )


def check_recording(sequence: PoseSequence, config: DataConfig) -> RecordingReport:
    """Examine one recording, which was read with ``config``."""
    pose = sequence.pose
    size = compute_body_size(pose)
    num_observed = np.count_nonzero(sequence.observed)
    raw = to_file(pose, sequence.coordinates)
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
    """Return the median distance between a point and the centroid of its frame; 0 for a single landmark."""
    observed = ~np.isnan(pose[..., :1])
    count = np.maximum(observed.sum(axis=1, keepdims=True), 1)
    centroid = np.where(observed, pose, 0).sum(axis=1, keepdims=True) / count
    return float(np.median(_length(pose - centroid)[observed[..., 0]]))


def find_swaps(pose: _Poses, landmarks: Sequence[str], size: float) -> npt.NDArray[np.bool_]:
    """Return a mask (T - 1, L): True where a landmark and its left/right partner change places in one step.

    Entry t is the step from frame t to the next. Partners that move past each other do not count.
    """
    partner = mirror_permutation(landmarks)
    before, after = pose[:-1], pose[1:]
    straight, crossed = _length(after - before), _length(after - before[:, partner])
    straight, crossed = straight + straight[:, partner], crossed + crossed[:, partner]
    unusual = straight > np.maximum(_SWAP_SIZE * size, _SWAP_RATIO * _usual(straight))
    return unusual & (crossed < _SWAP_REMAINDER * straight)


def find_spikes(pose: _Poses, size: float, swaps: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return a mask (T - 2, L) of the inner frames: True where a point is far from the path of its landmark.

    A spike lies unusually far from the middle between its neighbours in time, and farther than the neighbours
    lie from the middle between theirs, so that one bad point counts once. A jump to another place counts too.
    The steps that ``swaps`` marks do not count.
    """
    deviation = _length(pose[1:-1] - (pose[:-2] + pose[2:]) / 2)
    far = deviation > np.maximum(_SPIKE_SIZE * size, _SPIKE_RATIO * _usual(deviation))
    around = np.pad(np.nan_to_num(deviation), ((1, 1), (0, 0)))
    return far & (deviation >= around[:-2]) & (deviation > around[2:]) & ~swaps[:-1] & ~swaps[1:]


def find_still_landmarks(pose: _Poses, landmarks: Sequence[str], size: float) -> tuple[str, ...]:
    """Return the landmarks that never move, among those seen in at least `_LEAST_FRAMES` frames."""
    observed = ~np.isnan(pose[..., 0])
    low = np.where(observed[..., None], pose, np.inf).min(axis=0)
    high = np.where(observed[..., None], pose, -np.inf).max(axis=0)
    still = ((high - low).max(axis=-1) <= _STILL * size) & (observed.sum(axis=0) >= _LEAST_FRAMES)
    return tuple(landmarks[index] for index in np.flatnonzero(still).tolist())


def is_upside_down(pose: _Poses, landmarks: Sequence[str]) -> bool | None:
    """Return whether the head is below the hips in most frames; None where they are not seen together."""
    names = [canonical_name(landmark) for landmark in landmarks]
    head = next((names.index(name) for name in _HEADS if name in names), None)
    hips = [names.index(name) for name in _HIPS if name in names]
    if head is None or not hips:
        return None
    height = pose[:, head, 1] - pose[:, hips, 1].mean(axis=1)
    height = height[~np.isnan(height)]
    return bool(np.mean(height < 0) > 0.5) if len(height) else None


def recognise_coordinates(pose: _Poses) -> CoordinateKind:
    """Return the likely kind of a file's coordinates (T, L, 2)."""
    points = pose[~np.isnan(pose[..., 0])]
    low, high = np.quantile(points, (0.05, 0.95), axis=0)
    if (low < 0).any():
        return "body"
    if high.max() > 10:
        return "pixels"
    return "0..1" if high[0] <= 1 else "body"


def share_at_origin(pose: _Poses) -> float:
    """Return the share (0..1) of points at exactly (0, 0), where some trackers put lost points."""
    points = pose[~np.isnan(pose[..., 0])]
    return float((points == 0).all(axis=-1).mean())


def _length(vectors: _Poses) -> _Poses:
    return np.sqrt(np.square(vectors).sum(axis=-1))


def _usual(values: _Poses) -> _Poses:
    """Return the `_USUAL` quantile of each column; NaN, so that comparisons are False, for an empty one."""
    if not len(values):
        return np.full(values.shape[1:], np.nan)
    ordered = np.sort(values, axis=0)  # NaN last
    count = (~np.isnan(values)).sum(axis=0)
    place = np.maximum(_USUAL * (count - 1), 0).astype(np.intp)
    return np.take_along_axis(ordered, place[None], axis=0)[0]
