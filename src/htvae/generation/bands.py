"""90 % intervals of completed points, and how wide they must be to hold nine in ten on unknown people.

- `draw_interval` is what completion answers: an interval around drawn completions.
- `fit_bands` tries it on recordings that the model was not trained on, with points hidden. The half-width is
  multiplied by the 90 % quantile of |error| / half-width, by kind of hole and length of gap: conformal
  prediction with a calibration set of its own.
- Coordinates of one gap err alike, so that gaps, not coordinates, count as draws: with ``n`` gaps the
  quantile is taken at ``ceil(0.9 (n + 1)) / n``. `MOST_LEVEL` bounds it, because with few gaps the largest
  errors of all would decide.

Axes: ``T`` frames, ``L`` landmarks, ``N`` points, ``D`` coordinates.

Source: Papadopoulos et al. 2002, "Inductive Confidence Machines for Regression", with errors normalised by an
    expected size; Lei et al. 2018, "Distribution-Free Predictive Inference for Regression", section 2.2, for
    the level of the quantile.
"""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from htvae.data.processing import ProcessedSequence
from htvae.generation.completion import draw_completions
from htvae.generation.filling import fill_in, meet_observed
from htvae.generation.intervals import compute_interval, measure_spread, spread_between
from htvae.generation.sampler import MotionSampler
from htvae.generation.trials import (
    GAPS,
    NUM_SAMPLES,
    Trial,
    cut_excerpts,
    hide_landmarks,
    hide_varied_gaps,
    hide_varied_runs,
)
from htvae.inference.band_factors import BandFactors, measure_gaps
from htvae.poses.geometry import observed_points, runs_of
from htvae.utils.device import fast_bf16
from htvae.utils.progress import track

COVERAGE = 0.9
MOST_LEVEL = 0.92
"""Highest level of a quantile. With it, intervals hold nine in ten on average of few people too; the formula
alone asks for more than 0.95, which is too wide, where fewer than 19 gaps were tried."""
LEAST_GAPS = 3
"""Gaps of a length that must have been tried for it to have a factor of its own."""
WIDENING = 1.1
"""Factor by which intervals widen per doubling of the gap beyond the longest that was tried."""
FACTOR_RANGE = (0.95, 8.0)
"""Bounds of a factor. Intervals get hardly narrower: people differ, and that the model errs less on a few of
validation does not say that it does on others."""
NUM_ROUNDS = 8
"""Rounds, each of which completes one excerpt for each kind of hole."""
BUDGET_SECONDS = 90.0
"""Time after which no further round begins."""
LONG_EXCERPT = 1024
"""Frames of excerpts with gaps of whole frames, which may be long."""


def draw_interval(
    model: MotionSampler, seen: ProcessedSequence, best: np.ndarray, num_samples: int, seed: int
) -> np.ndarray:
    """Return the bounds (2, T, L, D), torso lengths, between which each coordinate lies with 90 %.

    Samples are drawn in bf16 where that is fast: its rounding is far below their spread.

    Args:
        model: a model with a prior; its `BandFactors`, if it has any, are applied.
        seen: the recording, NaN where points are missing.
        best: (T, N, D), the best answer, see `htvae.generation.filling`.
        num_samples: samples that the interval is computed from.
        seed: seed of the samples.
    """
    known = seen.pose[:, : len(model.processor.landmarks)]
    with fast_bf16(model.device):
        drawn = draw_completions(model, seen, best, num_samples, seed)[:, :, : known.shape[1]]
    samples = np.stack([meet_observed(known, sample) for sample in drawn])
    observed = observed_points(known)
    spread = spread_between(observed, *measure_spread(model, seen, best))
    return compute_interval(samples, spread, model.band_factor(observed))


@dataclass
class Scores:
    """Errors of hidden coordinates over the half-width of their interval, by kind of hole."""

    frames: dict[int, list[np.ndarray]] = field(default_factory=lambda: defaultdict(list))
    """Scores of each gap of whole frames, by the tried length that is nearest to the gap's."""
    points: dict[int, list[np.ndarray]] = field(default_factory=lambda: defaultdict(list))
    """The same of gaps of single landmarks."""
    never: list[np.ndarray] = field(default_factory=list)
    """Scores of each landmark that is never seen."""

    def add(self, true: np.ndarray, bounds: np.ndarray, observed: np.ndarray) -> None:
        """Add the hidden points of an excerpt.

        Args:
            true: (T, L, D), NaN where nothing is known.
            bounds: (2, T, L, D) of the interval.
            observed: (T, L) bool.
        """
        center, half = bounds.mean(axis=0), (bounds[1] - bounds[0]) / 2
        score = np.abs(true - center) / np.maximum(half, 1e-9)
        whole: np.ndarray = np.asarray(~observed.any(axis=1))
        if whole.any():
            for start, stop in runs_of(whole):
                self._note(self.frames[_nearest(stop - start)], score[start:stop])
        lengths = measure_gaps(observed)
        for landmark in range(observed.shape[1]):
            if not observed[:, landmark].any():
                self._note(self.never, score[~whole, landmark])
                continue
            for start, stop in runs_of((lengths[:, landmark] > 0) & ~whole):
                length = int(lengths[start, landmark])
                self._note(self.points[_nearest(length)], score[start:stop, landmark])

    @staticmethod
    def _note(scores: list[np.ndarray], score: np.ndarray) -> None:
        known = score[np.isfinite(score)]
        if known.size:
            scores.append(known)


