"""Recordings in the model's coordinates, made when they are asked for: their number costs no memory."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import overload

from htvae.data.processing import PoseDataProcessor
from htvae.data.records import ProcessedSequence
from htvae.poses.sequence import PoseSequence


class LazyRecordings(Sequence[ProcessedSequence]):
    """Recordings that are transformed each time they are asked for.

    Args:
        processor: converts recordings to the model's coordinates.
        sequences: recordings, whose poses may be maps of a file.
    """

    def __init__(self, processor: PoseDataProcessor, sequences: Sequence[PoseSequence]) -> None:
        self.processor, self.sequences = processor, sequences

    def __len__(self) -> int:
        return len(self.sequences)

    @overload
    def __getitem__(self, index: int) -> ProcessedSequence: ...
    @overload
    def __getitem__(self, index: slice) -> list[ProcessedSequence]: ...
    def __getitem__(self, index: int | slice) -> ProcessedSequence | list[ProcessedSequence]:
        if isinstance(index, slice):
            return [self.processor.transform(s) for s in self.sequences[index]]
        return self.processor.transform(self.sequences[index])

    def __iter__(self) -> Iterator[ProcessedSequence]:
        return map(self.processor.transform, self.sequences)


def without_poses(recordings: Sequence[ProcessedSequence]) -> list[ProcessedSequence]:
    """Return what places recordings' frames in their files: all but poses, and paths of the origin."""
    return [_strip(recording) for recording in recordings]


def _strip(recording: ProcessedSequence) -> ProcessedSequence:
    record = dataclasses.replace(recording.record, anchor=recording.record.anchor[:0].copy(), rotation=None)
    return dataclasses.replace(recording, pose=recording.pose[:0].copy(), record=record)
