"""Repairs of what an examination found in one recording: sides exchanged back, wrong points made missing.

Each kind of fault is repaired only when asked for. A repair never invents a position.

Axes: T frames, L landmarks, D coordinates.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from htvae.io.findings.examination import Examination, examine
from htvae.io.findings.swaps import Swap, unswap
from htvae.poses.sequence import PoseSequence

KINDS = ("sentinels", "frozen", "swaps", "spikes")
"""Kinds of faults that can be repaired, in the order of their repair."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One repair in a recording, for the log."""

    recording: str
    kind: str
    landmarks: tuple[str, ...]
    first_frame: int
    """First frame of the source that was changed."""
    last_frame: int
    """Last frame of the source that was changed."""
    points: int
    """Number of points that were changed."""
    what: str
    """What was done."""


@dataclass(frozen=True, eq=False)
class Repair:
    """The repaired recording, and how each of its points came about."""

    sequence: PoseSequence
    source: npt.NDArray[np.intp]
    """(T, L) landmark of the file whose point stands here now; itself where nothing changed."""
    removed: npt.NDArray[np.bool_]
    """(T, L) points that went missing."""
    changes: tuple[Change, ...]


def repair_recording(sequence: PoseSequence, kinds: Sequence[str]) -> Repair:
    """Repair the kinds of faults that are asked for.

    - swaps: the sides are exchanged back where both ends are seen, or most pairs are exchanged.
    - sentinels, frozen, spikes: the points become missing; of a frozen span the first frame stays.

    Args:
        sequence: the recording.
        kinds: some of `KINDS`.
    """
    found = examine(sequence)
    own = np.tile(np.arange(len(sequence.landmarks), dtype=np.intp), (sequence.num_frames, 1))
    source = unswap(own, _certain_swaps(found)) if "swaps" in kinds else own
    removed = _find_removed(found, kinds, own)
    removed &= ~np.isnan(sequence.pose[..., 0])
    kept = np.where(removed[..., None], np.float32(np.nan), sequence.pose)
    pose = np.take_along_axis(kept, source[..., None], axis=1)
    changes = tuple(sorted(_list_changes(sequence, found, kinds, own), key=lambda change: change.first_frame))
    return Repair(replace(sequence, pose=pose), source, np.take_along_axis(removed, source, axis=1), changes)


def _find_removed(
    found: Examination, kinds: Sequence[str], own: npt.NDArray[np.intp]
) -> npt.NDArray[np.bool_]:
    """Return the points (T, L) of the file that go missing, in the file's own order of landmarks."""
    removed = np.zeros(own.shape, dtype=bool)
    if "sentinels" in kinds:
        for sentinel in found.sentinels:
            removed |= sentinel.mask
    if "frozen" in kinds:
        removed |= found.frozen.mask
    if "spikes" in kinds:
        removed |= _spikes_of_file(found, own)
    return removed


def _certain_swaps(found: Examination) -> list[Swap]:
    """Return the swaps whose frames are certain: of a single pair with one end alone they are not."""
    return [swap for swap in found.swaps if swap.is_whole or not swap.is_open]


def _spikes_of_file(found: Examination, own: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """Return the spikes (T, L) in the file's order; they were found after sides had been exchanged back."""
    righted = unswap(own, found.swaps)
    spikes = np.zeros(own.shape, dtype=bool)
    np.put_along_axis(spikes, righted, found.spikes, axis=1)
    return spikes


def _list_changes(
    sequence: PoseSequence, found: Examination, kinds: Sequence[str], own: npt.NDArray[np.intp]
) -> Iterator[Change]:
    observed = sequence.observed
    if "sentinels" in kinds:
        for sentinel in found.sentinels:
            yield from _changes_of(
                sequence, "sentinels", sentinel.mask & observed, "made missing: lost points"
            )
    if "frozen" in kinds:
        yield from _changes_of(
            sequence, "frozen", found.frozen.mask & observed, "made missing: copies of the frame before"
        )
    if "swaps" in kinds:
        for swap in _certain_swaps(found):
            mask = np.zeros(observed.shape, dtype=bool)
            mask[swap.start : swap.stop, [index for pair in swap.pairs for index in pair]] = True
            yield from _changes_of(sequence, "swaps", mask & observed, "left and right exchanged back")
    if "spikes" in kinds:
        spikes = _spikes_of_file(found, own) & observed
        yield from _changes_of(sequence, "spikes", spikes, "made missing: far off the path")


def _changes_of(
    sequence: PoseSequence, kind: str, mask: npt.NDArray[np.bool_], what: str
) -> Iterator[Change]:
    """Yield a change for each run of frames in which points of the mask (T, L) were changed."""
    frames = np.flatnonzero(mask.any(axis=1))
    for run in np.split(frames, np.flatnonzero(np.diff(frames) > 1) + 1):
        if len(run):
            part = mask[run[0] : run[-1] + 1]
            yield Change(
                recording=sequence.name,
                kind=kind,
                landmarks=tuple(sequence.landmarks[i] for i in np.flatnonzero(part.any(axis=0))),
                first_frame=sequence.first_frame + int(run[0]),
                last_frame=sequence.first_frame + int(run[-1]),
                points=int(part.sum()),
                what=what,
            )
