"""The page's "find similar", step by step: the reference that the page's own search is tested against.

A span is described by the mean and the spread of its windows' features, without the mean over all spans of
its length, and compared by cosine.

Axes: ``w`` windows of a recording, ``K`` features.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MOST_FOUND = 12


@dataclass(frozen=True)
class Found:
    """A span that is similar."""

    recording: int
    start: int
    """First window."""
    num_windows: int
    distance: float
    """1 minus the cosine; 0: alike."""


def find_similar(
    windows: Sequence[np.ndarray],
    every: float,
    length: float,
    recording: int,
    seconds: tuple[float, float],
    *,
    elsewhere: bool = False,
) -> list[Found]:
    """Return the spans most like one of a recording, the most alike first; none overlaps it or another.

    Args:
        windows: features (w, K) of each recording's windows, whole numbers.
        every: seconds from one window to the next.
        length: seconds that a window covers.
        recording: index of the recording that holds the span.
        seconds: first second of the span and the second after it, from the recording's beginning.
        elsewhere: find spans of other recordings only.
    """
    start, count = place_span(len(windows[recording]), every, length, seconds)
    places = [
        (own, first) for own, part in enumerate(windows) for first in range(len(part) - count + 1) if count
    ]
    described = [_describe(windows[own][first : first + count]) for own, first in places]
    centre = np.mean(described, axis=0)
    asked = _describe(windows[recording][start : start + count]) - centre
    distances = [1 - _cosine(asked, vector - centre) for vector in described]
    taken = [(recording, start)]
    found: list[Found] = []
    for i in sorted(range(len(places)), key=lambda i: (distances[i], *places[i])):
        own, first = places[i]
        apart = (count - 1) * every + length
        if elsewhere and own == recording:
            continue
        if any(own == other and abs(first - at) * every < apart - 1e-9 for other, at in taken):
            continue
        taken.append((own, first))
        found.append(Found(own, first, count, distances[i]))
        if len(found) == MOST_FOUND:
            break
    return found


def place_span(
    num_windows: int, every: float, length: float, seconds: tuple[float, float]
) -> tuple[int, int]:
    """Return the first window of a span and the number of its windows."""
    count = math.floor((seconds[1] - seconds[0] - length) / every + 0.5) + 1
    count = min(max(count, 1), num_windows)
    start = math.floor(seconds[0] / every + 0.5)
    return min(max(start, 0), num_windows - count), count


def _describe(windows: np.ndarray) -> np.ndarray:
    values = windows.astype(np.float64)
    mean = values.sum(axis=0) / len(values)
    spread = np.sqrt(np.maximum(0, np.square(values).sum(axis=0) / len(values) - mean**2))
    return np.concatenate([mean, spread])


def _cosine(first: np.ndarray, second: np.ndarray) -> float:
    size = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / size if size else 0.0
