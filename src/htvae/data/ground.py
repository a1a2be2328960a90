"""The ground under a moving body: where its lowest landmark comes to rest, again and again.

A path is the sum of what a model says of every frame's velocity, so small errors add up. Along the ground
nobody sees it, but people who float up or sink in do not look like people: where recordings stay on one
level, so must motion that is made.

Axes: ``T`` frames, ``L`` landmarks, ``D`` coordinates, of which the second points upwards.
"""

from collections.abc import Sequence

import numpy as np

from htvae.data.geometry import fill_gaps, observed_points
from htvae.data.processing import ProcessedSequence

STEP_SECONDS = 2.0
"""Within so long some foot stands, even of those who jump or run."""
USUAL_RATE = 30.0
"""Frames per second that are assumed where no rate is known."""


def find_ground(places: np.ndarray, fps: float | None) -> np.ndarray:
    """Return the height (T,) of the ground: the least height of any landmark around each frame, smoothed.

    Args:
        places: (T, L, D) without gaps, the path included.
        fps: frames per second.
    """
    from scipy.ndimage import minimum_filter1d, uniform_filter1d

    width = round(STEP_SECONDS * (fps or USUAL_RATE))
    least = minimum_filter1d(places[..., 1].min(axis=1), width, mode="nearest")
    ground: np.ndarray = uniform_filter1d(least, width, mode="nearest")
    return ground


def measure_ground_range(processed: Sequence[ProcessedSequence], num_landmarks: int) -> float:
    """Return from how low to how high the ground lies within a recording, torso lengths, median over them."""
    ranges = []
    for p in processed:
        pose = p.pose[:, :num_landmarks]
        pose = fill_gaps(pose, observed_points(pose))
        seen = pose[:, ~np.isnan(pose).any(axis=(0, 2))]
        if seen.shape[1]:
            path = (p.record.anchor - p.record.anchor[0]) / p.record.unit
            ranges.append(np.ptp(find_ground(seen + path[:, None], p.record.fps)))
    return float(np.median(ranges)) if ranges else np.inf


def level_path(pose: np.ndarray, path: np.ndarray, fps: float | None, most: float) -> np.ndarray:
    """Return a path whose ground rises and falls by ``most`` at the utmost; it begins as it did.

    Args:
        pose: (T, L, D) in torso lengths around the path.
        path: (T, D) in torso lengths.
        fps: frames per second.
        most: torso lengths.
    """
    ground = find_ground(pose + path[:, None], fps)
    excess = 1 - min(1.0, most / max(float(np.ptp(ground)), 1e-9))
    levelled = path.copy()
    levelled[:, 1] -= excess * (ground - ground[0])
    return levelled
