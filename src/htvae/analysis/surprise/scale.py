"""The common unit of scores: 0 is usual, 1 is worth a look.

- 1 is a multiple (`ALARMS`) of the level that one frame in a hundred of the reference recordings reaches; of
  log odds, it is even odds.
- Each landmark's values are first put on a common scale, so that the worst landmark of a frame is the most
  unusual one, not the one that is worst in every frame. A frame's score is that of its worst landmark.
- Levels are medians over recordings of each recording's quantiles, so that faults in fewer than half of the
  reference recordings do not matter, however large they are.

Axes: ``T`` frames, ``L`` landmarks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from htvae.analysis.surprise.measures import KINDS, Measures, Usual

LEVEL = 0.99
"""Quantile of frames of which the score 1 is a multiple; the median has the score 0."""
ALARMS = {"error": 1.9, "stillness": 2.7, "tremble": 2.5, "acceleration": 2.0}
"""Distance of the score 1 from the median, in multiples of the distance of `LEVEL`. Chosen on the demo's
training and validation recordings, so that no kind gives more than about one span in a minute there."""
ODDS = ("swap", "backwards")
"""Kinds that are log odds, whose score is 1 at even odds."""
LEAST_ODDS = 5.0
"""Least distance (nats) of the score 1 from the median, where hardly anything tells sides or times apart."""
LEAST_SPREAD = 0.5
"""Least spread of a landmark, in multiples of the landmarks' median spread."""


class Range(NamedTuple):
    """The usual range of values."""

    middle: np.ndarray
    """Median, (L,) or a single number."""
    spread: np.ndarray
    """Distance from the median to the score 1."""

    def scale(self, values: np.ndarray) -> np.ndarray:
        """Return values in multiples of the spread above the median."""
        scaled: np.ndarray = (values - self.middle) / self.spread
        return scaled


class Scores(NamedTuple):
    """The scores of one recording."""

    frames: dict[str, np.ndarray]
    """Kind to score (T,), NaN where nothing is seen; kinds that cannot be scored are left out."""
    points: dict[str, np.ndarray]
    """Kind to scaled values (T, L), for naming landmarks; for all kinds."""


@dataclass(frozen=True, eq=False)
class SurpriseScale:
    """What is usual in the reference recordings."""

    usual: Usual
    points: dict[str, Range]
    frames: dict[str, Range]

    @classmethod
    def fit(cls, usual: Usual, reference: Sequence[Measures]) -> "SurpriseScale":
        """Measure the usual range of each kind over the reference recordings."""
        points = {
            kind: _even_out(_find_range([own.points[kind] for own in reference]))
            for kind in reference[0].points
        }
        pooled = [_pool(own, points) for own in reference]
        found = {kind: _find_range([own[kind][:, None] for own in pooled]) for kind in pooled[0]}
        frames = {kind: _alarm(kind, own) for kind, own in found.items()}
        known = [kind for kind in KINDS if kind in frames and 0 < frames[kind].spread < np.inf]
        return cls(usual, points, {kind: frames[kind] for kind in known})

    def score(self, measures: Measures) -> Scores:
        """Return the scores of a recording."""
        pooled = _pool(measures, self.points)
        return Scores(
            {kind: own.scale(pooled[kind]).astype(np.float32) for kind, own in self.frames.items()},
            {kind: own.scale(measures.points[kind]) for kind, own in self.points.items()},
        )


def _pool(measures: Measures, points: dict[str, Range]) -> dict[str, np.ndarray]:
    """Return each kind's value (T,) of frames: the whole body's, or the worst landmark's."""
    pooled = dict(measures.frames)
    for kind, own in points.items():
        if kind not in pooled:
            scaled = own.scale(measures.points[kind])
            worst = np.where(np.isnan(scaled), -np.inf, scaled).max(axis=1)
            pooled[kind] = np.where(np.isfinite(worst), worst, np.nan)
    return pooled


def _find_range(values: Sequence[np.ndarray]) -> Range:
    """Return the usual range (L,) of each column of values (T, L) of several recordings."""
    columns = values[0].shape[1]
    middles, levels = np.full((2, len(values), columns), np.nan)
    for row, own in enumerate(values):
        known = np.isfinite(own).any(axis=0)
        if known.any():
            middles[row, known], levels[row, known] = np.nanquantile(own[:, known], [0.5, LEVEL], axis=0)
    known = np.isfinite(middles).any(axis=0)
    middle, spread = np.full((2, columns), np.nan)
    middle[known] = np.nanmedian(middles[:, known], axis=0)
    spread[known] = np.nanmedian(levels[:, known] - middles[:, known], axis=0)
    return Range(middle, spread)


def _alarm(kind: str, found: Range) -> Range:
    """Return the range from the median to the score 1."""
    middle, spread = found.middle[0], found.spread[0]
    return Range(middle, np.maximum(-middle, LEAST_ODDS) if kind in ODDS else ALARMS[kind] * spread)


def _even_out(found: Range) -> Range:
    """Return a range whose spreads are not far below the landmarks' median spread."""
    known = found.spread[np.isfinite(found.spread)]
    if not len(known):
        return found
    least = LEAST_SPREAD * float(np.median(known))
    spread = np.where(found.spread < max(least, 1e-9), max(least, 1e-9), found.spread)
    return Range(found.middle, spread)
