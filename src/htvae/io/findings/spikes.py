"""Spikes: points that leave the path of their landmark by a jump and come back within a few frames.

- A single spike is certain if it is very far off the path. Less far ones count where they are many, so that
  neither the length of a recording nor a sound tracker's noise matters.
- Frames in which a landmark is missing are skipped, a few at a time.

Axes: T frames, L landmarks, D coordinates.
"""

import numpy as np

from htvae.io.findings.measures import Mask, Poses, length, observed_in, usual

_CERTAIN = 2.0
"""Least distance (body sizes) from the path of a certain spike."""
_FAR = 0.5
"""Least distance (body sizes) of a spike where there are many."""
_RATIO = 4.0
"""Least distance of a spike from the path, in multiples of the landmark's usual distance."""
_MANY = 5
"""Fewest spikes that are many."""
_MANY_SHARE = 3e-3
"""Least share (0..1) of spikes among the points where they are many."""
_LONGEST = 5
"""Most points of a spike."""
_MOST_SKIPPED = 5
"""Most missing frames between the path before and after a spike."""
_OFF = 0.5
"""Largest distance between the path before and after a spike, as a share of the spike's distance."""


def find_spikes(pose: Poses, size: float) -> Mask:
    """Return the mask (T, L) of spikes; ``size`` is the body's."""
    observed = observed_in(pose)
    distance = np.zeros(pose.shape[:2])
    for index in range(pose.shape[1] if size > 0 else 0):
        frame = np.flatnonzero(observed[:, index])
        distance[frame, index] = _measure_excursions(pose[frame, index], frame, size)
    far = distance > 0
    num_spikes = np.count_nonzero(far[0]) + np.count_nonzero(far[1:] & ~far[:-1])
    if num_spikes >= max(_MANY, _MANY_SHARE * np.count_nonzero(observed)):
        return far
    return far & (distance >= _CERTAIN * size)


def _measure_excursions(path: Poses, frame: np.ndarray, size: float) -> Poses:
    """Return the distance (n,) from the path of points that leave it for a few frames; 0 elsewhere.

    Args:
        path: (n, D) observed points of a landmark.
        frame: (n,) their frames.
        size: size of the body.
    """
    found = np.zeros(len(path))
    if not (length(np.diff(path, axis=0)) > _FAR * size).any():
        return found
    for points in range(1, min(_LONGEST, len(path) - 2) + 1):
        before, after = path[: -points - 1], path[points + 1 :]
        inside = np.stack([path[1 + place : len(path) - points + place] for place in range(points)])
        weight = (np.arange(1, points + 1) / (points + 1)).reshape(-1, 1, 1)
        distance = length(inside - (before + (after - before) * weight)).min(axis=0)
        least = max(_FAR * size, _RATIO * float(usual(distance)))
        is_near = frame[points + 1 :] - frame[: -points - 1] <= points + 1 + _MOST_SKIPPED
        is_spike = is_near & (distance > np.maximum(least, length(after - before) / _OFF))
        for place in range(points):
            part = found[1 + place : len(path) - points + place]
            np.maximum(part, np.where(is_spike, distance, 0), out=part)
    return found
