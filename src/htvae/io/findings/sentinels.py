"""Lost points that a tracker writes as one exact point: (0, 0), (-1, -1), -9999, 999, ...

- Such a point is reached by a jump, again and again, or by several landmarks in one frame.
- A landmark at the origin because the recording is centred on it is never left by a jump.
- Coordinates that are rounded coarsely repeat by chance; what counts is far more than that.

Axes: T frames, L landmarks, D coordinates.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from htvae.io.findings.measures import Mask, Poses, compute_body_size, length, observed_in, usual

_JUMP_SIZE = 0.25
"""Least jump (body sizes) to a lost point."""
_JUMP_RATIO = 4.0
"""Least jump to a lost point, in multiples of the lower quartile of all steps."""
_LEAST_RETURNS = 3
"""Fewest jumps to one exact point, if no other point is reached twice by a jump."""
_CHANCE_RATIO = 4
"""Further jumps that a sentinel needs for each time that other points are reached again by chance."""
_LEAST_SHARED = 3
"""Fewest landmarks that jump to one exact point in one frame."""
_JUMP_SHARE = 0.5
"""Least share (0..1) of a sentinel's runs that begin and end with a jump."""
_ALWAYS = 0.9
"""Share (0..1) of a landmark's points above which it is taken to lie there always."""
_FAR = 3.0
"""Least distance (body sizes) from the body's middle of a point at which a landmark lies always."""


@dataclass(frozen=True, eq=False)
class Sentinel:
    """An exact point that stands for lost points."""

    value: tuple[float, ...]
    """Coordinates."""
    mask: Mask
    """Mask (T, L) of the lost points."""


@dataclass(frozen=True, eq=False)
class _Runs:
    """Runs of frames in which a landmark stays at one exact point, one entry per run."""

    point: npt.NDArray[np.intp]
    """Identity of the exact point."""
    landmark: npt.NDArray[np.intp]
    start: npt.NDArray[np.intp]
    """First frame."""
    is_jumpy: Mask
    """Whether it begins and ends with a jump, as far as it has neighbours."""
    is_plain: Mask
    """Whether all coordinates are one whole number."""


def find_sentinels(points: Poses) -> list[Sentinel]:
    """Return the exact points that stand for lost points, the most frequent first.

    Args:
        points: (T, L, D); points that are equal in the file must be equal here.
    """
    size = compute_body_size(points)
    observed = observed_in(points)
    if size == 0 or not observed.any():
        return []
    key = _identify(points, observed)
    runs = _find_runs(points, key, size)
    found = []
    for point in _find_frequent(runs):
        mask = key == point
        mask[:, _stays(points, mask, observed, size)] = False
        if mask.any():
            found.append(Sentinel(tuple((points[mask][0] + 0.0).tolist()), mask))
    return sorted(found, key=lambda sentinel: -np.count_nonzero(sentinel.mask))


def without(pose: Poses, masks: list[Mask]) -> Poses:
    """Return the pose (T, L, D) with NaN where one of the masks (T, L) is True."""
    if not masks:
        return pose
    return np.where(np.logical_or.reduce(masks)[..., None], np.nan, pose)


def _identify(points: Poses, observed: Mask) -> npt.NDArray[np.intp]:
    """Return a number (T, L) for each point, the same for the same exact point; -1 where missing."""
    plain = np.ascontiguousarray(points[observed] + 0.0, np.float64)  # no -0
    packed = plain.view(np.uint64).reshape(plain.shape)
    mixed = np.zeros(len(plain), np.uint64)
    for column in packed.T:
        mixed = (mixed ^ column) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    key = np.full(observed.shape, -1, np.intp)
    key[observed] = np.unique(mixed, return_inverse=True)[1]
    return key


def _find_runs(points: Poses, key: npt.NDArray[np.intp], size: float) -> _Runs:
    """Return the runs of all landmarks; frames in which a landmark is missing are skipped."""
    landmark, frame = np.nonzero(key.T >= 0)
    point, place = key[frame, landmark], points[frame, landmark]
    begins = np.ones(len(point), dtype=bool)
    begins[1:] = (point[1:] != point[:-1]) | (landmark[1:] != landmark[:-1])
    start = np.flatnonzero(begins)
    own, place = landmark[start], place[start]
    step = length(place[1:] - place[:-1])
    step[own[1:] != own[:-1]] = np.nan
    least = max(_JUMP_SIZE * size, _JUMP_RATIO * float(np.nan_to_num(usual(step, 0.25))))
    before, after = np.concatenate(([np.nan], step)), np.concatenate((step, [np.nan]))
    is_jump = [(side > least) | np.isnan(side) for side in (before, after)]
    return _Runs(
        point=point[start],
        landmark=own,
        start=frame[start],
        is_jumpy=is_jump[0] & is_jump[1],
        is_plain=((place == place[:, :1]) & (place == np.round(place))).all(axis=1),
    )


def _find_frequent(runs: _Runs) -> Iterator[int]:
    """Yield the points that are reached by jumps more often than by chance, or by several landmarks at once.

    A landmark that never moves is one run without a jump. It counts if all its coordinates are one whole
    number, as (0, 0).
    """
    num_points = int(runs.point.max()) + 1
    alone = np.bincount(runs.landmark)[runs.landmark] == 1  # its landmark never moves
    all_runs = np.bincount(runs.point[~alone], minlength=num_points)
    jumpy = runs.is_jumpy & ~alone
    returns = np.bincount(runs.point[jumpy], minlength=num_points)
    _, index, shared = np.unique(
        np.stack((runs.point[jumpy], runs.start[jumpy])), axis=1, return_index=True, return_counts=True
    )
    most_shared = np.zeros(num_points, np.intp)
    np.maximum.at(most_shared, runs.point[jumpy][index], shared)
    ordered = np.sort(returns[returns > 0])
    by_chance = int(ordered[int(0.95 * (len(ordered) - 1))]) if len(ordered) > 2 else 1
    often = returns >= _LEAST_RETURNS + _CHANCE_RATIO * (by_chance - 1)
    is_sentinel = (often | (most_shared >= _LEAST_SHARED)) & (returns >= _JUMP_SHARE * all_runs)
    is_sentinel[runs.point[alone & runs.is_plain]] = True
    yield from np.flatnonzero(is_sentinel).tolist()


def _stays(points: Poses, mask: Mask, observed: Mask, size: float) -> Mask:
    """Return which landmarks (L,) lie at the point always and rightly: the body is centred on them."""
    always = mask.sum(axis=0) > _ALWAYS * observed.sum(axis=0)
    if not always.any():
        return always
    others = points[:: max(len(points) // 1000, 1)].copy()
    others[mask[:: max(len(points) // 1000, 1)]] = np.nan
    others = others[observed_in(others).any(axis=1)]
    if not len(others):
        return np.zeros_like(always)
    middle = np.nanmedian(others, axis=1)
    distance = float(np.median(length(middle - points[mask][0])))
    return always & (distance < _FAR * size)
