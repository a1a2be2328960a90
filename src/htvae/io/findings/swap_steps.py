"""Steps at which left/right pairs change places, judged by the paths before and after.

- A pair is seen as the vector from the right partner to the left one, so that the motion of the whole body
  does not matter. An exchange turns the vector round within one frame; exchanged back, it goes on smoothly.
- In a spin or a cartwheel seen from the front, partners pass each other within few frames, and the vector
  turns round too. But it goes on smoothly if sides are *not* exchanged: exchanged, it would bounce.
- What decides is the bend of the vector's path (second differences), with and without the exchange, summed
  over the pairs that take part, each in multiples of its usual bend.
- A swap of one or two frames bends the same path twice, so neighbouring steps are judged together.

Axes: T frames, P pairs, D coordinates.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from htvae.io.findings.measures import Poses, length, usual
from htvae.poses.geometry import runs_of

_USUAL = 0.75
"""Quantile of a pair's jumps that counts as usual: it holds if sides are exchanged every few frames."""
_OWN_EVIDENCE = 1.5
"""Least bend (multiples of the usual bend) that the exchange removes of each pair that takes part."""
_MOST_EVIDENCE = 12.0
"""Bend of a pair (multiples of the usual bend) above which more makes no difference."""
_FLIP_COST = 3.0
"""Bend that each further exchange must remove where neighbouring steps are judged together."""
_SHARED = 0.5
"""Largest bend of the partners' middle, as a share of the bend of the vector between them: where one partner
alone leaves its path, both bend alike."""
_MOST_TOGETHER = 8
"""Most neighbouring steps that are judged together."""
_TINY = 1e-30


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a change of sides must show."""

    jump_size: float
    """Least jump (body sizes) of a pair."""
    largest_jump: float
    """Least jump (body sizes) of one of the pairs that are exchanged together."""
    jump_ratio: float
    """Least jump of a pair, in multiples of its usual jump."""
    remainder: float
    """Largest share of the jump that may remain after the exchange."""
    bend: float
    """Largest share of the bend that may remain after the exchange."""
    evidence: float
    """Least bend that exchanges remove, in multiples of the usual bend, summed over pairs."""


CERTAIN = Limits(jump_size=0.15, largest_jump=0.25, jump_ratio=2.0, remainder=0.6, bend=0.35, evidence=8.0)
"""Limits of a certain change. A spin of less than 75 degrees per frame leaves more of the bend."""
LIKELY = Limits(jump_size=0.1, largest_jump=0.15, jump_ratio=1.5, remainder=0.7, bend=0.55, evidence=5.0)
"""Limits of a likely change, which counts only where a certain one lacks its counterpart."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """The paths of left/right pairs."""

    across: Poses
    """(T, P, D) from the right partner to the left one, NaN where one is missing."""
    shared: Poses
    """(T, P, D) sum of both partners' places."""
    straight: Poses
    """(T - 1, P) jump of the pair if sides are kept."""
    crossed: Poses
    """(T - 1, P) jump of the pair if sides are exchanged."""
    usual_jump: Poses
    """(P,)."""
    usual_bend: Poses
    """(P,)."""
    size: float
    """Size of the body."""

    @classmethod
    def measure(cls, left: Poses, right: Poses, size: float) -> "Pairs":
        """Measure the paths of left and right partners (T, P, D); ``size`` is the body's."""
        across = left - right
        straight = length(np.diff(across, axis=0))
        return cls(
            across=across,
            shared=left + right,
            straight=straight,
            crossed=length(across[1:] + across[:-1]),
            usual_jump=np.nan_to_num(usual(straight, _USUAL)),
            usual_bend=usual(_bend(across), _USUAL),
            size=size,
        )


def find_changes(pairs: Pairs, limits: Limits) -> Poses:
    """Return the evidence (T - 1, P) that a pair changes places at a step; 0 where it does not."""
    least = np.maximum(limits.jump_size * pairs.size, limits.jump_ratio * pairs.usual_jump)
    candidates = (pairs.straight > least) & (pairs.crossed < limits.remainder * pairs.straight)
    is_large = candidates & (pairs.straight > limits.largest_jump * pairs.size)
    found = np.zeros_like(pairs.straight)
    for start, stop in runs_of(candidates.any(axis=1)):
        if not is_large[start:stop].any():
            continue
        for step, gain in _explain(pairs, start, stop, limits):
            if (is_large[step] & (gain > 0)).any():
                found[step] = np.where(candidates[step], gain, 0)
    return found


def _explain(pairs: Pairs, start: int, stop: int, limits: Limits) -> Iterator[tuple[int, Poses]]:
    """Yield the steps of start .. stop that exchange sides so that paths bend least, with the evidence (P,).

    Yields nothing where no exchange explains the steps.
    """
    if stop - start > _MOST_TOGETHER:
        return
    first, last = max(start - 1, 0), stop + 2
    across = pairs.across[first:last]
    bend = _bend(across)
    bends_alone = np.nansum(bend, axis=0) * _SHARED < np.nansum(_bend(pairs.shared[first:last]), axis=0)
    scale = np.maximum(pairs.usual_bend, _TINY)
    before = bend / scale
    best: tuple[int, ...] = ()
    best_score, evidence = 0.0, np.zeros(len(scale))
    for steps in _subsets(range(start, stop)):
        after = _bend(_exchange(across, [step - first for step in steps])) / scale
        gain = np.nansum(np.minimum(before, _MOST_EVIDENCE) - np.minimum(after, _MOST_EVIDENCE), axis=0)
        gain = np.where((gain >= _OWN_EVIDENCE) & ~bends_alone, gain, 0)
        remains = np.nansum(after[:, gain > 0]) <= limits.bend * np.nansum(before[:, gain > 0])
        score = float(gain.sum()) - _FLIP_COST * (len(steps) - 1)
        if remains and score >= limits.evidence and score > best_score:
            best_score, best, evidence = score, steps, gain
    yield from ((step, evidence) for step in best)


def _subsets(steps: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Yield the non-empty subsets of steps, small ones first."""
    for number in range(1, len(steps) + 1):
        yield from itertools.combinations(steps, number)


def _exchange(across: Poses, steps: Sequence[int]) -> Poses:
    """Return the path with sides exchanged from each step to the next."""
    sign = np.ones(len(across))
    for step in steps:
        sign[step + 1 :] *= -1
    return across * sign[:, None, None]


def _bend(path: Poses) -> Poses:
    """Return the lengths of second differences (T - 2, P)."""
    return length(np.diff(path, 2, axis=0))
