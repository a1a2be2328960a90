"""Reliability of surprise: whether a recording's mean score comes back in its other half, or its subject.

A kind whose means are reliable belongs to recordings or people (a camera, a tracker, a habit). One whose
means are not is a matter of moments, and its spans have to be looked at one by one.

Axes: ``n`` recordings, ``k`` kinds, ``T`` frames.
"""

import warnings
from collections.abc import Mapping, Sequence

import numpy as np

from htvae.analysis.reliability import RecordingReliability, relate_recordings
from htvae.analysis.surprise.measures import FALLBACK_FPS
from htvae.data.processing import ProcessedSequence

LEAST_SECONDS = 10.0
"""Shortest recording whose halves are compared: scores are themselves means over up to a second."""


def measure_reliability(
    scores: Sequence[Mapping[str, np.ndarray]],
    kinds: Sequence[str],
    recordings: Sequence[ProcessedSequence],
    fps: float | None,
    seed: int = 0,
) -> RecordingReliability:
    """Return how reliable the mean scores (k,) of recordings are.

    Args:
        scores: for each recording, kind to score (T,), NaN where nothing is seen.
        kinds: kinds of the scores.
        recordings: their labels and subjects.
        fps: frames per second of the scores; None: `FALLBACK_FPS`.
        seed: seed of the intervals.
    """
    least = LEAST_SECONDS * (fps or FALLBACK_FPS) / 2
    rng = np.random.default_rng((seed, 17))
    whole, first, second = (
        np.array([[mean_score(_part(own[kind], side, least)) for kind in kinds] for own in scores])
        for side in (None, 0, 1)
    )
    return relate_recordings(whole, first, second, recordings, rng)


def mean_score(values: np.ndarray) -> float:
    """Return the mean of scores (T,) over the frames that have one; NaN without any."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return float(np.nanmean(values)) if len(values) else float("nan")


def _part(values: np.ndarray, side: int | None, least: float) -> np.ndarray:
    """Return all scores, or those of one half; none of a half that is too short."""
    if side is None:
        return values
    middle = len(values) // 2
    return values[:0] if middle < least else values[middle:] if side else values[:middle]
