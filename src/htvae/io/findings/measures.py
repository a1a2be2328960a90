"""Measures of poses on which all kinds of findings agree: the body's size, usual values, spans of frames.

Axes: T frames, L landmarks, D coordinates.
"""

from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Poses = npt.NDArray[np.floating]
"""Coordinates (T, L, D), NaN where a point is missing."""
Mask = npt.NDArray[np.bool_]
Spans = tuple[tuple[int, int], ...]
"""Frames from .. to, the last exclusive."""

USUAL = 0.9
"""Quantile that counts as the usual value: it holds even if a tenth of the frames are bad."""
_MOST_FRAMES = 4000
"""Most frames, evenly spread, by which the body's size is measured."""

_Name = TypeVar("_Name", bound=Hashable)


def length(vectors: Poses) -> Poses:
    """Return the lengths of vectors (..., D)."""
    return np.sqrt(np.einsum("...d,...d->...", vectors, vectors))


def observed_in(pose: Poses) -> Mask:
    """Return the mask (T, L) of observed points."""
    observed: Mask = ~np.isnan(pose[..., 0])
    return observed


def compute_body_size(pose: Poses) -> float:
    """Return the median distance between a point and the middle of its frame; 0 for a single landmark.

    The middle is the median of the frame's points, so that a few lost points do not matter.
    """
    if pose.shape[1] < 2:
        return 0.0
    pose = pose[:: -(-len(pose) // _MOST_FRAMES)]
    pose = pose[observed_in(pose).any(axis=1)]
    distance = length(pose - np.nanmedian(pose, axis=1, keepdims=True))
    return float(np.nanmedian(distance)) if len(pose) else 0.0


def usual(values: Poses, share: float = USUAL) -> Poses:
    """Return a quantile of each column; NaN, so that comparisons are False, for an empty one."""
    if not len(values):
        return np.full(values.shape[1:], np.nan)
    ordered = np.sort(values, axis=0)  # NaN last
    count = (~np.isnan(values)).sum(axis=0)
    place = np.maximum(share * (count - 1), 0).astype(np.intp)
    return np.take_along_axis(ordered, place[None], axis=0)[0]


def group_by_spans(spans: Mapping[_Name, Iterable[tuple[int, int]]]) -> dict[Spans, list[_Name]]:
    """Return the names that have the same spans, by these spans; names without spans are left out."""
    groups: dict[Spans, list[_Name]] = {}
    for name, own in spans.items():
        key = tuple(own)
        if key:
            groups.setdefault(key, []).append(name)
    return groups
