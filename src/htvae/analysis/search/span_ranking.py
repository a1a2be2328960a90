"""Comparing all spans with one, and choosing the best that do not overlap.

Axes: ``S`` spans, ``V`` features of a span.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from htvae.analysis.search.span_index import SpanIndex, Spans

NUM_FOR_MEAN = 10_000
"""Spans that the common mean is taken over, at most."""


@dataclass(frozen=True)
class Clip:
    """A span of a recording that is searched."""

    recording: int
    """Index of the recording."""
    start: int
    """First model frame."""
    stop: int
    """Model frame after the last one."""

    def overlaps(self, other: "Clip") -> bool:
        """Return whether the two share a frame."""
        return self.recording == other.recording and self.start < other.stop and other.start < self.stop


def mean_vector(index: SpanIndex, spans: Spans) -> np.ndarray:
    """Return the mean (V,) of the features of spans, of at most `NUM_FOR_MEAN` evenly spaced ones."""
    chosen = np.unique(np.linspace(0, len(spans.rows) - 1, NUM_FOR_MEAN).astype(int))
    mean: np.ndarray = index.vectors(spans.rows[chosen], spans.length).mean(0)
    return mean


def compare_spans(index: SpanIndex, length: int, vector: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Return the cosine (S,) between each span and features (V,), both without the mean (V,)."""
    wanted = vector - mean
    parts = []
    for block in index.blocks(length):
        block -= mean
        sizes = np.sqrt(np.einsum("sv,sv->s", block, block))
        parts.append(block @ wanted / np.maximum(sizes * float(np.linalg.norm(wanted)), 1e-12))
    return np.concatenate(parts)


def choose_apart(
    spans: Spans, scores: np.ndarray, most: int, taken: Sequence[Clip] = (), least: float = -np.inf
) -> list[int]:
    """Return spans with the highest scores (S,) that do not overlap, best first.

    Args:
        spans: all spans.
        scores: (S,); those that are not above ``least`` are left out.
        most: spans to return, at most.
        taken: clips that may not be overlapped.
        least: bound of the scores.
    """
    blocked = np.zeros(len(scores), bool)
    for clip in taken:
        blocked |= _overlap(spans, slice(None), clip.recording, clip.start, clip.stop)
    kept: list[int] = []
    for i in _descend(scores, most):
        if len(kept) == most or not scores[i] > least:
            break
        if not blocked[i]:
            kept.append(i)
            near = slice(max(0, i - spans.length + 1), i + spans.length)
            blocked[near] |= _overlap(
                spans, near, int(spans.recording[i]), int(spans.start[i]), int(spans.stop[i])
            )
    return kept


def _overlap(spans: Spans, part: slice, recording: int, start: int, stop: int) -> np.ndarray:
    """Return which spans of a part share a frame with a clip."""
    own: np.ndarray = spans.recording[part] == recording
    return own & (spans.start[part] < stop) & (spans.stop[part] > start)


def _descend(scores: np.ndarray, most: int) -> Iterator[int]:
    """Yield places from the highest score down; only as many are sorted at a time as may be needed."""
    done, size = 0, min(len(scores), 64 * most)
    while done < len(scores):
        top = np.argpartition(-scores, size - 1)[:size] if size < len(scores) else np.arange(len(scores))
        top = np.sort(top)
        yield from top[np.argsort(-scores[top], kind="stable")][done:].tolist()
        done, size = size, min(len(scores), 8 * size)
