"""Landmarks that never move, that are never seen, or that are seen on one side only.

Axes: T frames, L landmarks, D coordinates.
"""

from collections.abc import Sequence

import numpy as np

from htvae.io.findings.measures import Poses, length, observed_in
from htvae.poses.landmarks import mirror_permutation

_STILL = 2e-5
"""Largest range (body sizes) of a still landmark, which rounding may cause."""
_LEAST_FRAMES = 30
"""Fewest observed frames of a landmark that may be called still."""
_SEEN = 0.5
"""Least share (0..1) of the frames in which one side is seen, where the other is hidden."""
_HIDDEN = 0.05
"""Largest share (0..1) of the frames in which the hidden side is seen."""
_NEAR = 3.0
"""Largest distance (body sizes) of the origin from the body's middle in a pose centred on a landmark."""


def find_still(points: Poses, size: float) -> list[int]:
    """Return the landmarks that never move, among those seen in at least `_LEAST_FRAMES` frames.

    A landmark at the origin is not one of them, if the body is centred on it.

    Args:
        points: (T, L, D), without lost points.
        size: size of the body.
    """
    observed = observed_in(points)
    low = np.where(observed[..., None], points, np.inf).min(axis=0)
    high = np.where(observed[..., None], points, -np.inf).max(axis=0)
    still = ((high - low).max(axis=-1) <= _STILL * size) & (observed.sum(axis=0) >= _LEAST_FRAMES)
    is_origin = (low == 0).all(axis=-1) & (high == 0).all(axis=-1)
    if (still & is_origin).any() and _is_centred(points[:, ~is_origin], size):
        still &= ~is_origin
    found: list[int] = np.flatnonzero(still).tolist()
    return found


def find_never_seen(pose: Poses) -> list[int]:
    """Return the landmarks without any point."""
    never: list[int] = np.flatnonzero(~observed_in(pose).any(axis=0)).tolist()
    return never


def find_one_sided(pose: Poses, landmarks: Sequence[str]) -> list[int]:
    """Return the landmarks that are hardly ever seen, although their left/right partners often are."""
    seen = observed_in(pose).mean(axis=0)
    partner = mirror_permutation(landmarks)
    hidden = (seen <= _HIDDEN) & (seen > 0) & (seen[partner] >= _SEEN)
    found: list[int] = np.flatnonzero(hidden).tolist()
    return found


def _is_centred(others: Poses, size: float) -> bool:
    """Return whether the origin lies within the body in most frames."""
    others = others[observed_in(others).any(axis=1)]
    if not len(others):
        return True
    return bool(np.median(length(np.nanmedian(others, axis=1))) < _NEAR * size)
