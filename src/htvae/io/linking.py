"""From detections, or pieces of tracks, to one track per individual.

- By the file's ids, or by the nearest pose (`following`); never by the order in a file's lists.
- Tracks are named ``id_7`` by the file's id, or ``person_1``, ``person_2``, ... in order of first appearance,
  from left to right within a frame.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from htvae.config import ReadingConfig
from htvae.io.detections import (
    build_tracks,
    check_crowd,
    check_gaps,
    drop_duplicates,
    explode,
    sort_detections,
)
from htvae.io.faults import DataError
from htvae.io.following import Found, follow
from htvae.io.live_tracks import find_centres
from htvae.io.tracks import Content, Detections, Track

MOST_POINTS = 33
"""Number of points by which an individual is followed."""
NEARLY_ALL = 0.9
"""Least share of detections with an id for ids to be taken by ``--link auto``."""
GAP_SECONDS = 1.0
"""Longest gap that a track survives."""
LEAST_GAP, MOST_GAP = 5, 1000
"""Limits of that gap (frames)."""
USUAL_RATE = 30.0
"""Frame rate (1/s) where a file states none."""


def link_individuals(
    content: Content, config: ReadingConfig, shown: str, notes: list[str]
) -> Sequence[Track]:
    """Return one track per individual.

    Raises:
        DataError: ids are asked for and the file has none that occur once in each frame, or frame numbers
        leave
            out too much.
    """
    found = content.individuals
    if isinstance(found, Detections):
        return link_detections(found, config, content.fps, shown, notes)
    if config.link != "nearest":
        return found
    takes = dict.fromkeys(track.take for track in found)
    groups = [[track for track in found if track.take == take] for take in takes]
    return [track for group in groups for track in _join_tracks(group, config, content.fps, shown)]


def link_detections(
    found: Detections, config: ReadingConfig, fps: float | None, shown: str, notes: list[str]
) -> list[Track]:
    """Return one track per individual; arguments and errors as for `link_individuals`."""
    found = sort_detections(found)
    if not len(found.frames):
        raise DataError([f"{shown}: must have a point, but nobody is seen in any frame. Remove the file."])
    check_gaps(found.frames, config, shown)
    found = drop_duplicates(found, notes)
    ids, reason = _usable_ids(found)
    if config.link == "ids" and ids is None:
        raise DataError(
            [
                f"{shown}: --link ids needs ids that occur once in each frame, but {reason}. "
                "Use --link nearest to follow individuals by the nearest pose."
            ]
        )
    if config.link == "auto":
        is_alone = len(np.unique(found.frames)) == len(found.frames)
        if is_alone and (ids is None or len(np.unique(ids)) == 1):
            return build_tracks(found, np.zeros(len(found.frames), np.int64), [""], shown)
        if ids is not None and (ids >= 0).mean() < NEARLY_ALL:
            ids, reason = None, "many individuals have no id in the file"
        if ids is None:
            notes.append(f"individuals are followed by the nearest pose, as {reason}")
    if ids is None or config.link == "nearest":
        return _link_nearest(found, config, fps, shown)
    return _link_ids(found, ids, shown, notes)


def _link_ids(found: Detections, ids: npt.NDArray[np.integer], shown: str, notes: list[str]) -> list[Track]:
    numbers, labels = np.unique(ids, return_inverse=True)
    if numbers[0] < 0:
        notes.append("individuals without an id in the file are left out")
        numbers, labels = numbers[1:], labels - 1
    return build_tracks(found, labels, [f"id_{number}" for number in numbers], shown)


def _link_nearest(found: Detections, config: ReadingConfig, fps: float | None, shown: str) -> list[Track]:
    check_crowd(found.frames, shown)
    pieces = np.full(len(found.frames), -1)
    labels = _follow(found, config, pieces, fps)
    names = [f"person_{number + 1}" for number in range(int(labels.max()) + 1)]
    return build_tracks(found, labels, names, shown)


def _join_tracks(
    tracks: Sequence[Track], config: ReadingConfig, fps: float | None, shown: str
) -> Sequence[Track]:
    """Return a take's tracks, joined where one ends and the nearest goes on, named by their first pieces."""
    if len(tracks) == 1:
        return tracks
    landmarks = tuple(dict.fromkeys(name for track in tracks for name in track.landmarks))
    parts = [explode(track, landmarks) for track in tracks]
    pieces = np.repeat(np.arange(len(parts)), [len(part.frames) for part in parts])
    if not len(pieces):
        return tracks
    confidences = [part.confidence for part in parts if part.confidence is not None]
    found = Detections(
        landmarks=landmarks,
        frames=np.concatenate([part.frames for part in parts]),
        points=np.concatenate([part.points for part in parts]),
        confidence=np.concatenate(confidences) if len(confidences) == len(parts) else None,
        ids=pieces,
    )
    found = sort_detections(found)
    check_crowd(found.frames, shown)
    assert found.ids is not None
    labels = _follow(found, config, found.ids, fps)
    _, first = np.unique(labels, return_index=True)
    heads = [tracks[piece] for piece in found.ids[first]]
    joined = build_tracks(found, labels, [head.individual for head in heads], shown)
    return [
        replace(track, take=head.take, subject=head.subject)
        for track, head in zip(joined, heads, strict=True)
    ]


