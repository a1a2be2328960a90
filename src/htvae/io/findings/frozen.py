"""Frozen poses: spans of frames in which landmarks stand still to the digit while the recording moves.

- A person who stands still is not frozen: a tracker's noise moves every point.
- Two equal poses in a row are not frozen; some trackers copy the first two and the last two rows.
- Coordinates that are rounded coarsely repeat by chance: then a frozen span must be long, and end or begin
  with a jump.
- Motion by formula may pause to the digit: it slows down before, while a frozen pose stops at once.

Axes: T frames, L landmarks, D coordinates.
"""

from dataclasses import dataclass

import numpy as np

from htvae.io.findings.measures import Mask, Poses, Spans, length, observed_in, usual
from htvae.poses.geometry import runs_of

_MOST = 0.9
"""Least share (0..1) of the seen landmarks that stand still in a frozen pose."""
_LEAST_STEPS = 4
"""Fewest steps without movement of a frozen pose."""
_LEAST_HELD_STEPS = 8
"""Fewest steps without movement of a single frozen landmark."""
_LEAST_COARSE_STEPS = 12
"""Fewest steps without movement where coordinates repeat by chance."""
_COARSE = 0.02
"""Share (0..1) of a landmark's steps without movement above which its coordinates repeat by chance."""
_USUAL_RUNS = 3
"""Fewest steps without movement, in multiples of the usual run where poses are often repeated."""
_SLOWING = (0.55, 0.8)
"""Largest step at an end of a span, and largest step next to it, in multiples of the step farther outside, if
motion slows down before the span or speeds up after it."""
_SLOWEST = 0.05
"""Quantile of all steps of which the step at an end of a frozen span must reach half."""
_DIGITS = 3.0
"""Least step at an end of a frozen span, in multiples of the smallest step, which rounding makes."""
_COARSE_JUMP = 3.0
"""Least step at an end of a frozen span, in multiples of the usual step, if coordinates are coarse."""
_REPEATED_SHARE = 0.3
"""Least share (0..1) of copies of the pose before that counts as repeated poses."""


@dataclass(frozen=True, eq=False)
class Frozen:
    """What stands still to the digit, in indices of frames."""

    poses: Spans
    """Spans in which the whole pose stands still."""
    landmarks: dict[int, Spans]
    """Spans in which a single landmark stands still, without those of whole poses."""
    repeated: float
    """Share (0..1) of poses that are copies of the one before, where that happens again and again; else 0."""
    mask: Mask
    """Mask (T, L) of the points that are copies of the first point of their span."""


@dataclass(frozen=True, eq=False)
class _Steps:
    """Steps from frame to frame."""

    size: Poses
    """Distances (T - 1, L), NaN where a point is missing."""
    is_zero: Mask
    """Mask (T - 1, L) of steps without movement; landmarks that never move have none."""
    is_copy: Mask
    """Mask (T - 1,) of steps in which the pose stands still."""
    mean: Poses
    """Mean distances (T - 1,)."""
    digit: float
    """Smallest step of a landmark that moves, which rounding makes."""


def find_frozen(pose: Poses) -> Frozen:
    """Return the frozen spans of a pose (T, L, D) in exact coordinates."""
    mask = np.zeros(pose.shape[:2], dtype=bool)
    if len(pose) <= _LEAST_STEPS:
        return Frozen((), {}, 0.0, mask)
    steps = _measure_steps(pose)
    runs = runs_of(steps.is_copy)
    poses = tuple((start, stop + 1) for start, stop in runs if _is_frozen(steps, start, stop, runs))
    for start, stop in poses:
        mask[start + 1 : stop] = steps.is_zero[start : stop - 1]
    landmarks = _find_held(steps, mask)
    for index, spans in landmarks.items():
        for start, stop in spans:
            mask[start + 1 : stop, index] = True
    return Frozen(poses, landmarks, _measure_repeats(steps, runs, poses), mask)


