"""Search: every place in recordings that resembles a span, the most alike first.

Spans are compared by the cosine between their features (`htvae.analysis.search.span_index`), taken from the
mean of all spans of this length: what all spans have in common tells nothing, and a weaker version of a
movement counts as the same. Every span is compared.

Axes: ``T`` frames, ``S`` spans, ``V`` features of a span.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from htvae.analysis.motion_series import SeriesKind, make_series, scale_points
from htvae.analysis.search.span_index import LEAST_OBSERVED, SpanIndex, Spans
from htvae.analysis.search.span_ranking import Clip, choose_apart, compare_spans, mean_vector
from htvae.analysis.window_features import WindowFeatures
from htvae.data.processing import ProcessedSequence
from htvae.inference.model import TrainedModel
from htvae.poses.sequence import content_hash

NUM_HITS = 50


@dataclass(frozen=True, eq=False)
class Query:
    """A span to look for."""

    recording: ProcessedSequence
    start: int
    """First model frame."""
    stop: int
    """Model frame after the last one."""


@dataclass(frozen=True)
class Hit(Clip):
    """A place that resembles the query."""

    similarity: float
    """Cosine between the features, -1..1; 1: the same."""
    distance: float
    """Distance between the features; 0: the same. Unlike the similarity, it grows with the strength of a
    movement."""
    observed: float
    """Share of points that were observed, 0..1."""


@dataclass(frozen=True, eq=False)
class Search:
    """A query and what was found."""

    index: SpanIndex
    query: Query
    vector: np.ndarray
    """(V,) features of the query."""
    length: int
    """Windows of a span."""
    own: Clip | None
    """The query's place in the recordings searched; None where it is not among them."""
    hits: list[Hit]


def build_index(
    model: TrainedModel, recordings: Sequence[ProcessedSequence], kind: SeriesKind = "filled"
) -> SpanIndex:
    """Return recordings prepared for search, with features fitted to them.

    Raises:
        ValueError: there is no recording.
    """
    if not recordings:
        raise ValueError("recordings must hold at least one to search in, but there is none.")
    series = make_series(model, recordings, kind)
    return SpanIndex.fit(series, observed_shares(recordings), scale_points(model, kind), model.processor.fps)


def describe_recordings(
    model: TrainedModel, features: WindowFeatures, recordings: Sequence[ProcessedSequence], kind: SeriesKind
) -> SpanIndex:
    """Return recordings prepared for search, by features that were fitted before."""
    return SpanIndex.describe(features, make_series(model, recordings, kind), observed_shares(recordings))


def observed_shares(recordings: Iterable[ProcessedSequence]) -> list[np.ndarray]:
    """Return (T,) for each recording: the share of points that were observed in each frame."""
    return [np.isfinite(p.pose).all(-1).mean(1) for p in recordings]


def place_query(recording: ProcessedSequence, frames: tuple[int, int]) -> Query:
    """Return the span of a recording between source frames (first, one after the last).

    Raises:
        ValueError: the span is empty, reaches beyond the recording, or shows hardly any point.
    """
    source = recording.source
    first, end = source.first_frame, source.first_frame + source.num_frames
    if not first <= frames[0] < frames[1] <= end:
        raise ValueError(
            f"frames must be a span within the frames {first} to {end} of {recording.name}, "
            f"start below stop, but got {frames[0]}:{frames[1]}. Correct it."
        )
    positions = recording.record.source_frames
    start = min(int(np.searchsorted(positions, frames[0] - 1e-6)), len(positions) - 1)
    stop = max(start + 1, int(np.searchsorted(positions, frames[1] - 1e-6)))
    share = float(np.isfinite(recording.pose[start:stop]).all(-1).mean())
    if share < LEAST_OBSERVED:
        raise ValueError(
            f"frames must be a span in which at least {LEAST_OBSERVED:.0%} of points are observed, but in "
            f"{recording.name}, {frames[0]}:{frames[1]}, {share:.1%} are. Give another span."
        )
    return Query(recording, start, stop)


def search(
    model: TrainedModel,
    index: SpanIndex,
    recordings: Sequence[ProcessedSequence],
    query: Query,
    kind: SeriesKind = "filled",
    num_hits: int = NUM_HITS,
) -> Search:
    """Find what resembles a query.

    Args:
        model: model that fills in or encodes the query.
        index: from `build_index`.
        recordings: those of the index.
        query: from `place_query`.
        kind: what is compared, as for the index.
        num_hits: most hits to return.

    Raises:
        ValueError: the query is longer than every recording, or too few points are observed.
    """
    length = index.num_windows(query.stop - query.start)
    spans = index.spans(length)
    _check_spans(index, spans, query)
    vector = _describe_query(model, index, query, length, kind)
    own = _find_own(recordings, query)
    hits = rank_spans(index, spans, vector, num_hits, [] if own is None else [own])
    return Search(index, query, vector, length, own, hits)


def rank_spans(
    index: SpanIndex,
    spans: Spans,
    vector: np.ndarray,
    num_hits: int,
    taken: Sequence[Clip] = (),
) -> list[Hit]:
    """Return the spans most alike features (V,), best first; none overlaps another or one that is taken."""
    similarity = compare_spans(index, spans.length, vector, mean_vector(index, spans))
    similarity[spans.observed < LEAST_OBSERVED] = -np.inf
    chosen = choose_apart(spans, similarity, num_hits, taken)
    found = index.vectors(spans.rows[chosen], spans.length)
    return [
        Hit(
            recording=int(spans.recording[i]),
            start=int(spans.start[i]),
            stop=int(spans.stop[i]),
            similarity=min(1.0, float(similarity[i])),
            distance=float(np.linalg.norm(own - vector)),
            observed=float(spans.observed[i]),
        )
        for i, own in zip(chosen, found, strict=True)
    ]


def _describe_query(
    model: TrainedModel, index: SpanIndex, query: Query, length: int, kind: SeriesKind
) -> np.ndarray:
    """Return the features (V,) of a query."""
    own = describe_recordings(model, index.features, [query.recording], kind)
    length = min(length, index.features.grid.count(len(query.recording.pose)))  # of a short recording
    row = own.span_at(0, query.start, query.stop, length)
    vector: np.ndarray = own.vectors(np.array([row]), length)[0]
    return vector


def _find_own(recordings: Sequence[ProcessedSequence], query: Query) -> Clip | None:
    """Return the place of the query's own recording among those searched, by its content."""
    shape = query.recording.source.pose.shape
    alike = [i for i, p in enumerate(recordings) if p.source.pose.shape == shape]
    content = content_hash(query.recording.source) if alike else ""
    same = [i for i in alike if content_hash(recordings[i].source) == content]
    named = [i for i in same if recordings[i].name == query.recording.name] or same
    return Clip(named[0], query.start, query.stop) if named else None


def _check_spans(index: SpanIndex, spans: Spans, query: Query) -> None:
    """Raise ValueError where no span is as long as the query, or none is observed."""
    asked, longest = query.stop - query.start, int(index.lengths.max())
    if not len(spans.rows) or asked > longest:
        raise ValueError(
            f"frames must be a span no longer than the longest recording that is searched ({longest} frames "
            f"at the model's rate), but {query.recording.name} has {asked}. Give a shorter span."
        )
    if spans.observed.max() < LEAST_OBSERVED:
        raise ValueError(
            f"The recordings must show at least {LEAST_OBSERVED:.0%} of points somewhere, but show "
            f"{spans.observed.max():.1%} at most. Check the names of their landmarks."
        )
