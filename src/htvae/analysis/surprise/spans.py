"""Spans of surprise: frames above the threshold, joined, each with the kind that says best what is wrong.

- Kinds take turns: an exchange of sides, or of time, says more than the errors that it causes, and the hard
  edges of a fault (acceleration) say less than the fault. Kinds of one rank take turns by their scores.
- Spans of one recording do not overlap. What is above the threshold beside or inside a span is named in it.

Axes: ``T`` frames, ``L`` landmarks.
"""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from htvae.poses.geometry import runs_of

RANKS = {"swap": 0, "backwards": 0, "error": 1, "stillness": 1, "tremble": 1, "acceleration": 2}
"""Kinds of a lower rank claim their frames first."""
JOIN_SECONDS = 0.25
"""Longest time between two parts of one span."""
MARGIN_SECONDS = 0.3
"""Time before and after a span that belongs to it, too: the edges of a fault are hard."""
NAMED_SHARE = 0.5
"""Least value of a named landmark, in multiples of the worst one's."""


@dataclass(frozen=True)
class FoundSpan:
    """One span in model frames."""

    start: int
    stop: int
    """Frame after the last one."""
    kind: str
    score: float
    """Highest score of the kind in the span."""
    peak: int
    """Frame of the highest score."""
    also: tuple[str, ...]
    """Other kinds that are above the threshold in the span or beside it."""


def find_spans(scores: Mapping[str, np.ndarray], threshold: float, fps: float) -> list[FoundSpan]:
    """Return the spans of one recording that do not overlap, in order of frames.

    Args:
        scores: kind to score (T,), NaN where unknown.
        threshold: least score of a span's worst frame, and of all its frames but short gaps.
        fps: frame rate (1/s).
    """
    values = {kind: np.where(np.isnan(own), -np.inf, own) for kind, own in scores.items()}
    join, margin = round(JOIN_SECONDS * fps), round(MARGIN_SECONDS * fps)
    runs = {kind: _join(runs_of(own >= threshold), join) for kind, own in values.items()}
    queue = [_entry(kind, values[kind], *run) for kind, own in runs.items() for run in own]
    heapq.heapify(queue)
    num_frames = len(next(iter(values.values()), np.empty(0)))
    free, found = np.ones(num_frames, dtype=bool), []
    while queue:
        _, _, kind, start, stop = heapq.heappop(queue)
        left = [(start + a, start + b) for a, b in runs_of(free[start:stop])]
        if left != [(start, stop)]:
            parts = [part for part in left if (values[kind][slice(*part)] >= threshold).any()]
            for part in parts:
                heapq.heappush(queue, _entry(kind, values[kind], *part))
            continue
        first, last = max(start - margin, 0), stop + margin
        also = [k for k, own in values.items() if k != kind and (own[first:last] >= threshold).any()]
        peak = start + int(values[kind][start:stop].argmax())
        found.append(FoundSpan(start, stop, kind, float(values[kind][peak]), peak, tuple(also)))
        free[first:last] = False
    return sorted(found, key=lambda span: span.start)


def name_worst(values: np.ndarray, landmarks: Sequence[str]) -> tuple[str, ...]:
    """Return the landmarks that are most concerned in a span, the worst first.

    Args:
        values: (T, L) scaled values of the span's frames, NaN where unknown.
        landmarks: names of axis L.
    """
    known = np.isfinite(values).any(axis=0)
    if not known.any():
        return ()
    typical = np.full(len(landmarks), -np.inf)
    typical[known] = np.nanmedian(values[:, known], axis=0)
    order = np.argsort(-typical, kind="stable")
    least = max(NAMED_SHARE * float(typical[order[0]]), 0.0)
    return tuple(landmarks[i] for i in order.tolist() if typical[i] >= least) or (landmarks[int(order[0])],)


def _entry(kind: str, values: np.ndarray, start: int, stop: int) -> tuple[int, float, str, int, int]:
    return RANKS[kind], -float(values[start:stop].max()), kind, start, stop


def _join(runs: Sequence[tuple[int, int]], longest: int) -> list[tuple[int, int]]:
    """Return runs, those joined that are at most ``longest`` frames apart."""
    joined: list[tuple[int, int]] = []
    for start, stop in runs:
        if joined and start - joined[-1][1] <= longest:
            joined[-1] = (joined[-1][0], stop)
        else:
            joined.append((start, stop))
    return joined
