"""Frame numbers that are times, or every n-th frame, and are read as they are."""

from collections.abc import Iterator, Sequence

import numpy as np

from htvae.config import DataConfig
from htvae.io.checks.finding import FolderFinding, Place
from htvae.io.checks.words import count_of, share
from htvae.io.formats.steps import StepGuess, guess_steps
from htvae.poses.sequence import PoseSequence

_ALONE = (
    "Number their frames 0, 1, 2, ..., or import these files by themselves with --time_unit {unit}: it would "
    "make times of the others' frame numbers."
)


def find_frame_units(
    sequences: Sequence[PoseSequence], times: frozenset[str], config: DataConfig
) -> Iterator[FolderFinding]:
    """Yield findings on frame numbers that are times, or every n-th frame.

    Args:
        sequences: the recordings.
        times: names of recordings whose format reads times.
        config: nothing is found where ``time_unit`` is given.
    """
    if config.time_unit != "frame":
        return
    guessed = [(sequence, guess) for sequence in sequences if (guess := _guess(sequence, times)) is not None]
    for unit in dict.fromkeys(guess.unit for _, guess in guessed):
        own = [(sequence, guess) for sequence, guess in guessed if guess.unit == unit]
        which = count_of(len(own), len(sequences), "recording")
        are_all = len(own) == len(sequences) or unit == "step"  # where there is no step it changes nothing
        usual = float(np.median([guess.step for _, guess in own]))
        yield FolderFinding(
            kind="frame_unit",
            message=f"Frame numbers must go up by 1, but go up by {usual:g} in {which}.",
            places=tuple(
                Place(
                    recording=sequence.name, detail=f"{share(_missing(sequence))} of the frames are missing"
                )
                for sequence, _ in own
            ),
            remedy=own[0][1].remedy if are_all else _ALONE.format(unit=unit),
            settings={"time_unit": unit} if are_all else {},
        )


def _guess(sequence: PoseSequence, times: frozenset[str]) -> StepGuess | None:
    seen = np.flatnonzero(sequence.observed.any(axis=1))
    guess = guess_steps(seen) if len(seen) < sequence.num_frames else None
    if guess is None or sequence.name in times:
        return guess
    if guess.unit != "step":  # only frames can be closed up
        return None if guess.other != "step" else guess._replace(unit="step", other=None)
    return guess._replace(other=None)


def _missing(sequence: PoseSequence) -> float:
    return 1 - float(sequence.observed.any(axis=1).mean())
