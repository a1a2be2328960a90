"""A model that encodes each recording once, however many parts of a report ask.

Axes: ``T`` frames, ``N`` points, ``D`` coordinates.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from htvae.analysis.model import AnalysisModel
from htvae.data.processing import ProcessedSequence
from htvae.inference.model import Encoding, Reconstruction
from htvae.inference.windows import WindowOutput

BATCH_FRAMES = 50_000
"""Frames that pass through the model between two reports of progress."""


class _Answer(NamedTuple):
    offset: int
    """Place of the poses in the file, bytes."""
    shape: tuple[int, ...]
    encoding: Encoding
    windows: tuple[WindowOutput, ...]


class RememberingModel(AnalysisModel):
    """A trained model that keeps the reconstructions of chosen recordings.

    Poses lie in a file, so that memory does not grow with the number of recordings. Recordings that were not
    chosen, and refined reconstructions, are computed as always.

    Args:
        model: the model.
        path: file for the poses; the caller removes it.
    """

    def __init__(self, model: AnalysisModel, path: Path) -> None:
        vars(self).update(vars(model))
        self._path = path
        self._answers: dict[int, _Answer] = {}
        self._kept: list[ProcessedSequence] = []  # keeps the objects, whose ids are the keys, alive

    def remember(
        self, recordings: Sequence[ProcessedSequence], on_done: Callable[[int], None] = lambda done: None
    ) -> None:
        """Reconstruct recordings and keep the answers.

        Args:
            recordings: in the model's coordinates.
            on_done: called with the number of frames that are done.
        """
        done = 0
        with self._path.open("wb") as file:
            for part in cut_batches(recordings):
                for found in super().reconstruct_all(part):
                    self._keep(found, file)
                    done += len(found.pose)
                on_done(done)

    def reconstruct_all(
        self,
        processed: Sequence[ProcessedSequence],
        refine_steps: int = 0,
        fitted: Sequence[ProcessedSequence] | None = None,
    ) -> list[Reconstruction]:
        """Return reconstructions, those of remembered recordings from memory."""
        if refine_steps or fitted is not None or any(id(p) not in self._answers for p in processed):
            return super().reconstruct_all(processed, refine_steps, fitted)
        return [self._recall(p) for p in processed]

    def encode_all(self, processed: Sequence[ProcessedSequence]) -> list[Encoding]:
        """Return latents, those of remembered recordings from memory."""
        if any(id(p) not in self._answers for p in processed):
            return super().encode_all(processed)
        return [self._answers[id(p)].encoding for p in processed]

    def _keep(self, found: Reconstruction, file: BinaryIO) -> None:
        pose = np.ascontiguousarray(found.pose, np.float32)
        self._answers[id(found.processed)] = _Answer(file.tell(), pose.shape, found.encoding, found.windows)
        self._kept.append(found.processed)
        file.write(pose.data)

    def _recall(self, processed: ProcessedSequence) -> Reconstruction:
        answer = self._answers[id(processed)]
        pose = np.memmap(self._path, np.float32, "c", answer.offset, answer.shape)  # changes reach no file
        return Reconstruction(
            processed=processed, pose=pose, encoding=answer.encoding, windows=answer.windows
        )


def cut_batches(recordings: Sequence[ProcessedSequence]) -> list[list[ProcessedSequence]]:
    """Return recordings in groups of about `BATCH_FRAMES` frames, or one recording."""
    batches: list[list[ProcessedSequence]] = []
    room = 0
    for recording in recordings:
        if len(recording.pose) > room:
            batches.append([])
            room = BATCH_FRAMES
        batches[-1].append(recording)
        room -= len(recording.pose)
    return batches
