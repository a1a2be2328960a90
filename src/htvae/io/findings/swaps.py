"""Left and right exchanged for a while: from where to where, and which landmarks.

- A swap begins at a step at which partners jump to each other's place (`swap_steps`), and lasts until they
  jump back, or to an end of the recording. Of the two explanations, the one with fewer swapped frames counts.
- A jump back may be hard to see: while a partner is missing, while the two lie close together, or in noise.
  Where a certain change lacks its counterpart, a likely one is taken.
- Where most pairs are exchanged, the others, which lie too close together to tell, are exchanged with them.

Axes: T frames, L landmarks, P pairs, D coordinates.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from htvae.io.findings.measures import Mask, Poses, length
from htvae.io.findings.swap_steps import CERTAIN, LIKELY, Pairs, find_changes
from htvae.poses.landmarks import mirror_permutation

_UNSEEN_COST = 1
"""Swapped frames that a change of sides without evidence of its own must save."""
_SAME = 1
"""Largest difference (frames) between spans of pairs that are exchanged together."""
_INDIFFERENT = 0.25
"""Largest jump (body sizes) by which an exchange may worsen a step of a pair that lies close together."""
_MOST = 0.5
"""Least share (0..1) of the pairs that must be exchanged together to take the others with them."""


Values = TypeVar("Values", bound=npt.NDArray[Any])


@dataclass(frozen=True)
class Swap:
    """Sides that are exchanged in the frames start .. stop."""

    start: int
    stop: int
    pairs: tuple[tuple[int, int], ...]
    """Indices of the exchanged landmarks."""
    is_open: bool
    """Whether only one end is seen: the other is the recording's."""
    is_whole: bool
    """Whether most pairs are exchanged."""


def find_swaps(pose: Poses, landmarks: Sequence[str], size: float) -> list[Swap]:
    """Return the swaps of a pose (T, L, D), in order; ``size`` is the body's."""
    sides = [(i, j) for i, j in enumerate(mirror_permutation(landmarks)) if i < j]
    if len(pose) < 3 or not sides or size == 0:
        return []
    left, right = (list(side) for side in zip(*sides, strict=True))
    pairs = Pairs.measure(pose[:, left], pose[:, right], size)
    certain = find_changes(pairs, CERTAIN) > 0
    if not certain.any():
        return []
    certain |= _find_counterparts(certain, pairs)
    against = pairs.crossed > pairs.straight + _INDIFFERENT * size
    spans = [_find_spans(certain, against, pairs.across[:, place], place) for place in range(len(sides))]
    return _join(spans, against, sides)


def unswap(pose: Values, swaps: Sequence[Swap]) -> Values:
    """Return values (T, L, ...) with the sides of all swaps exchanged back."""
    pose = pose.copy() if swaps else pose
    for swap in swaps:
        left, right = (list(side) for side in zip(*swap.pairs, strict=True))
        span = pose[swap.start : swap.stop]
        span[:, left + right] = span[:, right + left]
    return pose


def _find_counterparts(certain: Mask, pairs: Pairs) -> Mask:
    """Return the likeliest further change (T - 1, P) of each pair with an odd number of certain changes."""
    found = np.zeros_like(certain)
    odd = certain.sum(axis=0) % 2 == 1
    if odd.any():
        evidence = np.where(certain, 0, find_changes(pairs, LIKELY))
        step = evidence.argmax(axis=0)
        place = np.arange(len(odd))
        found[step, place] = odd & (evidence[step, place] > 0)
    return found


def _find_spans(certain: Mask, against: Mask, across: Poses, pair: int) -> list[tuple[int, int]]:
    """Return the spans in which one pair is exchanged: as few frames as its changes allow.

    Args:
        certain: (T - 1, P) whether a pair changes places at a step.
        against: (T - 1, P) whether an exchange would make a pair jump.
        across: (T, D) from the right partner to the left one.
        pair: index of the pair.
    """
    own = certain[:, pair]
    if not own.any():
        return []
    unseen = certain.any(axis=1) & ~against[:, pair] & ~own
    events = [(int(step) + 1, bool(own[step])) for step in np.flatnonzero(own | unseen)]
    events += [(frame, False) for frame in _changes_in_gaps(across)]
    return _least_swapped(sorted(events), len(across))


def _least_swapped(events: Sequence[tuple[int, bool]], num_frames: int) -> list[tuple[int, int]]:
    """Return the spans between changes of sides that leave the fewest frames swapped.

    Args:
        events: frame, and whether the change of sides is certain there; otherwise it may be left out.
        num_frames: length of the recording.
    """
    costs: dict[bool, tuple[int, list[int]]] = {False: (0, []), True: (0, [0])}  # by whether it is swapped
    before = 0
    for frame, is_certain in [*events, (num_frames, False)]:
        passed = frame - before
        stayed = {swapped: (cost + passed * swapped, at) for swapped, (cost, at) in costs.items()}
        changed = {not swapped: (cost, [*at, frame]) for swapped, (cost, at) in stayed.items()}
        if is_certain:
            costs = changed
        else:
            turned = {own: (cost + _UNSEEN_COST, at) for own, (cost, at) in changed.items()}
            costs = {own: min(stayed[own], turned[own]) for own in (False, True)}
        before = frame
    edges = costs[False][1]
    return [(start, stop) for start, stop in zip(edges[::2], edges[1::2], strict=True) if start < stop]


def _changes_in_gaps(across: Poses) -> list[int]:
    """Return the frames after gaps across which a pair (T, D) seems to change places."""
    frame = np.flatnonzero(~np.isnan(across[:, 0]))
    known = across[frame]
    turned = length(known[1:] + known[:-1]) < length(np.diff(known, axis=0)) / 2
    found: list[int] = frame[1:][(np.diff(frame) > 1) & turned].tolist()
    return found


def _join(
    spans: Sequence[Sequence[tuple[int, int]]], against: Mask, sides: Sequence[tuple[int, int]]
) -> list[Swap]:
    """Return the spans of all pairs, those of pairs that are exchanged together as one."""
    remaining = Counter(span for own in spans for span in own)
    swaps = []
    while remaining:
        start, stop = max(remaining, key=lambda span: (remaining[span], -span[0]))
        near = [own for own in remaining if abs(own[0] - start) <= _SAME and abs(own[1] - stop) <= _SAME]
        members = {place for place, own in enumerate(spans) if any(span in near for span in own)}
        edges = [frame - 1 for frame in (start, stop) if 0 < frame <= len(against)]
        indifferent = set(np.flatnonzero(~against[edges].any(axis=0)).tolist()) - members
        is_whole = len(members) >= _MOST * len(sides)
        chosen = tuple(sides[place] for place in sorted(members | indifferent if is_whole else members))
        swaps.append(Swap(start, stop, chosen, start == 0 or stop > len(against), is_whole))
        for own in near:
            del remaining[own]
    return sorted(swaps, key=lambda swap: (swap.start, swap.stop))