def _usable_ids(found: Detections) -> tuple[npt.NDArray[np.integer] | None, str]:
    """Return ids that occur once in each frame, -1 where there is none; or None and why there are none."""
    if found.ids is None or not (found.ids >= 0).any():
        return None, "the file has no ids"
    ids = np.maximum(found.ids, -1)
    has_id = ids >= 0
    pairs = np.stack([found.frames[has_id], ids[has_id]], axis=1)
    _, first, counts = np.unique(pairs, axis=0, return_index=True, return_counts=True)
    if counts.max() == 1:
        return ids, ""
    frame, number = pairs[first[counts.argmax()]]
    return None, f"frame {frame} has the id {number} {counts.max()} times"


def _follow(
    found: Detections, config: ReadingConfig, pieces: npt.NDArray[np.integer], fps: float | None
) -> npt.NDArray[np.int64]:
    """Return the number (n,) of the track of each detection, counting the frames that can be there."""
    step = max(1, int(np.gcd.reduce(found.frames - found.frames[0])))
    max_gap = int(np.clip(round(GAP_SECONDS * (fps or USUAL_RATE) / step), LEAST_GAP, MOST_GAP))
    observed = _observe(found, config, pieces)
    with np.errstate(over="ignore", invalid="ignore"):  # numbers near the largest give infinite distances
        return follow(replace(observed, frames=(found.frames - found.frames[0]) // step), max_gap)


def _observe(found: Detections, config: ReadingConfig, pieces: npt.NDArray[np.integer]) -> Found:
    """Return the detections with the points that count: sure ones, or all where none is sure.

    Of many points (a face has 70) the first ones that are usually seen are enough, and the centre of all.
    """
    whole = ~np.isnan(found.points).any(axis=-1)
    seen = whole
    if found.confidence is not None and config.min_confidence > 0:
        sure = whole & (np.nan_to_num(found.confidence) >= config.min_confidence)
        seen = np.where(sure.any(axis=1)[:, None], sure, whole)
    points = np.nan_to_num(found.points.astype(np.float64))
    if seen.shape[1] > MOST_POINTS:
        share = seen.mean(axis=0)
        chosen = np.flatnonzero(share >= 0.5 * share.max())[: MOST_POINTS - 1]
        points = np.concatenate([points[:, chosen], find_centres(points, seen)[:, None]], axis=1)
        seen = np.concatenate([seen[:, chosen], np.ones((len(seen), 1), bool)], axis=1)
    return Found(
        frames=found.frames.astype(np.int64), points=points, seen=seen, pieces=pieces.astype(np.int64)
    )
