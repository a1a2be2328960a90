"""Frame numbers of tables, as several formats have them: plain numbers, every n-th number, or times.

- `number_frames` gives each row its frame number, by the setting ``time_unit``.
- `check_frames` checks plain numbers.
- `htvae.io.formats.steps` recognises numbers that are meant in another way.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats.steps import common_step, guess_steps
from htvae.io.pose_rows import LARGEST_FRAME

MOST_RATE = 1e6
"""Frame rates (1/s), and seconds per frame, are below this."""
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
"""Seconds of each unit of time."""

_Numbers = npt.NDArray[np.float64]


class FrameNumbers(NamedTuple):
    """Frame numbers, and what times say of the frame rate."""

    frames: npt.NDArray[np.int64]
    """(rows,)."""
    fps: float | None = None
    """Frame rate (1/s) that times give, None where the numbers are no times, or too close to be any."""
    step: int = 1
    """Frames of the video from one number to the next; a rate that the file states is divided by it."""


def number_frames(values: np.ndarray, config: ReadingConfig, shown: str) -> FrameNumbers:
    """Return the frame number of each row, as ``time_unit`` says.

    Args:
        values: (rows,) numbers in the file, each once, in any order.
        config: ``time_unit`` and ``max_frame_gap``.
        shown: name of the file in messages.

    Raises:
        DataError: numbers that cannot be frame numbers, or times that cannot be.
    """
    if config.time_unit in SECONDS:
        if not np.isfinite(values).all():
            row = int(np.flatnonzero(~np.isfinite(values))[0]) + 1
            raise DataError([f"{shown}: times must be numbers, but row {row} has none. Fill it in."])
        numbered = frames_of_times(np.asarray(values, np.float64), SECONDS[config.time_unit])
        check_frames(numbered.frames, config, shown)
        return numbered
    if config.time_unit == "step" and (values % 1 == 0).all():
        step = common_step(values)
        check_frames(values // step, config, shown)
        return FrameNumbers((values // step).astype(np.int64), None, step)
    check_frames(values, config, shown)
    return FrameNumbers(values.astype(np.int64))


def frames_of_times(times: _Numbers, seconds: float) -> FrameNumbers:
    """Return frame numbers from 0, and the frame rate.

    A time follows the one before by one frame, or by as many as the usual step goes into the difference, so
    that neither uneven times nor rounded ones add up to lost frames. A rate such as 30 or 29.97 is given
    exactly if the times' rounding explains the difference.

    Args:
        times: (rows,) finite; equal times are one frame.
        seconds: seconds of the times' unit.
    """
    ordered, inverse = np.unique(times, return_inverse=True)
    if len(ordered) < 2:
        return FrameNumbers(np.zeros(len(times), np.int64))
    steps = np.diff(ordered)
    with np.errstate(over="ignore"):
        counts = np.minimum(np.maximum(np.round(steps / np.median(steps)), 1), LARGEST_FRAME / len(ordered))
    frames = np.concatenate([[0], np.cumsum(counts.astype(np.int64))])
    step = float(ordered[-1] - ordered[0]) / float(frames[-1]) * seconds
    tolerance = _resolution(ordered) * seconds / float(frames[-1])
    return FrameNumbers(frames[inverse], _round_rate(step, tolerance))


def check_frames(frames: np.ndarray, config: ReadingConfig, shown: str) -> None:
    """Raise DataError unless frames (rows,) are whole numbers, each once, without too long a gap."""
    whole = np.isfinite(frames) & (frames >= 0) & (frames == np.floor(frames)) & (frames < LARGEST_FRAME)
    if not whole.all():
        row = int(np.flatnonzero(~whole)[0])
        fault = f"frame numbers must be whole and at least 0, but row {row + 1} has {frames[row]:g}"
    elif len(np.unique(frames)) < len(frames):
        values, counts = np.unique(frames, return_counts=True)
        fault = f"a frame must have one row, but frame {values[counts.argmax()]:.0f} has {counts.max()}"
    elif (gap := np.diff(np.sort(frames)).max(initial=1) - 1) > config.max_frame_gap:
        fault = (
            f"frame numbers must not leave out more than max_frame_gap={config.max_frame_gap} in a row, but "
            f"leave out {gap:.0f}"
        )
    else:
        return
    raise DataError([f"{shown}: {fault}. {_remedy(frames)}"])


def _remedy(frames: np.ndarray) -> str:
    guess = guess_steps(frames)
    return "Number the frames 0, 1, 2, ..." if guess is None else guess.remedy


def _resolution(ordered: _Numbers) -> float:
    """Return the place value of the last digit that numbers (n,) have."""
    sample = ordered[:1000]
    for digits in range(7):
        scaled = sample * 10**digits
        if np.abs(scaled - np.round(scaled)).max() < 1e-6 * max(1.0, float(np.abs(scaled).max())):
            return float(10.0**-digits)
    return 1e-7


def _round_rate(step: float, tolerance: float) -> float | None:
    """Return the rate (1/s) of a step (s): a usual one if it lies within the tolerance (s) of the step.

    Steps that no recording has give no rate.
    """
    if not 1 / MOST_RATE < step < MOST_RATE:
        return None
    rate = 1 / step
    for usual in (round(rate), round(rate * 1.001) / 1.001):
        if usual >= 1 and abs(1 / usual - step) <= 1.001 * tolerance:
            return float(f"{usual:.5g}")
    return float(f"{rate:.6g}")
