"""Reliability of motifs' usage and lengths: what one recording says of the next one, and of its person.

Axes: ``K`` motifs.
"""

from collections.abc import Sequence

import numpy as np

from htvae.analysis.motifs.motifs import cut_bouts
from htvae.analysis.motifs.segmenter import Segmentation
from htvae.analysis.reliability import RecordingReliability, relate_recordings
from htvae.data.processing import ProcessedSequence

LEAST_SECONDS = 20.0
"""Shortest recording whose halves are compared; frames over 30 where no rate is known."""


def measure_reliability(
    segmentations: Sequence[Segmentation],
    count: int,
    fps: float | None,
    recordings: Sequence[ProcessedSequence],
    seed: int = 0,
) -> RecordingReliability:
    """Return how reliable (2 K) shares of frames, then mean lengths of bouts are, of motifs or activities.

    Args:
        segmentations: one for each recording.
        count: K.
        fps: frames per second.
        recordings: their labels and subjects; poses are not looked at.
        seed: seed of the intervals.
    """
    rng = np.random.default_rng((seed, 11))
    whole = np.array([_measure(one, count) for one in segmentations])
    least = LEAST_SECONDS * (fps or 30.0) / 2
    first, second = (
        np.array([_measure(_half(one, side), count, least) for one in segmentations]) for side in (0, 1)
    )
    return relate_recordings(whole, first, second, recordings, rng)


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
