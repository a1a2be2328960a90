"""A chain of two states: how likely the second one is in each frame, given all frames.

Axes: ``T`` frames.
"""

import math
from collections.abc import Iterable

import numpy as np


def compute_log_odds(evidence: np.ndarray, changes: np.ndarray, change_cost: float) -> np.ndarray:
    """Return the logarithm (T,) of p(second state) / p(first state) in each frame, given all frames.

    The chain is in the first state before the first frame and after the last one. It is computed by
    messages forward and backward in time.

    Args:
        evidence: (T,) log p(frame | second state) - log p(frame | first state), nats.
        changes: (T,) log p(step | another state) - log p(step | same state) of the step into each frame,
            nats; the first number has no meaning.
        change_cost: nats that each change of state costs.

    Source: Rabiner 1989, "A tutorial on hidden Markov models", section III A (alpha and beta), as log odds.
    """
    costs = changes - change_cost
    forward = _pass_messages(evidence, costs, -change_cost)
    backward = _pass_messages(evidence[::-1], np.append(0.0, costs[:0:-1]), -change_cost)[::-1]
    odds: np.ndarray = forward + evidence + backward
    return odds


def _pass_messages(evidence: np.ndarray, costs: np.ndarray, start: float) -> np.ndarray:
    """Return the log odds (T,) that arrive at each frame from the frames before it."""
    messages, odds = np.empty(len(evidence)), start
    pairs: Iterable[tuple[float, float]] = zip(evidence.tolist(), costs.tolist(), strict=True)
    for frame, (own, cost) in enumerate(pairs):
        if frame:
            odds = _log_add(odds, cost) - _log_add(0.0, odds + cost)
        messages[frame] = odds
        odds += own
    return messages


def _log_add(a: float, b: float) -> float:
    """Return log(exp(a) + exp(b))."""
    return max(a, b) + math.log1p(math.exp(-abs(a - b)))
