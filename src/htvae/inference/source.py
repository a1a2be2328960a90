"""The way back from the model's frames and coordinates to the recording's.

Axes: ``T`` model frames, ``F`` source frames, ``N`` points, ``L`` landmarks, ``D`` coordinates, ``C`` chunks.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from htvae.data.processing import PoseDataProcessor, ProcessedSequence, TransformRecord
from htvae.poses.sequence import PoseSequence


def to_source(
    processor: PoseDataProcessor, processed: ProcessedSequence, pose: np.ndarray, **changes: Any
) -> PoseSequence:
    """Return a pose (T, N, D) as a sequence with a recording's coordinates, path and frames.

    Args:
        processor: the processor that made ``processed``.
        processed: the recording.
        pose: poses of the recording's model frames, in the model's coordinates.
        changes: fields of the sequence that differ from the recording's, such as its name.
    """
    source = processed.source
    places = place_on_source(processor, pose, processed.record, source.first_frame, source.num_frames)
    return replace(source, landmarks=processor.landmarks, pose=places, **changes)


def place_on_source(
    processor: PoseDataProcessor,
    pose: np.ndarray,
    record: TransformRecord,
    first_frame: int,
    num_frames: int,
) -> np.ndarray:
    """Return the landmarks (F, L, D) at consecutive source frames, in the source's coordinates.

    Args:
        processor: the model's processor.
        pose: (T, N, D) in the model's coordinates.
        record: path, unit and source frames of the model's frames.
        first_frame: number of the first source frame to return.
        num_frames: F.
    """
    wanted = first_frame + np.arange(num_frames)
    return interpolate_frames(processor.inverse(pose, record), record.source_frames, wanted)


def interpolate_frames(pose: np.ndarray, positions: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Interpolate a pose (T, L, D), known at ``positions``, at the ``wanted`` frames; linear, ends held."""
    if len(positions) == len(wanted) and np.array_equal(positions, wanted):
        return pose.astype(np.float32)
    right = np.searchsorted(positions, wanted).clip(1, max(len(positions) - 1, 1))
    left = right - 1
    right = right.clip(max=len(positions) - 1)
    gap = np.maximum(positions[right] - positions[left], 1e-9)
    share = ((wanted - positions[left]) / gap).clip(0, 1)[:, None, None]
    return (pose[left] * (1 - share) + pose[right] * share).astype(np.float32)


def to_source_spans(spans: np.ndarray, source_frames: np.ndarray) -> np.ndarray:
    """Return spans (C, 2) of model frames, (first, one after the last), as spans of source frames.

    Args:
        spans: model frames.
        source_frames: (T,), source frame of each model frame.
    """
    first = np.rint(source_frames[spans[:, 0]]).astype(int)
    last = np.rint(source_frames[spans[:, 1] - 1]).astype(int)
    return np.stack([first, last + 1], axis=1)
