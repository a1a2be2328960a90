"""Detections in order: sorting, faults, duplicates, and the tracks that they make up by labels."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.following import MOST_DETECTIONS
from htvae.io.formats.gaps import spread
from htvae.io.live_tracks import find_centres
from htvae.io.tracks import Detections, Track

MOST_CELLS, ALWAYS_CELLS = 100, 10_000_000
"""Tracks together may have MOST_CELLS times as many points as the file, or ALWAYS_CELLS, whichever is
more."""


def explode(track: Track, landmarks: tuple[str, ...]) -> Detections:
    """Return the frames of a track in which a point is seen, with the given landmarks."""
    rows = np.flatnonzero(~np.isnan(track.points).any(axis=-1).all(axis=-1))
    place = [landmarks.index(name) for name in track.landmarks]
    points = np.full((len(rows), len(landmarks), track.points.shape[2]), np.nan)
    points[:, place] = track.points[rows]
    confidence = None
    if track.confidence is not None:
        confidence = np.full(points.shape[:2], np.nan)
        confidence[:, place] = track.confidence[rows]
    return Detections(
        landmarks=landmarks, frames=rows + track.first_frame, points=points, confidence=confidence
    )


def sort_detections(found: Detections) -> Detections:
    """Return the detections that have a point, by frame, and from left to right within a frame."""
    whole = ~np.isnan(found.points).any(axis=-1)
    rows = np.flatnonzero(whole.any(axis=1))
    centres = find_centres(found.points[rows], whole[rows])
    keys = [*np.round(centres, 6).T[::-1], found.frames[rows]]
    return select(found, rows[np.lexsort(keys)])


def select(found: Detections, rows: npt.NDArray[np.integer]) -> Detections:
    """Return some of the detections."""
    return Detections(
        landmarks=found.landmarks,
        frames=found.frames[rows].astype(np.int64),
        points=found.points[rows],
        confidence=None if found.confidence is None else found.confidence[rows],
        ids=None if found.ids is None else found.ids[rows],
    )


def check_gaps(frames: npt.NDArray[np.integer], config: ReadingConfig, shown: str) -> None:
    """Raise DataError if ascending frame numbers leave out more than ``max_frame_gap``, or are negative."""
    gap = int(np.diff(frames).max(initial=1)) - 1
    if gap > config.max_frame_gap or frames[0] < 0:
        found = f"leave out {gap}" if frames[0] >= 0 else f"begin at {frames[0]}"
        raise DataError(
            [
                f"{shown}: frame numbers must be at least 0 and not leave out more than "
                f"max_frame_gap={config.max_frame_gap} in a row, but {found}. Are they times, or do the "
                "images not follow each other?"
            ]
        )


def check_crowd(frames: npt.NDArray[np.integer], shown: str) -> None:
    """Raise DataError if a frame has more individuals than can be followed."""
    numbers, counts = np.unique(frames, return_counts=True)
    if counts.max() > MOST_DETECTIONS:
        raise DataError(
            [
                f"{shown}: a frame must have at most {MOST_DETECTIONS} individuals to follow them by pose, "
                f"but frame {numbers[counts.argmax()]} has {counts.max()}. Raise the detector's threshold."
            ]
        )


def drop_duplicates(found: Detections, notes: list[str]) -> Detections:
    """Return the detections without those whose points are all the same as another's in the frame."""
    points = np.ascontiguousarray(found.points + 0.0)
    points[np.isnan(points)] = np.nan  # one bit pattern
    seen: set[bytes] = set()
    frame, keep = -1, []
    for row, (own_frame, pose) in enumerate(zip(found.frames.tolist(), points, strict=True)):
        if own_frame != frame:
            frame, seen = own_frame, set()
        key = pose.tobytes()
        if key not in seen:
            seen.add(key)
            keep.append(row)
    if len(keep) == len(found.frames):
        return found
    notes.append("individuals that a frame lists twice with the same points are read once")
    return select(found, np.array(keep))


def build_tracks(
    found: Detections, labels: npt.NDArray[np.integer], names: Sequence[str], shown: str
) -> list[Track]:
    """Return the tracks of detections sorted by frame; label -1 is left out."""
    order = np.argsort(labels, kind="stable")
    bounds = np.searchsorted(labels[order], np.arange(len(names) + 1))
    parts = [order[start:stop] for start, stop in pairwise(bounds)]
    shape = found.points.shape[1:]
    cells = sum(int(np.ptp(found.frames[rows])) + 1 for rows in parts) * shape[0]
    if cells > max(ALWAYS_CELLS, MOST_CELLS * found.points.shape[0] * shape[0]):
        raise DataError(
            [
                f"{shown}: an individual must be seen in most frames between its first and its last, but "
                "many are seen in a few only. Use --link nearest."
            ]
        )
    return [_build_track(found, rows, name) for rows, name in zip(parts, names, strict=True)]


def _build_track(found: Detections, rows: npt.NDArray[np.integer], name: str) -> Track:
    first = int(found.frames[rows[0]])
    place = found.frames[rows] - first
    return Track(
        landmarks=found.landmarks,
        points=spread(found.points[rows], place),
        confidence=None if found.confidence is None else spread(found.confidence[rows], place),
        individual=name,
        first_frame=first,
    )
