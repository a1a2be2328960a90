"""Halves of recordings, for the reliability of measures.

Axes: ``n`` recordings, ``m`` measures, ``T`` frames.
"""

from collections.abc import Callable, Sequence

import numpy as np

from htvae.analysis.measures import MeasureTable
from htvae.data.processing import ProcessedSequence

LEAST_HALF_CHUNKS = 2
"""Chunks that a half of a recording must have to be measured."""


def measure_halves(
    recordings: Sequence[ProcessedSequence],
    least_frames: int,
    measure: Callable[[Sequence[ProcessedSequence]], MeasureTable],
    num_measures: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the measures (n, m) of first and of second halves, NaN where a recording is too short.

    Args:
        recordings: whole recordings.
        least_frames: frames that a half must have.
        measure: function that measures halves as recordings of their own.
        num_measures: m; those beyond what ``measure`` returns are NaN.
    """
    long = [i for i, recording in enumerate(recordings) if len(recording.pose) >= 2 * least_frames]
    halves = []
    for is_second in (False, True):
        values = np.full((len(recordings), num_measures), np.nan)
        parts = [cut_half(recordings[i], is_second) for i in long]
        if parts:
            table = measure(parts)
            values[np.ix_(long, range(len(table.measures)))] = table.values
        halves.append(values)
    return halves[0], halves[1]


def cut_half(recording: ProcessedSequence, is_second: bool) -> ProcessedSequence:
    """Return one half of a recording."""
    middle = len(recording.pose) // 2
    return recording.cut(slice(middle, None) if is_second else slice(0, middle))
