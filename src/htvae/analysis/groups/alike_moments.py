"""One moment of each subject, all alike in a part of the body: how the same movement looks in two groups.

Subjects do different things at different times, and a mean over them is nobody's movement. So each subject
shows the moment at which a part of its body moves most like a reference; what the rest of the body does at
that moment is left open, in both groups alike.

Axes: ``n`` recordings, ``u`` rows (units), ``w`` windows, ``T`` frames, ``N`` points, ``D`` coordinates.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

NUM_POSES = 10
"""Frames of a window that are compared."""
STRIDE_SECONDS = 0.2
MOST_WINDOWS, MOST_REFERENCES = 20_000, 400
"""Windows that are looked at, and windows that are tried as the reference, at most."""
MOST_UNLIKE, ALIKE = 2.0, 0.1
"""Distance, in multiples of the median, beyond which a subject does not show the moment; and torso lengths up
to which any does."""


@dataclass(frozen=True)
class Moment:
    """A span of a recording."""

    row: int
    """Row (unit) of the recording."""
    recording: int
    start: int
    """First model frame."""
    stop: int
    """Model frame after the last one."""
    distance: float
    """Root mean square distance of the matched points from the reference, torso lengths."""


@dataclass(frozen=True, eq=False)
class Contrast:
    """What differs between two groups."""

    points: Sequence[int]
    """Points that move more in one of them."""
    rows: tuple[np.ndarray, np.ndarray]
    """Rows of the first and of the second group."""


@dataclass(frozen=True, eq=False)
class _Windows:
    """Windows of all recordings."""

    recording: np.ndarray
    """(w,)."""
    start: np.ndarray
    """(w,) first frame."""
    row: np.ndarray
    """(w,)."""
    features: np.ndarray
    """(w, F): coordinates of the matched points in `NUM_POSES` frames, scaled so that Euclidean distances are
    root mean square distances of points."""
    activity: np.ndarray
    """(w,) way of the moving points, torso lengths, summed over points."""


def find_alike_moments(
    series: Sequence[np.ndarray],
    rows: np.ndarray,
    matched: Sequence[int],
    num_frames: int,
    stride: int,
    contrast: Contrast,
    seed: int = 0,
) -> list[Moment]:
    """Return one moment of each row, the rows in order.

    The reference is a window that all rows come near to, on average, and in which the groups' mean motion
    moves as the groups do over all their windows: neither more nor less. It does not count as a moment of its
    own subject.

    Args:
        series: recordings (T, N, D) without gaps.
        rows: row (n,) of each recording, -1 where it is left out.
        matched: points that must be alike.
        num_frames: length of the moments.
        stride: frames from one window to the next, at least 1; more where windows are too many.
        contrast: points that differ between two groups, and the groups.
        seed: seed of the choice of windows.

    Returns:
        Moments of the rows that show the reference; none where recordings are too short.
    """
    total = sum(max(0, len(one) - num_frames) for one in series)
    stride = max(stride, -(-total // MOST_WINDOWS))
    windows = _cut(series, rows, matched, num_frames, stride, contrast.points)
    if not len(windows.start):
        return []
    references = np.random.default_rng(seed).permutation(len(windows.start))[:MOST_REFERENCES]
    nearest, distance = _find_nearest(windows, references, num_frames)
    shown = np.isfinite(distance)
    farthest = distance[shown].max(initial=1.0)
    apart = np.where(shown, distance, 2 * farthest).mean(axis=1)
    misfits = [
        _misfit(series, windows, own[known], contrast, num_frames)
        for own, known in zip(nearest, shown, strict=True)
    ]
    reference = int(np.argmin(np.array(misfits) + apart / max(float(apart.min()), 1e-9)))
    target = windows.features[references[reference]]
    found = []
    for window in nearest[reference][shown[reference]]:
        own = int(windows.recording[window])
        start, away = _refine(series[own], int(windows.start[window]), stride, target, matched, num_frames)
        found.append(Moment(int(windows.row[window]), own, start, start + num_frames, away))
    middle = float(np.median([moment.distance for moment in found])) if found else 0.0
    return [moment for moment in found if moment.distance <= max(MOST_UNLIKE * middle, ALIKE)]


def _misfit(
    series: Sequence[np.ndarray], windows: _Windows, chosen: np.ndarray, contrast: Contrast, num_frames: int
) -> float:
    """Return how far the movement of groups' mean motion is from the groups' usual movement.

    The sum over both groups of |movement of the mean over ``chosen`` windows - mean movement over all
    windows|, divided by the difference between the groups.
    """
    usual, shown = [], []
    for rows in contrast.rows:
        inside = np.isin(windows.row, rows)
        own = [w for w in chosen if windows.row[w] in rows]
        if not inside.any() or not own:
            return np.inf
        present = [row for row in rows if (windows.row == row).any()]
        usual.append(np.mean([windows.activity[windows.row == row].mean() for row in present]))
        spans = [(series[windows.recording[w]], windows.start[w]) for w in own]
        mean = np.mean([one[a : a + num_frames, list(contrast.points)] for one, a in spans], axis=0)
        shown.append(np.linalg.norm(np.diff(mean, axis=0), axis=-1).sum())
    away = abs(shown[0] - usual[0]) + abs(shown[1] - usual[1])
    return float(away / max(abs(usual[0] - usual[1]), 1e-9))


def _cut(
    series: Sequence[np.ndarray],
    rows: np.ndarray,
    matched: Sequence[int],
    num_frames: int,
    stride: int,
    moving: Sequence[int],
) -> _Windows:
    """Return the windows of the recordings that are long enough and belong to a row."""
    parts: list[list[np.ndarray]] = [[] for _ in range(5)]
    for i, one in enumerate(series):
        if rows[i] < 0 or len(one) < num_frames:
            continue
        start = np.arange(0, len(one) - num_frames + 1, stride)
        steps = np.linalg.norm(np.diff(one[:, list(moving)], axis=0), axis=-1).sum(axis=1)
        path = np.concatenate([[0.0], np.cumsum(steps)])
        values = (np.full(len(start), i), start, np.full(len(start), rows[i]))
        features = _describe(one, start, matched, num_frames)
        for part, value in zip(
            parts, (*values, features, path[start + num_frames - 1] - path[start]), strict=True
        ):
            part.append(value)
    if not parts[0]:
        return _Windows(*(np.zeros((0, *shape)) for shape in ((), (), (), (1,), ())))
    return _Windows(*(np.concatenate(part) for part in parts))


def _describe(series: np.ndarray, start: np.ndarray, matched: Sequence[int], num_frames: int) -> np.ndarray:
    """Return the features (w, F) of windows that begin at ``start`` (w,)."""
    frames = np.linspace(0, num_frames - 1, NUM_POSES).round().astype(int)
    points = series[start[:, None] + frames][:, :, list(matched)].astype(np.float32)
    features: np.ndarray = points.reshape(len(start), -1) / np.sqrt(NUM_POSES * len(matched))
    return features


def _find_nearest(
    windows: _Windows, references: np.ndarray, num_frames: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return each row's window that is nearest to each reference (references, u), and its distance.

    The distance is infinite where the row has no window but the reference itself and its neighbours.
    """
    features = windows.features
    squares = np.square(features).sum(axis=1)
    products = features[references] @ features.T
    apart = np.sqrt(np.maximum(squares[references][:, None] + squares - 2 * products, 0))
    own = windows.recording[references][:, None] == windows.recording
    own &= np.abs(windows.start[references][:, None] - windows.start) < num_frames
    apart[own] = np.inf
    nearest, distance = [], []
    for row in np.unique(windows.row):
        columns = np.flatnonzero(windows.row == row)
        best = apart[:, columns].argmin(axis=1)
        nearest.append(columns[best])
        distance.append(apart[np.arange(len(references)), columns[best]])
    return np.stack(nearest, axis=1), np.stack(distance, axis=1)


def _refine(
    series: np.ndarray, start: int, stride: int, target: np.ndarray, matched: Sequence[int], num_frames: int
) -> tuple[int, float]:
    """Return the frame near ``start`` from which a window is most like the target, and its distance."""
    last = len(series) - num_frames
    near = np.arange(max(0, start - stride + 1), min(last, start + stride - 1) + 1)
    apart = np.linalg.norm(_describe(series, near, matched, num_frames) - target, axis=1)
    best = int(apart.argmin())
    return int(near[best]), float(apart[best])
