"""Findings in words, from what an examination found."""

from collections.abc import Iterator

import numpy as np

from htvae.io.coordinates import to_file
from htvae.io.findings.axes import Upright
from htvae.io.findings.examination import Examination
from htvae.io.findings.finding import Finding, Kind
from htvae.io.findings.measures import Mask, group_by_spans, observed_in
from htvae.io.findings.presence import find_never_seen, find_one_sided, find_still
from htvae.io.findings.sentinels import Sentinel
from htvae.poses.geometry import runs_of
from htvae.poses.landmarks import mirror_permutation
from htvae.poses.sequence import PoseSequence


def describe_points(sequence: PoseSequence, found: Examination) -> Iterator[Finding]:
    """Yield the findings about points: lost, frozen, exchanged, or off their paths."""
    for sentinel in found.sentinels:
        yield _describe_sentinel(sequence, sentinel)
    yield from _describe_frozen(sequence, found)
    yield from _describe_swaps(sequence, found)
    if found.spikes.any():
        number = _count(int(found.spikes.sum()), "point")
        yield _of_mask(sequence, "spike", found.spikes, f"{number} far off the path for a moment")
    yield from _describe_jumps(sequence, found)


def describe_landmarks(sequence: PoseSequence, found: Examination) -> Iterator[Finding]:
    """Yield the findings about whole landmarks: never moving, never seen, hidden on one side."""
    kinds: tuple[tuple[Kind, list[int], str], ...] = (
        ("still", find_still(found.pose, found.size), "never moves"),
        ("never_seen", find_never_seen(sequence.pose), "has no point in any frame"),
        (
            "one_sided",
            find_one_sided(found.pose, sequence.landmarks),
            "is hardly ever seen, unlike the other side",
        ),
    )
    for kind, landmarks, detail in kinds:
        if landmarks:
            mask = np.zeros(sequence.observed.shape, dtype=bool)
            mask[:, landmarks] = True
            yield _of_mask(sequence, kind, mask, detail)


def describe_axes(sequence: PoseSequence, upright: Upright | None, are_shares: bool) -> Iterator[Finding]:
    """Yield the findings about coordinates: which way is up, and whether x and y have one unit."""
    everything = np.ones(sequence.observed.shape, dtype=bool)
    if upright is not None and upright.axis != 1:
        sign = "+" if upright.is_positive else "-"
        detail = f"bodies stand along {sign}z in {upright.share:.0%} of the frames that tell"
        yield _of_mask(sequence, "lying", everything, detail)
    elif upright is not None and not upright.is_positive:
        detail = f"upside down in {upright.share:.0%} of the frames that tell"
        yield _of_mask(sequence, "upside_down", everything, detail)
    if are_shares:
        yield _of_mask(sequence, "shares", everything, "x and y are shares (0..1) of an image")


def _describe_sentinel(sequence: PoseSequence, sentinel: Sentinel) -> Finding:
    value = to_file(np.array(sentinel.value), sequence.coordinates).tolist()
    place = ", ".join(f"{number:g}" for number in value)
    number = _count(int(sentinel.mask.sum()), "point")
    return _of_mask(sequence, "sentinel", sentinel.mask, f"{number} at exactly ({place})")


def _describe_frozen(sequence: PoseSequence, found: Examination) -> Iterator[Finding]:
    frozen = found.frozen
    if frozen.poses:
        mask = np.zeros(frozen.mask.shape, dtype=bool)
        for start, stop in frozen.poses:
            mask[start:stop] = True
        number = _count(int(mask[:, 0].sum()), "frame")
        yield _of_mask(sequence, "frozen", mask, f"the pose stands still to the digit in {number}")
    for spans, indices in group_by_spans(frozen.landmarks).items():
        mask = np.zeros(frozen.mask.shape, dtype=bool)
        for start, stop in spans:
            mask[start:stop, indices] = True
        number = _count(int(mask.any(axis=1).sum()), "frame")
        yield _of_mask(sequence, "frozen", mask, f"stands still to the digit in {number} while others move")
    if frozen.repeated:
        times = 1 / (1 - frozen.repeated)
        mask = np.ones(frozen.mask.shape, dtype=bool)
        detail = (
            f"{frozen.repeated:.0%} of the poses repeat the one before: each is written {times:.2g} times"
        )
        yield _of_mask(sequence, "repeated", mask, detail)


def _describe_swaps(sequence: PoseSequence, found: Examination) -> Iterator[Finding]:
    spans: dict[tuple[tuple[int, int], ...], list[tuple[int, int]]] = {}
    for swap in found.swaps:
        spans.setdefault(swap.pairs, []).append((swap.start, swap.stop))
    for pairs, own in spans.items():
        mask = np.zeros(sequence.observed.shape, dtype=bool)
        for start, stop in own:
            mask[start:stop, [index for pair in pairs for index in pair]] = True
        number = _count(int(mask.any(axis=1).sum()), "frame")
        which = "all" if 2 * len(pairs) == _count_sided(sequence) else str(len(pairs))
        noun = "pair" if which == "1" else "pairs"
        yield _of_mask(sequence, "swap", mask, f"left and right of {which} {noun} exchanged in {number}")


def _describe_jumps(sequence: PoseSequence, found: Examination) -> Iterator[Finding]:
    for spans, indices in group_by_spans(found.jumps.landmarks).items():
        mask = np.zeros(sequence.observed.shape, dtype=bool)
        for start, stop in spans:
            mask[start:stop, indices] = True
        yield _of_mask(sequence, "jump", mask, "jumps to another place and stays there")
    if found.jumps.cuts:
        mask = np.zeros(sequence.observed.shape, dtype=bool)
        mask[list(found.jumps.cuts)] = True
        detail = f"all landmarks jump together in {_count(len(found.jumps.cuts), 'frame')}"
        yield _of_mask(sequence, "cut", mask, detail)


def _of_mask(sequence: PoseSequence, kind: Kind, mask: Mask, detail: str) -> Finding:
    """Return a finding about the points of a mask (T, L)."""
    runs = runs_of(np.asarray(mask.any(axis=1)))
    first = sequence.first_frame
    observed = observed_in(sequence.pose)
    return Finding(
        kind=kind,
        landmarks=tuple(sequence.landmarks[index] for index in np.flatnonzero(mask.any(axis=0)).tolist()),
        spans=tuple((start + first, stop + first) for start, stop in runs),
        share=float(np.sum(mask & observed)) / max(float(np.sum(observed)), 1.0),
        detail=detail,
    )


def _count_sided(sequence: PoseSequence) -> int:
    return sum(own != other for own, other in enumerate(mirror_permutation(sequence.landmarks)))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
