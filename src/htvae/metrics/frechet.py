"""How far a set of motions is from another: the Frechet distance between features of short windows.

Axes: ``n`` windows, ``W`` frames per window, ``L`` landmarks, ``D`` coordinates, ``F`` features.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from htvae.metrics.feature_space import FeatureSpace
from htvae.metrics.windows import cut_windows, fill_gaps, window_starts

WINDOW = 128
"""Frames per window: some four seconds of video, a few movements."""
_NUM_FREQUENCIES = 8
_NUM_REPEATS = 5


@dataclass(frozen=True)
class FrechetScore:
    """A Frechet distance beside what chance gives."""

    distance: float
    """Distance between the reference and the other set."""
    floor: float
    """Distance between two halves of the reference: sets of this size differ by it even if they are alike."""

    @property
    def excess(self) -> float:
        """Distance beyond the floor: about 0 where the sets are alike, by chance a little below."""
        return self.distance - self.floor


def pose_features(poses: Sequence[np.ndarray], fallback: np.ndarray, window: int = WINDOW) -> np.ndarray:
    """Return (n, F), the features of all windows of all poses, one after the other.

    Windows do not overlap but for the last of each recording, which ends with it. A shorter recording is one
    window that holds the last frame. Gaps are filled linearly.

    Args:
        poses: (T, L, D) each, NaN where missing.
        fallback: (L, D), where a landmark stands that a recording never shows.
        window: W, the same for all sets that are compared.
    """
    parts = []
    for pose in poses:
        starts = window_starts(len(pose), window, window)
        parts.append(window_features(cut_windows(fill_gaps(pose, fallback), starts, window)))
    return np.concatenate(parts)


def window_features(windows: np.ndarray) -> np.ndarray:
    """Return (n, F) fixed features, ``F = 11 * L * D``.

    Per landmark and coordinate: mean and standard deviation (torso lengths), mean magnitude of the velocity
    (torso lengths per frame), and the amplitudes (torso lengths) at 1 to 8 cycles per window. Amplitudes know
    how fast and how far, not when: the same movement begun elsewhere has the same features.

    Args:
        windows: (n, W, L, D) without gaps, W at least 17.
    """
    velocity = np.abs(np.diff(windows, axis=1)).mean(axis=1)
    spectrum = np.abs(np.fft.rfft(windows, axis=1))[:, 1 : _NUM_FREQUENCIES + 1] * (2 / windows.shape[1])
    parts = [windows.mean(axis=1), windows.std(axis=1), velocity, spectrum]
    return np.concatenate([part.reshape(len(windows), -1) for part in parts], axis=1).astype(np.float32)


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Return the Frechet distance between Gaussians fitted to two sets of features (in features squared).

    ``||m1 - m2||^2 + trace(S1 + S2 - 2 (S1^(1/2) S2 S1^(1/2))^(1/2))``, m being means and S covariances. A
    squared distance. It grows as sets get smaller, hence both must have the same size.

    Args:
        first: (n, F).
        second: (n, F).

    Returns:
        At least 0, computed in float64.

    Raises:
        ValueError: sets of different sizes, or of fewer than two rows.

    Source: Heusel et al., GANs Trained by a Two Time-Scale Update Rule (2017), equation 6.
    """
    if len(first) != len(second) or len(first) < 2:
        raise ValueError(
            f"frechet_distance must have two sets of one size, two rows at least, but got {len(first)} and "
            f"{len(second)} rows. Draw the same number from both."
        )
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    shift = first.mean(axis=0) - second.mean(axis=0)
    covariances = [np.atleast_2d(np.cov(rows, rowvar=False)) for rows in (first, second)]
    root = _symmetric_root(covariances[0])
    overlap = np.linalg.eigvalsh(root @ covariances[1] @ root)
    trace = np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * np.sqrt(overlap.clip(0)).sum()
    return float(max(shift @ shift + trace, 0.0))


def frechet_excess(reference: np.ndarray, other: np.ndarray, seed: int = 0) -> FrechetScore:
    """Return the distance of a set from real windows, beside the distance of real windows among themselves.

    Features are standardised and reduced to 32 principal components, both fitted to the reference. The
    reference is split at random into halves; distance is from one half to the other set, the floor from half
    to half, all of the same size; the mean over five splits is taken. What lies outside the components counts
    for nothing.

    Args:
        reference: (n, F) features of real windows, four at least.
        other: (m, F), two at least.
        seed: seed of the splits.

    Raises:
        ValueError: too few windows.
    """
    size = min(len(reference) // 2, len(other))
    if size < 2:
        raise ValueError(
            f"frechet_excess must have four reference windows and two others, but got {len(reference)} and "
            f"{len(other)}. Use more recordings or a shorter window."
        )
    space = FeatureSpace.fit(reference)
    real, drawn = space.project(reference), space.project(other)
    rng = np.random.default_rng(seed)
    distances, floors = [], []
    for _ in range(_NUM_REPEATS):
        order = rng.permutation(len(real))
        half = real[order[:size]]
        floors.append(frechet_distance(half, real[order[size : 2 * size]]))
        distances.append(frechet_distance(half, drawn[rng.permutation(len(drawn))[:size]]))
    return FrechetScore(distance=float(np.mean(distances)), floor=float(np.mean(floors)))


def _symmetric_root(matrix: np.ndarray) -> np.ndarray:
    """Return the symmetric square root of a positive semi-definite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(values.clip(0))) @ vectors.T
