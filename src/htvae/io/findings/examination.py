"""The examination of one recording's poses: what is wrong with which points.

Each step looks at what the steps before it left: lost points first, then frozen spans, swaps, spikes, jumps.

Axes: T frames, L landmarks.
"""

from dataclasses import dataclass

from htvae.io.findings.frozen import Frozen, find_frozen
from htvae.io.findings.jumps import Jumps, find_jumps
from htvae.io.findings.measures import Mask, Poses, compute_body_size
from htvae.io.findings.sentinels import Sentinel, find_sentinels, without
from htvae.io.findings.spikes import find_spikes
from htvae.io.findings.swaps import Swap, find_swaps, unswap
from htvae.poses.sequence import PoseSequence


@dataclass(frozen=True, eq=False)
class Examination:
    """What a recording's poses show, in indices of frames and landmarks."""

    pose: Poses
    """(T, L, D) without lost points."""
    size: float
    """Size of the body, in the pose's unit."""
    sentinels: list[Sentinel]
    frozen: Frozen
    swaps: list[Swap]
    spikes: Mask
    """(T, L), in the landmarks' order after swaps are exchanged back."""
    jumps: Jumps


def examine(sequence: PoseSequence) -> Examination:
    """Return what a recording's poses show."""
    sentinels = find_sentinels(sequence.pose)
    pose = without(sequence.pose, [sentinel.mask for sentinel in sentinels])
    size = compute_body_size(pose)
    frozen = find_frozen(pose)
    moving = without(pose, [frozen.mask])
    swaps = find_swaps(moving, sequence.landmarks, size)
    righted = unswap(moving, swaps)
    spikes = find_spikes(righted, size)
    jumps = find_jumps(without(righted, [spikes]), size)
    return Examination(pose, size, sentinels, frozen, swaps, spikes, jumps)
