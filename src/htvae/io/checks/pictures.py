"""A picture of doubtful recordings at their doubtful frames.

Axes: T frames, L landmarks.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from htvae.io.checks.report import FolderReport
from htvae.io.checks.words import frames as name_frames
from htvae.io.findings import Finding
from htvae.poses.sequence import PoseSequence
from htvae.poses.skeletons import named_edges, skeleton_edges
from htvae.utils.text import shorten

MOST_STRIPS = 12
"""Most strips of a picture: the kinds of findings take turns, the worst recording of each first."""
_COLUMNS = 9
_AROUND = 2
"""Frames shown before and after a doubtful span."""


def draw_findings(report: FolderReport, path: Path) -> bool:
    """Draw doubtful recordings (PNG); return False where no recording is doubtful."""
    sequences = {sequence.name: sequence for sequence in report.sequences}
    doubts = [(sequences[row.name], finding) for row in report.recordings for finding in row.findings]
    if not doubts:
        return False

    from htvae.plots.doubts import DoubtStrip, draw_doubts

    strips = []
    for sequence, finding in _take_turns(doubts):
        rows = _choose_frames(sequence, finding)
        strips.append(
            DoubtStrip(
                title=f"{shorten(sequence.name)}, {name_frames(_spans_in(sequence, finding))}",
                caption=shorten(f"{finding.kind.replace('_', ' ')}: {finding.detail}"),
                landmarks=sequence.landmarks,
                edges=_find_edges(sequence, report),
                pose=sequence.pose[rows],
                frames=(rows + sequence.first_frame).tolist(),
                doubted=_find_doubted(sequence, finding)[rows],
            )
        )
    draw_doubts(strips, path)
    return True


def _find_edges(sequence: PoseSequence, report: FolderReport) -> list[tuple[int, int]]:
    """Return the bones: those of ``skeleton.csv``, or those that the names tell."""
    return named_edges(sequence.landmarks, report.skeleton) or skeleton_edges(sequence.landmarks)


def _take_turns(
    doubts: Sequence[tuple[PoseSequence, Finding]],
) -> Iterator[tuple[PoseSequence, Finding]]:
    """Yield at most `MOST_STRIPS` doubts: the worst of each kind, then the second of each kind, ..."""
    kinds: dict[str, list[tuple[PoseSequence, Finding]]] = {}
    for sequence, finding in sorted(doubts, key=lambda doubt: -doubt[1].share):
        kinds.setdefault(finding.kind, []).append((sequence, finding))
    ranked = [
        (rank, place, own) for place, found in enumerate(kinds.values()) for rank, own in enumerate(found)
    ]
    yield from (own for _, _, own in sorted(ranked, key=lambda entry: entry[:2])[:MOST_STRIPS])


def _spans_in(sequence: PoseSequence, finding: Finding) -> list[tuple[int, int]]:
    """Return the finding's spans; the whole recording where it has none."""
    return list(finding.spans) or [(sequence.first_frame, sequence.first_frame + sequence.num_frames)]


def _find_doubted(sequence: PoseSequence, finding: Finding) -> np.ndarray:
    """Return the mask (T, L) of the finding's points."""
    frames = np.zeros(sequence.num_frames, dtype=bool)
    for start, stop in _spans_in(sequence, finding):
        frames[start - sequence.first_frame : stop - sequence.first_frame] = True
    own = np.array([name in finding.landmarks for name in sequence.landmarks])
    return np.asarray(frames[:, None] & (own if own.any() else ~own))


def _choose_frames(sequence: PoseSequence, finding: Finding) -> np.ndarray:
    """Return indices of frames: the longest span, with some frames before and after it."""
    spans = _spans_in(sequence, finding)
    start, stop = max(spans, key=lambda span: span[1] - span[0])
    first, length, total = start - sequence.first_frame, stop - start, sequence.num_frames
    columns = min(_COLUMNS, total)
    if length <= columns - 2 * _AROUND:
        shown = min(max(first - (columns - length) // 2, 0), total - columns)
        return np.arange(shown, shown + columns)
    before = np.arange(max(first - _AROUND, 0), first)
    after = np.arange(first + length, min(first + length + _AROUND, total))
    inside = columns - len(before) - len(after)
    middle = np.linspace(first, first + length - 1, inside).round().astype(int)
    return np.concatenate([before, middle, after])
