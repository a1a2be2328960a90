"""Features of what a body does around a moment: principal components of short windows of poses.

- Poses are reduced to their own components first, then windows of these to a few numbers: any number of
  landmarks costs the same.
- Components are whitened: a fast small movement may count as much as a slow large one.
- Everything is estimated by sums over recordings, a block of windows at a time.

Axes: ``T`` frames, ``N`` points, ``D`` coordinates, ``P`` components of poses, ``W`` frames per window, ``n``
windows, ``F`` features.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

POSE_COMPONENTS = 32
"""Components of poses, at most."""
NUM_FEATURES = 24
"""Components of windows, at most."""
BLOCK_WINDOWS = 4096
"""Windows whose numbers are in memory at once."""
LEAST_SPREAD = 0.05
"""Least spread of a component, as a share of the first one's: whitening would make smaller ones, the
tracker's noise, as large as movement."""


@dataclass(frozen=True)
class WindowGrid:
    """Where windows lie: one every ``stride`` frames, the first around frame ``stride // 2``."""

    width: int
    """W."""
    stride: int
    """Frames from one window to the next."""

    @classmethod
    def of_rate(cls, fps: float | None, seconds: float, stride_seconds: float) -> "WindowGrid":
        """Return the grid for a frame rate; without one, 30 frames per second are assumed."""
        rate = fps or 30.0
        return cls(max(2, round(seconds * rate)), max(1, round(stride_seconds * rate)))

    def count(self, num_frames: int) -> int:
        """Return the number of windows of a recording."""
        return -(-num_frames // self.stride)

    def centres(self, num_frames: int) -> np.ndarray:
        """Return the middle frames (n,) of windows."""
        starts = np.arange(self.count(num_frames)) * self.stride
        return np.minimum(starts + self.stride // 2, num_frames - 1)

    def cut(self, values: np.ndarray) -> np.ndarray:
        """Return the windows (n, W, ...) of values (T, ...); the ends are held."""
        return values[self._frames(0, self.count(len(values)), len(values))]

    def blocks(self, num_frames: int) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield the frames that the next `BLOCK_WINDOWS` windows need, and each window's (n, W) in these."""
        count = self.count(num_frames)
        for first in range(0, count, BLOCK_WINDOWS):
            frames = self._frames(first, min(first + BLOCK_WINDOWS, count), num_frames)
            start, stop = int(frames.min()), int(frames.max()) + 1
            yield slice(start, stop), frames - start

    def _frames(self, first: int, stop: int, num_frames: int) -> np.ndarray:
        """Return the frames (n, W) of some windows; the ends are held."""
        offsets = np.arange(self.width) - self.width // 2
        frames: np.ndarray = self.centres(num_frames)[first:stop, None] + offsets
        return frames.clip(0, num_frames - 1)

    def spread(self, values: np.ndarray, num_frames: int) -> np.ndarray:
        """Return (T, ...): the value (n, ...) of the window nearest to each frame."""
        return np.repeat(values, self.stride, axis=0)[:num_frames]


@dataclass(frozen=True, eq=False)
class WindowFeatures:
    """A fitted map from poses to features of their windows."""

    grid: WindowGrid
    scale: np.ndarray
    """(N,) what each point's coordinates are divided by."""
    pose_mean: np.ndarray
    """(N D,), scaled."""
    pose_basis: np.ndarray
    """(N D, P)."""
    window_mean: np.ndarray
    """(W P,)."""
    window_basis: np.ndarray
    """(W P, F), whitening."""

    @classmethod
    def fit(
        cls,
        poses: Sequence[np.ndarray],
        grid: WindowGrid,
        scale: np.ndarray,
        num_features: int = NUM_FEATURES,
    ) -> "WindowFeatures":
        """Estimate the components of poses (T, N, D) without gaps.

        Args:
            poses: recordings.
            grid: where windows lie.
            scale: (N,) what each point's coordinates are divided by.
            num_features: F, at most.
        """
        size = BLOCK_WINDOWS * grid.stride
        parts = (pose[start : start + size] for pose in poses for start in range(0, len(pose), size))
        pose_mean, pose_basis, _ = find_components((_flatten(p, scale) for p in parts), POSE_COMPONENTS)
        windows = (w for pose in poses for w in _cut_numbers(pose, grid, scale, pose_mean, pose_basis))
        mean, basis, spread = find_components(windows, num_features)
        return cls(grid, scale, pose_mean, pose_basis, mean, basis / spread)

    def transform(self, pose: np.ndarray) -> np.ndarray:
        """Return the features (n, F) of a recording's windows, from its poses (T, N, D) without gaps."""
        windows = _cut_numbers(pose, self.grid, self.scale, self.pose_mean, self.pose_basis)
        return np.concatenate([(own - self.window_mean) @ self.window_basis for own in windows])


def find_components(parts: Iterable[np.ndarray], most: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the mean (d,), the leading directions (d, k) and the spread (k,) along each of vectors.

    Args:
        parts: (n, d) each, which are added up one after the other.
        most: k, at most; directions without spread are left out, all but the first.
    """
    count, total, products = 0, np.zeros(1), np.zeros((1, 1))
    for part in parts:
        values = part.astype(np.float64, copy=False)
        count, total, products = count + len(values), total + values.sum(0), products + values.T @ values
    mean = total / count
    variances, directions = np.linalg.eigh(products / count - np.outer(mean, mean))
    spread = np.sqrt(variances[::-1][:most].clip(0))
    kept = max(1, int((spread > LEAST_SPREAD * spread[0]).sum()))
    signs = np.sign(directions[np.abs(directions).argmax(0), np.arange(len(directions))])
    return mean, (directions * signs)[:, ::-1][:, :kept], np.maximum(spread[:kept], 1e-9)


def _cut_numbers(
    pose: np.ndarray, grid: WindowGrid, scale: np.ndarray, mean: np.ndarray, basis: np.ndarray
) -> Iterator[np.ndarray]:
    """Yield the windows (n, W P) of a recording's components, a block at a time."""
    for frames, places in grid.blocks(len(pose)):
        numbers = (_flatten(pose[frames], scale) - mean) @ basis
        yield numbers[places].reshape(len(places), -1)


def _flatten(pose: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return (pose / scale[:, None]).reshape(len(pose), -1)
