"""Recordings prepared for search: the features of every span of one length, in one pass over cumulative sums.

A span is described by three blocks: the mean of its windows' features, their spread (which counts
`SPREAD_WEIGHT` times), and half the difference between its second and its first half, for order.

Axes: ``T`` frames, ``n`` windows of all recordings, ``R`` recordings, ``F`` features of a window, ``S``
spans.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from htvae.analysis.window_features import WindowFeatures, WindowGrid

WINDOW_SECONDS, STRIDE_SECONDS = 0.3, 0.2
"""Width of windows, and time from one to the next."""
SPREAD_WEIGHT, ORDER_WEIGHT = 2.0, 0.7
"""What the spread and the order of a span count, beside its mean."""
LEAST_OBSERVED = 0.1
"""Share of points that must be observed in a span; what fills in the others tells nothing."""

BLOCK = 1024
"""Spans described at a time."""


@dataclass(frozen=True, eq=False)
class Spans:
    """All spans of one length, in the order of recordings and frames."""

    length: int
    """Windows of a span."""
    rows: np.ndarray
    """(S,) row of each span's first window in the index's sums."""
    recording: np.ndarray
    """(S,) index of the recording."""
    start: np.ndarray
    """(S,) first model frame."""
    stop: np.ndarray
    """(S,) model frame after the last one."""
    observed: np.ndarray
    """(S,) share of points that were observed, 0..1."""


@dataclass(frozen=True, eq=False)
class SpanIndex:
    """Features of all windows of recordings, ready for spans of any length."""

    features: WindowFeatures
    values: np.ndarray
    """(n, F) float32."""
    observed: np.ndarray
    """(n,) share of points that were observed around each window, 0..1."""
    lengths: np.ndarray
    """(R,) frames of each recording."""

    @classmethod
    def fit(
        cls,
        series: Sequence[np.ndarray],
        observed: Sequence[np.ndarray],
        scale: np.ndarray,
        fps: float | None,
    ) -> "SpanIndex":
        """Fit features to recordings, and describe them.

        Args:
            series: (T, N, D) each, without gaps, from `make_series`.
            observed: (T,) each, share of points that were observed in a frame.
            scale: (N,), from `scale_points`.
            fps: frames per second. None: 30 are assumed.
        """
        grid = WindowGrid.of_rate(fps, WINDOW_SECONDS, STRIDE_SECONDS)
        return cls.describe(WindowFeatures.fit(series, grid, scale), series, observed)

    @classmethod
    def describe(
        cls, features: WindowFeatures, series: Sequence[np.ndarray], observed: Sequence[np.ndarray]
    ) -> "SpanIndex":
        """Describe recordings by features that were fitted before."""
        values = np.concatenate([features.transform(one).astype(np.float32) for one in series])
        shares = np.concatenate([features.grid.cut(one).mean(1) for one in observed])
        return cls(features, values, shares, np.array([len(one) for one in series]))

    def num_windows(self, num_frames: int) -> int:
        """Return the windows of a span of so many frames, at least 1."""
        return max(1, round(num_frames / self.features.grid.stride))

    def spans(self, length: int) -> Spans:
        """Return all spans of ``length`` windows, in the order of recordings."""
        stride, counts = self.features.grid.stride, self._counts
        free = np.maximum(counts - length + 1, 0)
        recording = np.repeat(np.arange(len(counts)), free)
        within = np.arange(free.sum()) - np.repeat(np.cumsum(free) - free, free)
        rows = within + np.repeat(self._first_rows, free)
        observed = (self._observed_sums[rows + length] - self._observed_sums[rows]) / length
        stop = np.minimum((within + length) * stride, self.lengths[recording])
        return Spans(length, rows, recording, within * stride, stop, observed)

    def span_at(self, recording: int, start: int, stop: int, length: int) -> int:
        """Return the row of the span of ``length`` windows whose middle is nearest to that of the frames."""
        stride = self.features.grid.stride
        place = round(((start + stop) / 2 - length * stride / 2) / stride)
        last = int(self._counts[recording]) - length
        return int(self._first_rows[recording]) + max(0, min(place, last))

    def vectors(self, rows: np.ndarray, length: int) -> np.ndarray:
        """Return the features (S, 3 F) float32 of spans of ``length`` windows that begin at rows (S,)."""
        middle, later = rows + (length + 1) // 2, rows + length // 2
        begin, end = self._sums[rows], self._sums[rows + length]
        square = self._squares[rows + length] - self._squares[rows]
        change = end - self._sums[later] - self._sums[middle] + begin
        return _join(end - begin, square, change, length)

    def blocks(self, length: int) -> Iterator[np.ndarray]:
        """Yield what `vectors` returns for `spans`, in their order, a block at a time.

        Blocks fit into the processor's cache, which makes one pass over them several times as fast.
        """
        for first, count in zip(self._first_rows, self._counts, strict=True):
            free = int(count) - length + 1
            for start in range(int(first), int(first) + max(free, 0), BLOCK):
                stop = min(start + BLOCK, int(first) + free)
                yield self._cut_block(start, stop, length)

    def _cut_block(self, start: int, stop: int, length: int) -> np.ndarray:
        sums, squares, middle, later = self._sums, self._squares, (length + 1) // 2, length // 2
        begin, end = sums[start:stop], sums[start + length : stop + length]
        square = squares[start + length : stop + length] - squares[start:stop]
        change = end - sums[start + later : stop + later]
        change -= sums[start + middle : stop + middle]
        change += begin
        return _join(end - begin, square, change, length)

    @cached_property
    def _counts(self) -> np.ndarray:
        """(R,) windows of each recording."""
        return np.array([self.features.grid.count(int(length)) for length in self.lengths])

    @cached_property
    def _first_rows(self) -> np.ndarray:
        """(R,) row of each recording's leading zero in the cumulative sums."""
        return np.cumsum(self._counts + 1) - (self._counts + 1)

    @cached_property
    def _sums(self) -> np.ndarray:
        return self._accumulate(self.values)

    @cached_property
    def _squares(self) -> np.ndarray:
        return self._accumulate(np.square(self.values, dtype=np.float64))

    @cached_property
    def _observed_sums(self) -> np.ndarray:
        return self._accumulate(self.observed[:, None])[:, 0]

    def _accumulate(self, values: np.ndarray) -> np.ndarray:
        """Return (n + R, F) float64: cumulative sums of each recording, each after a row of zeros."""
        sums = np.zeros((len(values) + len(self.lengths), values.shape[1]))
        start = 0
        for row, count in zip(self._first_rows, self._counts, strict=True):
            np.cumsum(values[start : start + count], axis=0, out=sums[row + 1 : row + 1 + count])
            start += count
        return sums


def _join(total: np.ndarray, square: np.ndarray, change: np.ndarray, length: int) -> np.ndarray:
    """Return features (S, 3 F) from sums over windows: of values, of squares, and late minus early values."""
    num = total.shape[1]
    joined = np.empty((len(total), 3 * num), np.float32)
    total /= length
    square /= length
    joined[:, :num] = total
    np.multiply(
        change, ORDER_WEIGHT / (2 * ((length + 1) // 2)), out=joined[:, 2 * num :], casting="same_kind"
    )
    total *= total
    square -= total
    spread = np.maximum(square, 0, out=joined[:, num : 2 * num], casting="same_kind")
    np.sqrt(spread, out=spread)
    spread *= SPREAD_WEIGHT
    return joined
