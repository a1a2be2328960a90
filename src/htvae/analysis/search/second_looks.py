"""Reliability of places that were found: are they found again from a span cut a little earlier or later?

Where a span begins is a matter of taste. A place that only one cut of it finds is found by chance.

Axes: ``S`` spans, ``V`` features of a span, ``h`` hits, ``k`` looks.
"""

import math
from collections.abc import Sequence

import numpy as np

from htvae.analysis.motion_series import SeriesKind
from htvae.analysis.search.search import Hit, Search, describe_recordings, rank_spans
from htvae.analysis.search.span_index import Spans
from htvae.analysis.search.span_ranking import Clip
from htvae.inference.model import TrainedModel

MOVES = (-2, -1, 1, 2)
"""Windows by which spans are moved, at most a quarter of their length; a span of few windows by one."""
LEAST_RANK, RANK_RATIO = 5, 1.5
"""A place of rank r must be found again among the best `RANK_RATIO` r, or the best `LEAST_RANK` if more."""


def list_moves(length: int) -> list[int]:
    """Return the moves, in windows, of a span of ``length`` windows."""
    return [move for move in MOVES if abs(move) <= max(1, length // 4)]


def find_again(model: TrainedModel, found: Search, kind: SeriesKind = "filled") -> np.ndarray:
    """Return the share (h,) of second looks that find each hit again; NaN where it cannot be said.

    That is so without room to move the query, and where a look lists all there is.

    Args:
        model: model that fills in or encodes the query.
        found: from `htvae.analysis.search.search.search`.
        kind: what is compared, as in the search.
    """
    hits, spans = found.hits, found.index.spans(found.length)
    most = _allow(len(hits))
    taken = [] if found.own is None else [found.own]
    looks = [
        rank_spans(found.index, spans, vector, most, taken) for vector in _move_query(model, found, kind)
    ]
    shares = np.full((len(looks), len(hits)), np.nan)
    for look, ranked in enumerate(looks):
        for rank, hit in enumerate(hits, 1):
            within = _allow(rank)
            if len(ranked) >= within:
                shares[look, rank - 1] = _is_among(hit, ranked[:within])
    return _mean_of_known(shares)


def score_again(spans: Spans, positive: np.ndarray, chosen: Sequence[int]) -> np.ndarray:
    """Return the share (h,) of a clip's moved neighbours that a detector takes for its behaviour, too.

    Args:
        spans: all spans.
        positive: (S,) bool, whether the detector takes each for the behaviour.
        chosen: (h,) places of the detected clips among the spans.
    """
    shares = np.full((len(list_moves(spans.length)), len(chosen)), np.nan)
    for row, move in enumerate(list_moves(spans.length)):
        for column, place in enumerate(chosen):
            near = place + move
            if 0 <= near < len(positive) and spans.recording[near] == spans.recording[place]:
                shares[row, column] = positive[near]
    return _mean_of_known(shares)


def _allow(rank: int) -> int:
    """Return the rank within which a second look must find what has this one."""
    return max(LEAST_RANK, math.ceil(RANK_RATIO * rank))


def _move_query(model: TrainedModel, found: Search, kind: SeriesKind) -> np.ndarray:
    """Return the features (k, V) of the query moved by some windows, where its recording goes on."""
    query, stride = found.query, found.index.features.grid.stride
    own = describe_recordings(model, found.index.features, [query.recording], kind)
    length = min(found.length, len(own.values))
    rows = [
        own.span_at(0, query.start + move * stride, query.stop + move * stride, length)
        for move in [0, *list_moves(length)]
    ]
    moved = sorted(set(rows) - {rows[0]})
    return own.vectors(np.array(moved, int), length)


def _is_among(hit: Hit, ranked: Sequence[Clip]) -> bool:
    """Return whether one of the clips shares more than half of a hit's frames."""
    return any(
        other.recording == hit.recording
        and min(hit.stop, other.stop) - max(hit.start, other.start) > (hit.stop - hit.start) / 2
        for other in ranked
    )


def _mean_of_known(shares: np.ndarray) -> np.ndarray:
    """Return the mean (h,) of the looks (k, h) that are known."""
    known = np.isfinite(shares)
    counts = known.sum(axis=0)
    total = np.where(known, shares, 0.0).sum(axis=0)
    mean: np.ndarray = np.where(counts > 0, total / np.maximum(counts, 1), np.nan)
    return mean
