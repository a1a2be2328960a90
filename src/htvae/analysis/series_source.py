"""Series of many recordings in little memory: made when they are asked for, and kept as far as room is.

Whoever goes through all recordings several times gets the same numbers each time. Series pass through the
model in the same groups of recordings as in `make_series`, since the last bits depend on them.

Axes: ``T`` frames, ``N`` points, ``D`` coordinates.
"""

from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np

from htvae.analysis.motion_series import SeriesKind, group_recordings, make_group
from htvae.data.processing import ProcessedSequence
from htvae.inference.model import TrainedModel
from htvae.utils.progress import Progress

KEPT_BYTES = 64 * 2**20
"""Bytes of series that are kept, at most; others are made anew each time."""


class SeriesSource(Sequence[np.ndarray]):
    """The series (T, N, D) of recordings, without gaps.

    Args:
        model: model that fills in or encodes the recordings.
        recordings: in the model's coordinates.
        kind: see `htvae.analysis.motion_series.make_series`.
        kept_bytes: most bytes of series that are kept.
    """

    def __init__(
        self,
        model: TrainedModel,
        recordings: Sequence[ProcessedSequence],
        kind: SeriesKind,
        kept_bytes: int = KEPT_BYTES,
    ) -> None:
        self.model, self.recordings, self.kind, self.room = model, recordings, kind, kept_bytes
        self._groups = group_recordings(recordings)
        self._kept: dict[int, list[np.ndarray]] = {}
        self._last: tuple[int, list[np.ndarray]] = (-1, [])

    def __len__(self) -> int:
        return len(self.recordings)

    @overload
    def __getitem__(self, index: int) -> np.ndarray: ...
    @overload
    def __getitem__(self, index: slice) -> list[np.ndarray]: ...
    def __getitem__(self, index: int | slice) -> np.ndarray | list[np.ndarray]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        group = next(g for g, own in enumerate(self._groups) if place in own)
        return self._make(group)[place - self._groups[group].start]

    def __iter__(self) -> Iterator[np.ndarray]:
        is_slow = self.kind != "pose" and len(self._kept) < len(self._groups)
        progress = Progress("Encoding", len(self), unit="recordings") if is_slow else None
        for group, own in enumerate(self._groups):
            yield from self._make(group)
            if progress is not None:
                progress.update(own.stop)
        if progress is not None:
            progress.close()

    def _make(self, group: int) -> list[np.ndarray]:
        """Return the series of a group of recordings."""
        if group in self._kept:
            return self._kept[group]
        if self._last[0] != group:
            own = self._groups[group]
            self._last = (-1, [])  # make room first
            series = make_group(self.model, self.recordings[own.start : own.stop], self.kind)
            self._last = (group, series)
            size = sum(one.nbytes for one in series)
            if size <= self.room:
                self.room -= size
                self._kept[group] = series
        return self._last[1]
