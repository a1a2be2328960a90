"""Where a recording's frames lie: on the page, in the model's frames, in the file.

Axes: ``T`` model frames, ``F`` source frames, ``L`` landmarks, ``D`` coordinates.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from htvae.data.processing import PoseDataProcessor, ProcessedSequence
from htvae.inference.source import interpolate_frames
from htvae.poses.sequence import PoseSequence


def to_page(recording: ProcessedSequence, places: np.ndarray) -> np.ndarray:
    """Return places (F, L, D) in a recording's own coordinates as the page has its poses.

    These are torso lengths from the middle of the body's path, as in `htvae.app.collect.poses.thin_out`.
    """
    record = recording.record
    middle = np.median(record.anchor / record.unit, axis=0)
    placed: np.ndarray = places / record.unit - middle
    return placed


def cut_source(source: PoseSequence, start: int, stop: int) -> PoseSequence:
    """Return source frames start to stop (exclusive) of a recording as one of its own, without labels."""
    first = source.first_frame
    pose = source.pose[max(0, start - first) : max(0, stop - first)]
    return replace(source, pose=pose, first_frame=max(start, first), frame_labels=())


def choose_landmarks(sequence: PoseSequence, landmarks: Sequence[str]) -> np.ndarray:
    """Return the poses (F, L, D) of these landmarks; NaN for those that the sequence lacks."""
    known = {name: i for i, name in enumerate(sequence.landmarks)}
    shape = (sequence.num_frames, len(landmarks), sequence.pose.shape[2])
    pose = np.full(shape, np.nan, np.float32)
    for i, name in enumerate(landmarks):
        if name in known:
            pose[:, i] = sequence.pose[:, known[name]]
    return pose


def check_frame(recording: ProcessedSequence, frame: int) -> None:
    """Raise ValueError where a recording lacks a source frame."""
    first, end = recording.source.first_frame, recording.source.first_frame + recording.source.num_frames
    if not first <= frame < end:
        raise ValueError(
            f"frame must lie in {recording.name}, which has frames {first} to {end - 1}, but is {frame}."
        )


def check_span(recording: ProcessedSequence, start: int, stop: int) -> None:
    """Raise ValueError where start to stop (exclusive) is no span of a recording's source frames."""
    first, end = recording.source.first_frame, recording.source.first_frame + recording.source.num_frames
    if not first <= start < stop <= end:
        raise ValueError(
            f"A span must lie in {recording.name}, from frame {first} to {end} (exclusive), start below "
            f"stop, but is {start} to {stop}."
        )


def fill_from(
    processor: PoseDataProcessor,
    recording: ProcessedSequence,
    pose: np.ndarray,
    own: np.ndarray,
    first: int,
) -> np.ndarray:
    """Return places (F, L, D) from source frame ``first`` on, missing ones taken from a reconstruction.

    Args:
        processor: the model's.
        recording: the recording.
        pose: its reconstruction (T, N, D); only the frames that are needed are looked at.
        own: its places, NaN where missing.
        first: source frame of the first.
    """
    frames = recording.record.source_frames
    start = max(0, int(np.searchsorted(frames, first)) - 1)
    stop = min(len(frames), int(np.searchsorted(frames, first + len(own))) + 1)
    part = slice(start, stop)
    places = processor.inverse(pose[part], recording.record.cut(part))
    rebuilt = interpolate_frames(places, frames[part], first + np.arange(len(own)))
    return np.where(np.isfinite(own), own, rebuilt)
