"""Reconstructions of recordings as sequences whose poses are made when they are read.

- Short recordings pass through the model together; those that were made last are kept.
- Long recordings are made a few windows at a time, so that hours take no more memory than minutes. Whoever
  reads them from their first frame to their last makes each window once.

Axes: ``T`` model frames, ``F`` source frames, ``N`` points, ``L`` landmarks, ``D`` coordinates.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from htvae.data.blocks import BLOCK_FRAMES
from htvae.data.processing import ProcessedSequence
from htvae.inference.source import place_on_source
from htvae.inference.windows import fade_windows
from htvae.io.pose_store import StoredPose
from htvae.poses.sequence import PoseSequence

if TYPE_CHECKING:
    from htvae.inference.model import TrainedModel

GROUP_FRAMES = 100_000
"""Frames of short recordings that pass through the model together, at most."""
OnDone = Callable[[int], None]
"""Is called with the number of source frames that are done."""


class Reconstructions:
    """Makes reconstructions of recordings, in the coordinates and frames of their sources.

    Args:
        model: the model.
        recordings: the sources, see `TrainedModel.check`.
        refine_steps: see `TrainedModel.reconstruct_all`.
        on_done: is told of progress, where recordings are read in their order.
    """

    def __init__(
        self,
        model: "TrainedModel",
        recordings: Sequence[PoseSequence],
        refine_steps: int,
        on_done: OnDone = lambda done: None,
    ) -> None:
        self.model, self.recordings, self.refine_steps, self.on_done = (
            model,
            recordings,
            refine_steps,
            on_done,
        )
        lengths = [recording.num_frames for recording in recordings]
        self._groups = _group(lengths)
        self._starts = np.cumsum([0, *lengths]).tolist()
        self._made: dict[int, np.ndarray] = {}
        self._long: tuple[int, LongReconstruction] | None = None

    def sequences(self) -> list[PoseSequence]:
        """Return all reconstructions; poses are computed whenever they are sliced."""
        landmarks = self.model.processor.landmarks
        return [
            recording.with_metadata(
                landmarks=landmarks,
                pose=StoredPose(
                    partial(self._read, index), (len(recording.pose), len(landmarks), recording.pose.shape[2])
                ).as_array(),
            )
            for index, recording in enumerate(self.recordings)
        ]

    def _read(self, index: int, start: int, stop: int) -> np.ndarray:
        group = self._groups[index]
        pose = self._read_long(index, start, stop) if len(group) == 1 else self._read_short(index)[start:stop]
        self.on_done(self._starts[index] + stop)
        return pose

    def _read_short(self, index: int) -> np.ndarray:
        if index not in self._made:
            group, model = self._groups[index], self.model
            processed = [model.processor.transform(self.recordings[i]) for i in group]
            found = model.reconstruct_all(processed, self.refine_steps)
            self._made = {i: model.to_source(own).pose for i, own in zip(group, found, strict=True)}
        return self._made[index]

    def _read_long(self, index: int, start: int, stop: int) -> np.ndarray:
        if self._long is None or self._long[0] != index:
            processed = self.model.processor.transform_in_blocks(self.recordings[index])
            self._long = index, LongReconstruction(self.model, processed, self.refine_steps)
        return self._long[1].read(start, stop)


class LongReconstruction:
    """The reconstruction of one recording; the windows that a part of it needs are kept until the next.

    Args:
        model: the model.
        processed: the recording in the model's coordinates, whole or in blocks.
        refine_steps: see `TrainedModel.reconstruct_all`.
        ahead: windows that are made at once. None: as many as pass through the model at once.
    """

    def __init__(
        self,
        model: "TrainedModel",
        processed: ProcessedSequence,
        refine_steps: int,
        ahead: int | None = None,
    ) -> None:
        self.model, self.processed, self.refine_steps = model, processed, refine_steps
        self.windows = model.grid.cut(len(processed.pose))
        self.weights = fade_windows(self.windows)
        self.ahead = ahead or max(1, model.batch_frames // self.windows[0].num_frames)
        self.answers: dict[int, np.ndarray] = {}

    def read(self, start: int, stop: int) -> np.ndarray:
        """Return the poses (F, L, D) of source frames from ``start``, counted from 0, to ``stop``."""
        source, record = self.processed.source, self.processed.record
        wanted = source.first_frame + np.array([start, stop - 1])
        low = int(np.searchsorted(record.source_frames, wanted[0], "right")) - 1
        high = int(np.searchsorted(record.source_frames, wanted[1])) + 1
        own = slice(max(low, 0), min(high, len(record.source_frames)))
        pose = self.join(own.start, own.stop)
        return place_on_source(self.model.processor, pose, record.cut(own), int(wanted[0]), stop - start)

    def join(self, start: int, stop: int) -> np.ndarray:
        """Return the poses (T, N, D), torso lengths, of model frames, cross-faded from their windows."""
        needed = [n for n, window in enumerate(self.windows) if window.start < stop and window.stop > start]
        self._make(needed)
        joined = np.zeros((stop - start, *self.answers[needed[0]].shape[1:]), np.float32)
        for number in needed:
            window = self.windows[number]
            first, last = max(start, window.start), min(stop, window.stop)
            own = slice(first - window.start, last - window.start)
            weight = self.weights[number][own, None, None]
            joined[first - start : last - start] += weight * self.answers[number][own]
        return joined

    def _make(self, needed: Sequence[int]) -> None:
        """Make the answers of windows, and of some that follow; forget those of earlier ones."""
        self.answers = {n: answer for n, answer in self.answers.items() if n >= needed[0]}
        if self.answers.keys() >= set(needed):
            return
        stop = min(max(needed[-1] + 1, needed[0] + self.ahead), len(self.windows))
        missing = [n for n in range(needed[0], stop) if n not in self.answers]
        windowed, min_scale = self.model.windowed, self.model.config.loss.min_scale
        for places, batch in windowed.batches([self.processed.pose], [[self.windows[n] for n in missing]]):
            found = windowed.reconstruct_batch(batch, self.refine_steps, min_scale)
            for (_, place), answer in zip(places, found.reconstruction.float().cpu().numpy(), strict=True):
                number = missing[place]
                self.answers[number] = answer[: self.windows[number].num_frames]


def _group(lengths: Sequence[int]) -> list[range]:
    """Return for each recording which ones are made with it; a long one is made alone.

    Neighbours go together, so that whoever reads in order makes each group once.
    """
    groups: list[range] = []
    frames = 0
    for index, length in enumerate(lengths):
        frames += length
        is_short = length <= BLOCK_FRAMES and (not index or lengths[index - 1] <= BLOCK_FRAMES)
        if groups and is_short and frames <= GROUP_FRAMES:
            groups[-1] = range(groups[-1].start, index + 1)
        else:
            groups.append(range(index, index + 1))
            frames = length
    return [group for group in groups for _ in group]
