"""From instances (one pose of one individual in one frame, with or without a track) to individuals.

Axes: n instances, L landmarks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats.frames import check_frames
from htvae.io.formats.gaps import check_span, spread
from htvae.io.tracks import Detections, Track


@dataclass(frozen=True, kw_only=True, eq=False)
class Instances:
    """The instances of one video."""

    landmarks: tuple[str, ...]
    frames: npt.NDArray[np.floating]
    """(n,) frame numbers as the file has them."""
    points: npt.NDArray[np.float64]
    """(n, L, D); a point with a NaN is missing."""
    confidence: npt.NDArray[np.float64]
    """(n, L); NaN where a point was set by hand."""
    tracks: npt.NDArray[np.integer]
    """(n,) index of the track in ``track_names``, -1 for none."""
    track_names: tuple[str, ...]


def build_individuals(
    instances: Instances, config: ReadingConfig, shown: str
) -> Sequence[Track] | Detections:
    """Return one track per track of the file, or one track where no frame has two instances, else detections.

    Raises:
        DataError: there is no instance, or frame numbers are not whole or too far apart.
    """
    confidence = trust_points_set_by_hand(instances.points, instances.confidence)
    seen = np.any(~np.isnan(instances.points).any(axis=2), axis=1)
    if not seen.any():
        raise DataError([f"{shown}: must have an instance with a point, but has none. Remove the file."])
    numbers, tracks = instances.frames[seen], instances.tracks[seen]
    points, confidence = instances.points[seen], confidence[seen]
    check_frames(np.unique(numbers), config, shown)
    frames = numbers.astype(np.int64)
    if (tracks < 0).all() and len(np.unique(frames)) == len(frames):
        tracks, names = np.zeros_like(tracks), [""]
    else:
        names = unique_names(instances.track_names, "track")
    pairs = np.unique(np.stack((frames, tracks)), axis=1)
    is_tracked = (tracks >= 0).all() and pairs.shape[1] == len(frames)
    if not is_tracked:
        ids = None if (tracks < 0).all() else tracks
        return Detections(
            landmarks=instances.landmarks, frames=frames, points=points, confidence=confidence, ids=ids
        )
    rows = [np.flatnonzero(tracks == track) for track in np.unique(tracks)]
    check_span(sum(int(np.ptp(frames[own])) + 1 for own in rows), points[0].size, shown)
    return [
        Track(
            landmarks=instances.landmarks,
            points=spread(points[own], frames[own] - frames[own].min()),
            confidence=spread(confidence[own], frames[own] - frames[own].min()),
            individual=names[tracks[own[0]]],
            first_frame=int(frames[own].min()),
        )
        for own in rows
    ]


def trust_points_set_by_hand(points: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """Return confidences (..., L) with 1 for points (..., L, D) that are there without a confidence.

    Trackers store none for points that a person has set or corrected.
    """
    is_set = ~np.isnan(points).any(axis=-1) & np.isnan(confidence)
    return np.where(is_set, 1.0, confidence)


def unique_names(names: Sequence[str], kind: str) -> list[str]:
    """Return names without repetitions: empty ones by their place (``track_3``), others with a number."""
    taken: set[str] = set()
    unique = []
    for place, given in enumerate(names):
        name = base = given if given.strip() else f"{kind}_{place}"
        count = 1
        while name in taken:
            count += 1
            name = f"{base}_{count}"
        taken.add(name)
        unique.append(name)
    return unique