def fit_bands(
    model: MotionSampler,
    processed: Sequence[ProcessedSequence],
    seed: int = 0,
    seconds: float = BUDGET_SECONDS,
) -> BandFactors | None:
    """Return the factors that make a model's intervals hold nine in ten hidden points of recordings.

    Args:
        model: a model with a prior and without `BandFactors`.
        processed: recordings that the model was not trained on.
        seed: seed of what is hidden, and of samples.
        seconds: time after which no further round begins; the first is always finished.

    Returns:
        The factors; None where no recording is long enough for any gap.
    """
    if model.has_band_factors:
        raise ValueError("Factors must be fitted to plain intervals, but the model has factors already.")
    shown = [p for p in processed if observed_points(p.pose).any()]
    plan = _plan(model, shown, seed) if shown else []
    scores, began = Scores(), time.monotonic()
    for number, trial in enumerate(track("Calibrating intervals", plan)):
        if number and time.monotonic() - began > seconds:
            break
        for best, excerpt, seen in zip(fill_in(model, trial.seen), trial.excerpts, trial.seen, strict=True):
            num_landmarks = len(model.processor.landmarks)
            bounds = draw_interval(model, seen, best, NUM_SAMPLES, seed + number)
            observed = observed_points(seen.pose[:, :num_landmarks])
            scores.add(excerpt.pose[:, :num_landmarks], bounds, observed)
    return choose_factors(scores)


def choose_factors(scores: Scores) -> BandFactors | None:
    """Return the factors of scores; None where there are no scores.

    A length of which too few gaps were tried has the factor of the next shorter one, widened by `WIDENING`
    per doubling; where there is no shorter one, that of the next longer. Where each length has too few, all
    lengths share one factor. A kind that was not tried has the factors of the other.
    """
    frames, points = (_choose_by_length(kind) for kind in (scores.frames, scores.points))
    never = _choose(scores.never)
    if frames is None and points is None and never is None:
        return None
    flat = (1.0 if never is None else never,) * len(GAPS)
    points = points or frames or flat
    return BandFactors(
        gaps=GAPS, frames=frames or points, points=points, never=points[-1] if never is None else never
    )


def conformal_level(count: int) -> float:
    """Return the level of the quantile of ``count`` draws that holds the next draw with 90 %."""
    return min(math.ceil(COVERAGE * (count + 1)) / max(count, 1), MOST_LEVEL)


def _choose_by_length(scores: dict[int, list[np.ndarray]]) -> tuple[float, ...] | None:
    own = [_choose(scores.get(length, [])) for length in GAPS]
    tried = [(length, factor) for length, factor in zip(GAPS, own, strict=True) if factor is not None]
    if not tried:
        shared = _choose([score for own in scores.values() for score in own])
        return None if shared is None else (shared,) * len(GAPS)
    return tuple(_borrow(length, tried) for length in GAPS)


def _borrow(length: int, tried: Sequence[tuple[int, float]]) -> float:
    """Return the factor of a length from the lengths that were tried."""
    shorter = [pair for pair in tried if pair[0] <= length]
    if not shorter:
        return tried[0][1]
    nearest, factor = shorter[-1]
    return min(factor * WIDENING ** math.log2(length / nearest), FACTOR_RANGE[1])


def _choose(scores: Sequence[np.ndarray]) -> float | None:
    """Return the factor of gaps by their scores, None where there are too few gaps."""
    if len(scores) < LEAST_GAPS:
        return None
    quantile = np.quantile(np.concatenate(scores), conformal_level(len(scores)), method="higher")
    return float(np.clip(quantile, *FACTOR_RANGE))


def _nearest(length: int) -> int:
    """Return the tried length whose logarithm is nearest."""
    return min(GAPS, key=lambda tried: abs(math.log(tried / length)))


def _plan(model: MotionSampler, processed: Sequence[ProcessedSequence], seed: int) -> list[Trial]:
    """Return the rounds: in each, one excerpt with gaps, one with runs, one with landmarks never seen."""
    rng, num_landmarks = np.random.default_rng(seed), len(model.processor.landmarks)
    gaps, runs = dict.fromkeys(GAPS, 0), dict.fromkeys(GAPS, 0)
    kinds: list[tuple[int, Callable[[tuple[int, int]], np.ndarray]]] = [
        (LONG_EXCERPT, lambda shape: hide_varied_gaps(shape, rng, gaps)),
        (1, lambda shape: hide_varied_runs(shape, rng, runs)),
        (1, lambda shape: hide_landmarks(shape, rng)),
    ]
    rounds: list[list[tuple[ProcessedSequence, np.ndarray]]] = [[] for _ in range(NUM_ROUNDS)]
    for least, hide in kinds:
        excerpts = cut_excerpts(processed, NUM_ROUNDS, least)
        for number, index in enumerate(rng.permutation(len(excerpts)).tolist()):
            excerpt = excerpts[index]
            rounds[number].append((excerpt, hide((len(excerpt.pose), num_landmarks))))
    return [Trial.of(*zip(*own, strict=True)) for own in rounds if own]
