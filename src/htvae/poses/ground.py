"""The ground under a moving body: the height at which its lowest landmark comes to rest again and again.

- A generated path is the sum of velocities that a model predicts for every frame, so small errors add up.
- Along the ground nobody sees these errors, but people who rise or sink look wrong.
- So generated motion must stay on one level if the recordings do.

Axes: ``T`` frames, ``L`` landmarks, ``D`` coordinates, of which the second points upwards.
"""

from collections.abc import Iterable

import numpy as np

from htvae.poses.geometry import fill_gaps, observed_points

STEP_SECONDS = 2.0
"""Time (s) within which some foot touches the ground, even when a person jumps or runs."""
CONTACT_SECONDS = 0.15
"""Time (s) for which a foot touches the ground even in running. What lies lower for less than half of it is a
tracker's spike."""
LEAST_STEPS = 3
"""Shortest recording (in multiples of STEP_SECONDS) that is long enough to measure the ground."""
USUAL_RATE = 30.0
"""Frame rate (1/s) that is assumed where none is known."""


def find_ground(places: np.ndarray, fps: float | None) -> np.ndarray:
    """Return the height (T,) of the ground: the lowest height of any landmark around each frame, smoothed.

    Spikes are left out by a running median.

    Args:
        places: (T, L, D) without gaps, the path included.
        fps: frame rate (1/s). None: `USUAL_RATE`.
    """
    from scipy.ndimage import median_filter, minimum_filter1d, uniform_filter1d

    width, contact = _step_frames(fps), round(CONTACT_SECONDS * (fps or USUAL_RATE)) | 1
    lowest = median_filter(places[..., 1].min(axis=1), contact, mode="nearest")
    least = minimum_filter1d(lowest, width, mode="nearest")
    ground: np.ndarray = uniform_filter1d(least, width, mode="nearest")
    return ground


def measure_ground_range(recordings: Iterable[tuple[np.ndarray, np.ndarray, float | None]]) -> float:
    """Return the range of the ground's height within a recording, highest minus lowest, in torso lengths.

    The result is the 95th percentile over recordings, since a few may show stairs, or people who approach a
    camera that looks down. It is infinite if no recording is long enough to measure the ground.

    Args:
        recordings: for each recording its pose (T, L, D) around its path, the path (T, D), and the frame rate
            (1/s).
    """
    ranges = []
    for pose, path, fps in recordings:
        filled = fill_gaps(pose, observed_points(pose))
        seen = filled[:, ~np.isnan(filled).any(axis=(0, 2))]
        if seen.shape[1] and len(seen) >= LEAST_STEPS * _step_frames(fps):
            ranges.append(np.ptp(find_ground(seen + path[:, None], fps)))
    return float(np.quantile(ranges, 0.95)) if ranges else np.inf


def level_path(pose: np.ndarray, path: np.ndarray, fps: float | None, most: float) -> np.ndarray:
    """Return the path with its ground's height kept within a range of about ``most``; its start is unchanged.

    Args:
        pose: (T, L, D) in torso lengths around the path.
        path: (T, D) in torso lengths.
        fps: frame rate (1/s). None: `USUAL_RATE`.
        most: largest range (torso lengths). Infinite: the path is returned unchanged.
    """
    if np.isinf(most):
        return path
    ground = find_ground(pose + path[:, None], fps)
    excess = 1 - min(1.0, most / max(float(np.ptp(ground)), 1e-9))
    onset = np.minimum(np.arange(len(path)) / _step_frames(fps), 1)  # keeps the first velocity
    levelled = path.copy()
    levelled[:, 1] -= excess * onset * (ground - ground[0])
    return levelled


def _step_frames(fps: float | None) -> int:
    return max(1, round(STEP_SECONDS * (fps or USUAL_RATE)))
