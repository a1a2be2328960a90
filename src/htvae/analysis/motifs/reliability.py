"""Reliability of motifs' usage and lengths: what one recording says of the next one, and of its person.

Means of labels are taken off first: that people walk more when they stroll says nothing of the people.

Axes: ``n`` recordings, ``K`` motifs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from htvae.analysis.motifs.motifs import cut_bouts
from htvae.analysis.motifs.segmenter import Segmentation
from htvae.data.processing import ProcessedSequence
from htvae.metrics.reliability import Reliability, retest_reliability, split_half_reliability

LEAST_SECONDS = 20.0
"""Shortest recording whose halves are compared; frames over 30 where no rate is known."""
NUM_DRAWS = 200
"""Draws of the intervals."""


@dataclass(frozen=True, eq=False)
class MotifReliability:
    """Reliability of every motif: (2 K) of their shares of frames, then of their mean lengths of bouts."""

    split_half: Reliability
    """Between first and second halves of recordings, as whole recordings would have it."""
    retest: Reliability
    """ICC of the recordings of a subject; NaN where no subject has two."""

    @property
    def is_unreliable(self) -> np.ndarray:
        """Whether (2 K) one of the two is below `htvae.metrics.reliability.LEAST_RELIABLE`."""
        unreliable: np.ndarray = self.split_half.is_low | self.retest.is_low
        return unreliable

    @property
    def is_unknown(self) -> np.ndarray:
        """Whether (2 K) neither of the two can be said."""
        return np.isnan(self.split_half.value) & np.isnan(self.retest.value)


def measure_reliability(
    segmentations: Sequence[Segmentation],
    count: int,
    fps: float | None,
    recordings: Sequence[ProcessedSequence],
    seed: int = 0,
) -> MotifReliability:
    """Return how reliable usage and lengths of motifs, or of activities, are.

    Args:
        segmentations: one for each recording.
        count: K.
        fps: frames per second.
        recordings: their labels and subjects; poses are not looked at.
        seed: seed of the intervals.
    """
    rng = np.random.default_rng((seed, 11))
    labels = _number([p.source.label for p in recordings])
    whole = np.array([_measure(one, count) for one in segmentations])
    least = LEAST_SECONDS * (fps or 30.0) / 2
    halves = [
        np.array([_measure(_half(one, side), count, least) for one in segmentations]) for side in (0, 1)
    ]
    split_half = split_half_reliability(halves[0], halves[1], labels, NUM_DRAWS, rng)
    known = [i for i, p in enumerate(recordings) if p.source.subject is not None]
    if not known:
        nothing = np.full(2 * count, np.nan)
        return MotifReliability(split_half, Reliability(nothing, (nothing, nothing)))
    subjects = _number([recordings[i].source.subject for i in known])
    values = _centre(whole, labels)[known]
    retest = retest_reliability(values, subjects, np.zeros(len(known), int), NUM_DRAWS, rng)
    return MotifReliability(split_half, retest)


def _measure(one: Segmentation, num_motifs: int, least_frames: float = 1) -> np.ndarray:
    """Return share of frames and mean frames of a bout (2 K) of each motif; NaN where there are too few."""
    frames, stays = np.zeros(num_motifs), np.zeros(num_motifs)
    for bout in cut_bouts(0, one):
        frames[bout.motif] += bout.stop - bout.start
        stays[bout.motif] += 1
    if len(one.labels) < least_frames:
        return np.full(2 * num_motifs, np.nan)
    lengths = np.where(stays > 0, frames / np.maximum(stays, 1), np.nan)
    return np.concatenate([frames / len(one.labels), lengths])


def _half(one: Segmentation, side: int) -> Segmentation:
    middle = len(one.labels) // 2
    part = slice(middle, None) if side else slice(0, middle)
    return Segmentation(one.labels[part], one.confidence[part], one.likelihood[part])


def _centre(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return values (n, m) without the means of labels (n,)."""
    centred = values.copy()
    for label in np.unique(labels):
        own, known = values[labels == label], np.isfinite(values[labels == label])
        mean = np.where(known, own, 0).sum(0) / np.maximum(known.sum(0), 1)
        centred[labels == label] = own - mean
    return centred


def _number(names: Sequence[str | None]) -> np.ndarray:
    known = sorted({name or "" for name in names})
    return np.array([known.index(name or "") for name in names])
