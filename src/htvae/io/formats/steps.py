"""Frame numbers that are meant in another way: every n-th frame, or times.

- Numbers that go up by one are frames, and nothing is said of them.
- A constant step of 2 to 15 is every n-th frame; a larger one is a time if it gives a usual frame rate.
- Numbers without a step (frames in which nobody was seen are left out) tell nothing.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from htvae.config import TimeUnit

USUAL_RATES = (
    *(5, 6, 7.5, 8, 10, 12, 12.5, 15, 20, 23.976, 24, 25, 29.97, 30, 48, 50, 59.94, 60, 72, 75, 80, 90, 100),
    *(120, 125, 144, 150, 200, 240, 250, 300, 400, 500, 1000),
)
"""Frame rates (1/s) of cameras and of motion capture."""
WORDS: dict[TimeUnit, str] = {"s": "seconds", "ms": "milliseconds", "us": "microseconds"}

_NEAR = 0.025
"""Largest relative difference of a rate from a usual one."""
_LARGEST_STEP = 15
"""Largest step that is every n-th frame, even if it were a usual rate in milliseconds."""
_EVEN, _EVEN_SHARE = 0.25, 0.9
"""Largest deviation of a difference (in steps) from a whole number of steps, and how many must keep to it."""
_FEWEST = 4
"""Fewest numbers that tell a step."""


class StepGuess(NamedTuple):
    """What frame numbers seem to be."""

    unit: TimeUnit
    """step, or a unit of time."""
    step: float
    """Usual difference of a number from the one before."""
    other: TimeUnit | None = None
    """Unit that is possible, but less likely."""

    @property
    def fps(self) -> float | None:
        """Frame rate (1/s) if the numbers are times."""
        return None if self.unit == "step" else {"s": 1.0, "ms": 1e3, "us": 1e6}[self.unit] / self.step

    @property
    def remedy(self) -> str:
        """A sentence on the flag that reads the numbers."""
        if self.unit == "step":
            remedy = f"If only every {ordinal(round(self.step))} frame was kept, add --time_unit step"
        else:
            rate = f"{self.fps:.3g} frames per second"
            remedy = f"If these are {WORDS[self.unit]} ({rate}), add --time_unit {self.unit}"
        if self.other == "step":
            remedy += f"; if only every {ordinal(round(self.step))} frame was kept, --time_unit step"
        elif self.other is not None:
            remedy += f"; if these are {WORDS[self.other]}, --time_unit {self.other}"
        return f"{remedy}."


def guess_steps(numbers: np.ndarray) -> StepGuess | None:
    """Return what numbers (n,) seem to be; None for frame numbers and for numbers without a step."""
    known = np.unique(numbers[np.isfinite(numbers)]).astype(np.float64)
    if len(known) < _FEWEST:
        return None
    differences = np.diff(known)
    step = float(np.median(differences))
    if not (known == np.floor(known)).all():
        return _guess_fractions(step) if _is_even(differences, step) else None
    if step <= 1 or not _is_even(differences, step):
        return None
    if step >= 1000:
        return StepGuess("us", step) if step <= 5e5 else None
    is_constant = common_step(known) == step
    is_usual = min(abs(1000 / step / rate - 1) for rate in USUAL_RATES) <= _NEAR
    if is_constant and step <= _LARGEST_STEP:
        return StepGuess("step", step, "ms" if is_usual else None)
    if is_usual and step >= 4:
        return StepGuess("ms", step, "step" if is_constant else None)
    return StepGuess("step", step) if is_constant else None


def common_step(numbers: np.ndarray) -> int:
    """Return the largest number that all differences of whole numbers (n,) are multiples of, at least 1."""
    whole = np.unique(np.clip(numbers, -(2.0**53), 2.0**53)).astype(np.int64)
    return max(int(np.gcd.reduce(np.diff(whole))), 1) if len(whole) > 1 else 1


def describe_steps(guess: StepGuess, missing: float) -> str:
    """Return a note on numbers that are read as frame numbers, of which the share ``missing`` has no row."""
    return (
        f"frame numbers go up by {guess.step:.6g}, so that {missing:.0%} of the frames are missing. "
        f"{guess.remedy.rstrip('.')}"
    )


def ordinal(number: int) -> str:
    """Return 2nd, 3rd, 4th, ..."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number // 10 % 10 != 1 else "th"
    return f"{number}{ending}"


def _is_even(differences: npt.NDArray[np.float64], step: float) -> bool:
    """Return whether differences are whole numbers of steps, roughly."""
    if step <= 0:
        return False
    steps = differences / step
    return bool((np.abs(steps - np.maximum(np.round(steps), 1)) <= _EVEN).mean() >= _EVEN_SHARE)


def _guess_fractions(step: float) -> StepGuess | None:
    if 1e-3 <= step <= 0.5:
        return StepGuess("s", step)
    if 1 < step <= 500:
        return StepGuess("ms", step)
    return StepGuess("us", step) if 500 < step <= 5e5 else None
