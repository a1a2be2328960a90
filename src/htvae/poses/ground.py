"""The ground under a moving body: where its lowest landmark comes to rest, again and again.

A path is the sum of what a model says of every frame's velocity, so small errors add up. Along the ground
nobody sees it, but people who float up or sink in do not look like people: where recordings stay on one
level, so must motion that is made.

Axes: ``T`` frames, ``L`` landmarks, ``D`` coordinates, of which the second points upwards.
"""

from collections.abc import Iterable

import numpy as np

from htvae.poses.geometry import fill_gaps, observed_points

STEP_SECONDS = 2.0
"""Within so long some foot stands, even of those who jump or run."""
LEAST_STEPS = 3
"""A recording shorter than so many times this does not tell how level its ground is."""
USUAL_RATE = 30.0
"""Frames per second that are assumed where no rate is known."""


def find_ground(places: np.ndarray, fps: float | None) -> np.ndarray:
    """Return the height (T,) of the ground: the least height of any landmark around each frame, smoothed.

    Args:
        places: (T, L, D) without gaps, the path included.
        fps: frames per second. None: `USUAL_RATE`.
    """
    from scipy.ndimage import minimum_filter1d, uniform_filter1d

    width = _step_frames(fps)
    least = minimum_filter1d(places[..., 1].min(axis=1), width, mode="nearest")
    ground: np.ndarray = uniform_filter1d(least, width, mode="nearest")
    return ground


def measure_ground_range(recordings: Iterable[tuple[np.ndarray, np.ndarray, float | None]]) -> float:
    """Return how far, from low to high, the ground lies apart within a recording, in torso lengths.

    The 95th percentile over recordings, since a few may show stairs, or people who come towards a camera that
    looks down. Infinite where no recording is long enough to tell.

    Args:
        recordings: pose (T, L, D) around its path, path (T, D), and frames per second, of each.
    """
    ranges = []
    for pose, path, fps in recordings:
        filled = fill_gaps(pose, observed_points(pose))
        seen = filled[:, ~np.isnan(filled).any(axis=(0, 2))]
        if seen.shape[1] and len(seen) >= LEAST_STEPS * _step_frames(fps):
            ranges.append(np.ptp(find_ground(seen + path[:, None], fps)))
    return float(np.quantile(ranges, 0.95)) if ranges else np.inf


def level_path(pose: np.ndarray, path: np.ndarray, fps: float | None, most: float) -> np.ndarray:
    """Return a path whose ground lies no further than about ``most`` apart; it begins as it did.

    Args:
        pose: (T, L, D) in torso lengths around the path.
        path: (T, D) in torso lengths.
        fps: frames per second. None: `USUAL_RATE`.
        most: torso lengths. Infinite: the path stays as it is.
    """
    if np.isinf(most):
        return path
    ground = find_ground(pose + path[:, None], fps)
    excess = 1 - min(1.0, most / max(float(np.ptp(ground)), 1e-9))
    onset = np.minimum(np.arange(len(path)) / _step_frames(fps), 1)  # the first velocity stays what it was
    levelled = path.copy()
    levelled[:, 1] -= excess * onset * (ground - ground[0])
    return levelled


def _step_frames(fps: float | None) -> int:
    return max(1, round(STEP_SECONDS * (fps or USUAL_RATE)))