def _measure_steps(pose: Poses) -> _Steps:
    size = length(np.diff(pose, axis=0))
    is_known = ~np.isnan(size)
    is_zero = size == 0
    always = is_zero.sum(axis=0) >= _MOST * np.maximum(is_known.sum(axis=0), 1)
    moves = is_known & ~always
    is_zero &= ~always
    num_known = moves.sum(axis=1)
    enough = num_known >= max(1, min(3, np.quantile(observed_in(pose).sum(axis=1), 0.5) / 2))
    is_copy = enough & (is_zero.sum(axis=1) >= _MOST * num_known)
    total = np.where(moves, size, 0).sum(axis=1)
    mean = np.where(num_known > 0, total / np.maximum(num_known, 1), np.nan)
    digit = float(size[size > 0].min(initial=np.inf))
    return _Steps(size, is_zero, is_copy, mean, digit)


def _is_frozen(steps: _Steps, start: int, stop: int, runs: list[tuple[int, int]]) -> bool:
    """Return whether a run of steps without movement is a frozen pose."""
    usual_run = 0.0
    if len(runs) * 40 > len(steps.mean):
        usual_run = float(np.quantile([stop - start for start, stop in runs], 0.9))
    if stop - start < max(_LEAST_STEPS, _USUAL_RUNS * usual_run):
        return False
    other = ~steps.is_copy
    chance = steps.is_zero[other].sum() / max(np.count_nonzero(~np.isnan(steps.size[other])), 1)
    return _ends_abruptly(steps.mean, start, stop, steps.digit, chance > _COARSE)


def _ends_abruptly(size: Poses, start: int, stop: int, digit: float, is_coarse: bool) -> bool:
    """Return whether movement stops or begins at once at an end of a run of steps without movement.

    Args:
        size: distances (T - 1,).
        start: first step of the run.
        stop: step after the run.
        digit: smallest distance, which rounding makes.
        is_coarse: whether coordinates repeat by chance.
    """
    moving = size[size > 0]
    if not len(moving):
        return False
    least = max(float(np.quantile(moving, _SLOWEST)) / 2, _DIGITS * digit)
    if is_coarse:
        if stop - start < _LEAST_COARSE_STEPS:
            return False
        least = _COARSE_JUMP * float(usual(moving))
    outside = (size[:start][::-1][:3], size[stop:][:3])
    return any(len(steps) and not _is_gentle(steps, least) for steps in outside)


def _is_gentle(steps: Poses, least: float) -> bool:
    """Return whether up to three steps, the first next to a pause, are a slow beginning of motion."""
    near, far, farther = np.pad(steps, (0, 3 - len(steps)), constant_values=np.nan)
    is_slowing = near < _SLOWING[0] * far and not far > _SLOWING[1] * farther
    return bool(near < least or is_slowing)


def _find_held(steps: _Steps, mask: Mask) -> dict[int, Spans]:
    """Return the spans in which single landmarks stand still, outside of frozen poses."""
    is_zero = steps.is_zero & ~mask[1:] & ~steps.is_copy[:, None]
    held: dict[int, Spans] = {}
    for index in np.flatnonzero(is_zero.sum(axis=0) >= _LEAST_HELD_STEPS).tolist():
        runs = [run for run in runs_of(is_zero[:, index]) if run[1] - run[0] >= _LEAST_HELD_STEPS]
        size, in_runs = steps.size[:, index], np.zeros(len(is_zero), dtype=bool)
        for start, stop in runs:
            in_runs[start:stop] = True
        chance = np.mean(is_zero[~in_runs, index]) if not in_runs.all() else 1.0
        spans = [
            (start, stop + 1)
            for start, stop in runs
            if _ends_abruptly(size, start, stop, steps.digit, bool(chance > _COARSE))
        ]
        if spans:
            held[index] = tuple(spans)
    return held


def _measure_repeats(steps: _Steps, runs: list[tuple[int, int]], poses: Spans) -> float:
    """Return the share of copies, where they come at least as often as every twelfth frame."""
    in_frozen = sum(stop - start for start, stop in poses)
    others = len(steps.mean) - in_frozen
    copies = np.count_nonzero(steps.is_copy) - in_frozen + len(poses)
    often = (len(runs) - len(poses)) * 12 > others > 0
    share = float(copies / others) if others > 0 else 0.0
    return share if often and share >= _REPEATED_SHARE else 0.0
