"""Left and right exchanged, or time running backwards: how likely, in each frame, given the whole recording.

Two kinds of evidence meet in a chain of two states (as it is, and with the fault):

- the model: how much better it reconstructs the frame without the fault;
- time: where an exchange of sides begins or ends, partners jump to each other's place; where a stretch that
  runs backwards does, the whole body jumps. Between two such steps the state stays, however long it lasts,
  and even where a frame looks as natural either way.

Axes: ``T`` frames, ``L`` landmarks, ``N`` points, ``P`` pairs, ``D`` coordinates.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from htvae.inference.point_noise import DEGREES
from htvae.metrics.likelihoods import compute_student_nats
from htvae.metrics.two_states import compute_log_odds

CHANGE_COST = 6.0
"""Nats that each change of state costs: one in 400 frames, without evidence."""
MODEL_WEIGHT = 0.1
"""Weight of the model's evidence: neighbouring frames say much the same, so each counts less than one."""
LANDMARKS_WEIGHT = 3.0
"""Weight of the landmarks' mean evidence for a reversal beside that of the body's path."""
TIME_WEIGHT = 3.0
"""Number of landmarks' steps that the mean over them counts for: they move together."""
JUMP_NATS = 4.0
"""Mean nats of a step above which the whole body jumps; sound steps of the demo stay below."""
MOST_JUMP = 6.0
"""Most nats by which a jump speaks for a change: it makes one possible, and says no more."""


class PairSteps(NamedTuple):
    """How far the vector between partners moves since it was last seen, (T, P) each, NaN where unknown."""

    straight: np.ndarray
    """If the sides are kept."""
    crossed: np.ndarray
    """If the sides are exchanged."""
    gap: np.ndarray
    """Frames since the pair was last seen, at least 1."""


def measure_pair_steps(pose: np.ndarray, pairs: Sequence[tuple[int, int]]) -> PairSteps:
    """Return the steps of all pairs of a pose (T, L, D).

    Args:
        pose: positions, NaN where missing.
        pairs: indices of the partners, at least one pair.
    """
    left, right = (list(side) for side in zip(*pairs, strict=True))
    across = pose[:, left] - pose[:, right]
    seen = np.isfinite(across[..., 0])
    frames = np.arange(len(across))[:, None]
    last = np.maximum.accumulate(np.where(seen, frames, -1), axis=0)
    last = np.concatenate([np.full((1, len(pairs)), -1), last[:-1]])
    before = np.take_along_axis(across, np.maximum(last, 0)[..., None], axis=0)
    known = seen & (last >= 0)
    straight, crossed = (
        np.where(known, np.linalg.norm(step, axis=-1), np.nan) for step in (across - before, across + before)
    )
    return PairSteps(straight, crossed, np.where(known, frames - last, 1))


def compute_swap_odds(gain: np.ndarray, steps: PairSteps, usual_step: np.ndarray) -> np.ndarray:
    """Return the log odds (T,) that left and right are exchanged.

    Args:
        gain: (T, L) nats by which the model explains a point better with left and right exchanged, NaN where
            unknown.
        steps: steps of the pairs.
        usual_step: (P,) usual length of a pair's step.
    """
    scale = usual_step * steps.gap
    kept, exchanged = (
        compute_student_nats(length / scale, 2, DEGREES) for length in (steps.straight, steps.crossed)
    )
    changes = np.nan_to_num(kept - exchanged).sum(axis=1) / len(usual_step)
    return compute_log_odds(MODEL_WEIGHT * _mean_gain(gain), TIME_WEIGHT * changes, CHANGE_COST)


def compute_reversal_odds(gain: np.ndarray, acceleration: np.ndarray, num_landmarks: int) -> np.ndarray:
    """Return the log odds (T,) that time runs backwards.

    Args:
        gain: (T, N) nats by which the model explains a point better backwards in time, NaN where unknown.
        acceleration: (T, L) acceleration in multiples of each landmark's usual one, NaN where unknown.
        num_landmarks: L; further points are the body's velocity.
    """
    evidence = LANDMARKS_WEIGHT * _mean_gain(gain[:, :num_landmarks])
    if gain.shape[1] > num_landmarks:
        evidence = evidence + _mean_gain(gain[:, num_landmarks:])
    push = compute_student_nats(acceleration, 2, DEGREES)
    mean = np.nan_to_num(push).sum(axis=1) / np.maximum(np.isfinite(push).sum(axis=1), 1)
    jump = np.append(0.0, np.minimum(mean[1:], mean[:-1]))  # a step bends the path before and after it
    changes = np.minimum(TIME_WEIGHT * (jump - JUMP_NATS), MOST_JUMP)
    return compute_log_odds(MODEL_WEIGHT * evidence, changes, CHANGE_COST)


def _mean_gain(gain: np.ndarray) -> np.ndarray:
    """Return the mean (T,) over the points that the recording shows; one that is missing says nothing."""
    shown = max(int(np.isfinite(gain).any(axis=0).sum()), 1)
    mean: np.ndarray = np.nan_to_num(gain).sum(axis=1) / shown
    return mean
