"""From what a file holds to recordings: individuals chosen, landmarks chosen, uncertain points left out.

The steps, in this order: close up every n-th frame, if asked to; link detections into tracks; tell
individuals apart by prefixes; leave uncertain points out; choose and rename landmarks; choose individuals;
cut the ends without points; turn the axes.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.coordinates import coordinates_of, to_pose
from htvae.io.faults import DataError, name_faults
from htvae.io.individuals import choose_individuals, split_by_prefix
from htvae.io.landmarks import choose_landmarks
from htvae.io.linking import link_individuals
from htvae.io.stepping import keep_every_nth
from htvae.io.tracks import Content, Track
from htvae.poses.sequence import PoseSequence
from htvae.utils.text import list_names, shorten

LARGEST_COORDINATE = 1e30
"""Larger coordinates, in whatever unit, are no positions; 32-bit numbers end at 3e38."""


def build_recordings(
    content: Content, config: ReadingConfig, name: str, shown: str
) -> tuple[list[PoseSequence], list[str]]:
    """Return the recordings of one file, and notes on what is unusual but accepted.

    Args:
        content: what the reader found.
        config: the reading settings.
        name: name of the file's recording; with several individuals, theirs are ``name/individual``.
        shown: name of the file in messages.

    Raises:
        DataError: no point is left, a coordinate is no length, or a name cannot be used.
    """
    if config.time_unit == "step":
        content = keep_every_nth(content)
    notes = list(content.notes)
    tracks = link_individuals(content, config, shown, notes)
    has_several = len(tracks) > 1
    if config.individual_prefix:
        tracks = split_by_prefix(tracks, config.individual_prefix, shown, notes)
        has_several = True
    tracks = [leave_out_uncertain(track, config) for track in tracks]
    tracks = [choose_landmarks(track, config, shown) for track in tracks]
    _check_size(tracks, shown)
    num_points = sum(np.count_nonzero(~np.isnan(track.points[..., 0])) for track in tracks)
    if not num_points:
        raise DataError([_no_points(shown, content, config)])
    if has_several:
        tracks = choose_individuals(tracks, config, shown, notes)
    if not content.keeps_ends:
        tracks = [cut_ends(track) for track in tracks]
    if content.are_shares and config.image_size is None and content.coordinates.image_size is None:
        notes.append(
            "x and y are shares (0..1) of the image, so that their units differ; "
            "give the video's size in pixels with --image_size W H"
        )
    return [_build(track, content, config, name, shown, has_several) for track in tracks], notes


def leave_out_uncertain(track: Track, config: ReadingConfig) -> Track:
    """Return the track with NaN for points below ``min_confidence`` and for lost points at 0, 0.

    A point is lost if it is incomplete, or if its confidence is 0 and all its coordinates are.
    """
    points = track.points[..., : config.dimensions] if config.dimensions else track.points
    missing = np.isnan(points).any(axis=-1)
    if track.confidence is not None:
        confidence = np.nan_to_num(track.confidence)
        missing |= (confidence <= 0) & (points == 0).all(axis=-1)
        if config.min_confidence > 0:
            missing |= confidence < config.min_confidence
    return replace(track, points=np.where(missing[..., None], np.nan, points))


def cut_ends(track: Track) -> Track:
    """Return the track without the frames before its first point and after its last."""
    seen = np.flatnonzero(~np.isnan(track.points[..., 0]).all(axis=1))
    start, stop = int(seen[0]), int(seen[-1]) + 1
    confidence = None if track.confidence is None else track.confidence[start:stop]
    return replace(
        track,
        points=track.points[start:stop],
        confidence=confidence,
        first_frame=track.first_frame + start,
    )


def _check_size(tracks: Sequence[Track], shown: str) -> None:
    """Raise DataError for coordinates that are infinite, or so large that they are none."""
    for track in tracks:
        places = np.argwhere(np.abs(track.points) > LARGEST_COORDINATE)
        if len(places):
            frame, landmark, _ = places[0]
            raise DataError(
                [
                    f"{shown}: coordinates must be within {LARGEST_COORDINATE:g}, but {len(places)} are not: "
                    f"first {shorten(track.landmarks[landmark])} in frame {track.first_frame + frame}. "
                    "Remove such points."
                ]
            )


def _build(
    track: Track, content: Content, config: ReadingConfig, name: str, shown: str, has_several: bool
) -> PoseSequence:
    if track.points.shape[-1] < (config.dimensions or 0):
        raise DataError(
            [f"{shown}: must have three coordinates for --dimensions 3, but has two. Leave the flag out."]
        )
    coordinates = coordinates_of(config, content.coordinates)
    full_name = f"{name}/{track.individual}" if has_several else name
    faults = name_faults(full_name, shown)
    if faults:
        raise DataError(faults)
    session = f"{name}/{track.take}" if track.take else name
    return PoseSequence(
        name=full_name,
        landmarks=track.landmarks,
        pose=to_pose(track.points, coordinates).astype(np.float32),
        fps=content.fps,
        first_frame=track.first_frame,
        subject=track.subject or None,
        covariates={"session": session, "individual": track.individual} if has_several else {},
        coordinates=coordinates,
    )


def _no_points(shown: str, content: Content, config: ReadingConfig) -> str:
    tracks: Sequence[Track] = content.individuals if isinstance(content.individuals, Sequence) else ()
    has_points = any((~np.isnan(track.points)).all(axis=-1).any() for track in tracks) or not tracks
    hint = " Lower min_confidence?" if has_points else ""
    chosen = f" (of the landmarks {list_names(config.landmarks)})" if config.landmarks else ""
    return f"{shown}: must have a point with x and y{chosen}, but all are missing. Remove the file.{hint}"
