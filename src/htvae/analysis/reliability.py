"""Reliability of what is measured of recordings: between their halves, and between a subject's recordings.

Means of labels are taken off first: that people walk more when they stroll says nothing of the people.

Axes: ``n`` recordings, ``m`` measures.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from htvae.data.processing import ProcessedSequence
from htvae.metrics.reliability import (
    Reliability,
    is_unreliable,
    retest_reliability,
    split_half_reliability,
)

NUM_DRAWS = 200
"""Draws of the intervals."""


@dataclass(frozen=True, eq=False)
class RecordingReliability:
    """Both reliabilities (m,) of every measure."""

    split_half: Reliability
    """Between first and second halves of recordings, as whole recordings would have it."""
    retest: Reliability
    """ICC of the recordings of a subject; NaN where no subject has two."""

    @property
    def is_unreliable(self) -> np.ndarray:
        """Whether (m,) one of the two is below `htvae.metrics.reliability.LEAST_RELIABLE`."""
        return is_unreliable(self.split_half.value, self.retest.value)

    @property
    def is_unknown(self) -> np.ndarray:
        """Whether (m,) neither of the two can be said."""
        unknown: np.ndarray = np.isnan(self.split_half.value) & np.isnan(self.retest.value)
        return unknown


def relate_recordings(
    whole: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    recordings: Sequence[ProcessedSequence],
    rng: np.random.Generator,
) -> RecordingReliability:
    """Return how reliable measures of recordings are.

    Args:
        whole: (n, m) measures of whole recordings, NaN where missing.
        first: (n, m) of their first halves, NaN where a half is too short.
        second: (n, m) of their second halves.
        recordings: their labels and subjects; poses are not looked at.
        rng: source of the intervals.
    """
    labels = _number([p.source.label for p in recordings])
    split_half = split_half_reliability(first, second, labels, NUM_DRAWS, rng)
    return RecordingReliability(split_half, relate_subjects(whole, recordings, rng))


def relate_subjects(
    values: np.ndarray, recordings: Sequence[ProcessedSequence], rng: np.random.Generator
) -> Reliability:
    """Return the ICC of measures (n, m) over the recordings of a subject; NaN where none has two."""
    known = [i for i, p in enumerate(recordings) if p.source.subject is not None]
    if not known:
        nothing = np.full(values.shape[1], np.nan)
        return Reliability(nothing, (nothing, nothing))
    subjects = _number([recordings[i].source.subject for i in known])
    centred = centre_groups(values, _number([p.source.label for p in recordings]))[known]
    return retest_reliability(centred, subjects, np.zeros(len(known), int), NUM_DRAWS, rng)


def centre_groups(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return values (n, m) without the means of their groups (n,)."""
    centred = values.copy()
    for group in np.unique(groups):
        own, known = values[groups == group], np.isfinite(values[groups == group])
        mean = np.where(known, own, 0).sum(0) / np.maximum(known.sum(0), 1)
        centred[groups == group] = own - mean
    return centred


def _number(names: Sequence[str | None]) -> np.ndarray:
    known = sorted({name or "" for name in names})
    return np.array([known.index(name or "") for name in names])
