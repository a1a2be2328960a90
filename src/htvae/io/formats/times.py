"""From time stamps to frame numbers and a frame rate.

Cameras drop frames and their times shake: a step that is about a whole multiple of the usual one stands for
dropped frames, which leave a gap. Counts 0, 1, 2, ... in place of seconds tell no frame rate.
"""

from typing import NamedTuple

import numpy as np

COUNTED = "its times count frames instead of seconds, so that the frame rate is unknown"
UNORDERED = "its times do not grow, so that rows count as frames and the frame rate is unknown"
_LONGEST_GAP = 1e6
_LATEST = 2.0**53
_RATES = (1e-3, 1e6)


class FrameTimes(NamedTuple):
    """What time stamps say."""

    frames: np.ndarray
    """(T,) frame number of each row, growing."""
    fps: float | None
    """Frame rate (1/s), None where the times tell none."""
    note: str
    """What is unusual; empty for nothing."""


def frames_of_times(times: np.ndarray) -> FrameTimes:
    """Return the frame numbers of time stamps (T,) in seconds; the first is 0 unless they count frames."""
    rows = np.arange(len(times))
    if len(times) < 2:
        return FrameTimes(rows, None, "")
    if not (np.abs(times) < _LATEST).all() or (steps := np.diff(times)).min() <= 0:
        return FrameTimes(rows, None, UNORDERED)
    if (steps == np.round(steps)).all() and steps.min() == 1 and float(times[0]).is_integer():
        counts = np.maximum(times, 0).astype(np.int64)
        return FrameTimes(counts if times[0] >= 0 else rows, None, COUNTED)
    usual = np.median(steps)
    with np.errstate(over="ignore"):
        jumps = np.maximum(np.round(np.minimum(steps / usual, _LONGEST_GAP)), 1).astype(np.int64)
        fps = jumps.sum() / (times[-1] - times[0])
    frames = np.concatenate([[0], np.cumsum(jumps)])
    if not _RATES[0] <= fps <= _RATES[1]:
        return FrameTimes(frames, None, f"its times give {fps:.3g} frames per second, which cannot be")
    return FrameTimes(frames, float(f"{fps:.6g}"), "")
