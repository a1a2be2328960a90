"""Yardsticks for reconstruction that need no network: PCA of short windows, and a pose that stands still.

Axes: ``T`` frames, ``L`` landmarks, ``D`` coordinates, ``W`` frames per window. Poses are numpy arrays in
torso lengths.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from htvae.metrics.windows import cut_windows, fill_gaps, mean_pose, window_starts

_LOG = logging.getLogger(__name__)

WINDOW = 48
"""Frames per PCA window."""


def numbers_per_window(num_numbers: int, num_frames: int, window: int = WINDOW) -> int:
    """Return how many numbers PCA may keep per window to be as generous as a model, at least 1.

    ``round(num_numbers * window / num_frames)``. Frames are counted once: the chunks' overlap is the model's
    cost.

    Args:
        num_numbers: all latent numbers of a model's window, ``latent_dim + num_chunks * chunk_latent_dim``.
        num_frames: frames of that window.
        window: frames per PCA window.
    """
    return max(1, round(num_numbers * window / num_frames))


@dataclass(frozen=True, eq=False)
class PCAControl:
    """Principal components of windows of W frames, all landmarks and coordinates taken together.

    The best linear code with this many numbers per W frames. It sees gaps filled in linearly, it is scored on
    the observed points alone, like the model.
    """

    pose_mean: np.ndarray
    """(L, D), where a landmark stands that a recording never shows."""
    mean: np.ndarray
    """(W * L * D,), the mean window."""
    components: np.ndarray
    """(numbers per window, W * L * D), orthonormal rows."""
    window: int
    """W."""

    @classmethod
    def fit(
        cls,
        poses: Sequence[np.ndarray],
        num_numbers: int,
        window: int = WINDOW,
        stride: int = 16,
        max_windows: int = 10_000,
    ) -> "PCAControl":
        """Fit mean and components to the training recordings.

        Args:
            poses: (T, L, D) each, NaN where missing.
            num_numbers: numbers per window; see `numbers_per_window`.
            window: W. Shorter recordings are one window that holds the last frame.
            stride: frames from one training window to the next.
            max_windows: most windows that are used, evenly spaced over all; memory and time grow with it.

        Returns:
            The fitted control. It keeps fewer numbers, with a warning in the log, where there are too few
            windows.
        """
        pose_mean = mean_pose(poses)
        starts = [window_starts(len(pose), window, stride) for pose in poses]
        parts = [
            cut_windows(fill_gaps(pose, pose_mean), kept, window)
            for pose, kept in zip(poses, _thin_out(starts, max_windows), strict=True)
        ]
        windows = np.concatenate(parts).reshape(-1, window * pose_mean.size)
        return cls(pose_mean, windows.mean(axis=0), _principal_components(windows, num_numbers), window)

    def reconstruct(self, pose: np.ndarray) -> np.ndarray:
        """Return (T, L, D) float32 without NaN: the pose from its principal components.

        Windows do not overlap but for the last, which ends with the recording; where it overlaps, the mean is
        taken.

        Args:
            pose: (T, L, D), NaN where missing; any T of at least 1.
        """
        starts = window_starts(len(pose), self.window, self.window)
        windows = cut_windows(fill_gaps(pose, self.pose_mean), starts, self.window)
        centred = windows.reshape(len(starts), -1) - self.mean
        approximation = (centred @ self.components.T @ self.components + self.mean).reshape(windows.shape)
        total = np.zeros((starts[-1] + self.window, *pose.shape[1:]), dtype=np.float32)
        count = np.zeros((len(total), 1, 1), dtype=np.float32)
        for start, part in zip(starts, approximation, strict=True):
            total[start : start + self.window] += part
            count[start : start + self.window] += 1
        return (total / count)[: len(pose)]


def hold_mean_pose(pose: np.ndarray) -> np.ndarray:
    """Return (T, L, D): the recording's own mean pose in every frame.

    It knows each recording's posture and nothing of its motion. A model that is no better outputs a still
    picture.

    Args:
        pose: (T, L, D), NaN where missing; a landmark never observed is put at 0, where nothing is scored.
    """
    return np.broadcast_to(mean_pose([pose]), pose.shape).copy()


def _thin_out(starts: Sequence[np.ndarray], max_windows: int) -> list[np.ndarray]:
    """Return every k-th start, counted through all recordings, so that at most `max_windows` are left."""
    ends = np.cumsum([len(first) for first in starts])
    kept = np.arange(ends[-1]) % -(-ends[-1] // max_windows) == 0
    return [first[keep] for first, keep in zip(starts, np.split(kept, ends[:-1]), strict=True)]


def _principal_components(windows: np.ndarray, num_numbers: int) -> np.ndarray:
    """Return (k, d) of windows (n, d), k at most the rank that n centred windows can have."""
    limit = min(len(windows) - 1, windows.shape[1])
    if num_numbers > limit:
        _LOG.warning(
            "PCA must have more windows than numbers, but found %d windows for %d numbers. It keeps %d.",
            len(windows), num_numbers, limit,
        )  # fmt: skip
    if limit == 0:
        return np.zeros((0, windows.shape[1]), dtype=windows.dtype)
    from sklearn.decomposition import PCA

    return PCA(min(num_numbers, limit), random_state=0).fit(windows).components_
