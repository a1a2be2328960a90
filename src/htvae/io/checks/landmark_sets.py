"""Landmarks over all recordings: those that no recording shows, and recordings that share none."""

from collections.abc import Iterator, Sequence

import numpy as np

from htvae.io.checks.finding import FolderFinding, Place
from htvae.io.checks.words import count, count_of, list_some
from htvae.io.landmarks import read_pairs
from htvae.poses.sequence import PoseSequence


def list_unseen(sequences: Sequence[PoseSequence]) -> list[str]:
    """Return the landmarks without a point in any recording, in order of appearance."""
    names = dict.fromkeys(name for sequence in sequences for name in sequence.landmarks)
    for sequence in sequences:
        for index in np.flatnonzero(sequence.observed.any(axis=0)).tolist():
            names.pop(sequence.landmarks[index], None)
    return list(names)


def find_never_seen(sequences: Sequence[PoseSequence]) -> Iterator[FolderFinding]:
    """Yield a finding on landmarks without a point in any recording."""
    names = list_unseen(sequences)
    if not names:
        return
    yield FolderFinding(
        kind="never_seen",
        message=(
            f"A landmark should be seen, but {list_some(names, 10)} {'has' if len(names) == 1 else 'have'} "
            "no point in any recording."
        ),
        remedy=(
            "Models are trained without it. If the tracker sees it, export the files again; else --drop it."
        ),
    )


def find_disjoint(sequences: Sequence[PoseSequence], rename: Sequence[str] = ()) -> Iterator[FolderFinding]:
    """Yield a finding where recordings fall into groups without a common landmark.

    Args:
        sequences: the recordings.
        rename: pairs OLD=NEW that other findings propose.
    """
    new_name = read_pairs(rename)
    groups: list[tuple[set[str], list[str]]] = []
    for sequence in sequences:
        own = {new_name.get(name, name) for name in sequence.landmarks}
        members = [sequence.name]
        apart = []
        for landmarks, names in groups:
            if landmarks.isdisjoint(own):
                apart.append((landmarks, names))
            else:
                own, members = own | landmarks, names + members
        groups = [*apart, (own, members)]
    if len(groups) < 2:
        return
    groups.sort(key=lambda group: -len(group[1]))
    yield FolderFinding(
        kind="disjoint_landmarks",
        message=(
            f"Recordings must share landmarks, but fall into {count(len(groups), 'group')} "
            "without a common one."
        ),
        details=tuple(
            f"{count(len(names), 'recording')} ({list_some(names, 3)}): {list_some(sorted(own), 8)}"
            for own, names in groups
        ),
        places=tuple(Place(recording=name) for _, names in groups[1:] for name in names),
        remedy=(
            "If these are the same points, give them one name with --rename OLD=NEW; if not, train on each "
            "group alone."
        ),
    )


def find_mixed_dimensions(sequences: Sequence[PoseSequence]) -> Iterator[FolderFinding]:
    """Yield a finding where some recordings have two coordinates and some three."""
    flat = [sequence.name for sequence in sequences if sequence.pose.shape[2] == 2]
    if not flat or len(flat) == len(sequences):
        return
    few = flat if 2 * len(flat) <= len(sequences) else [s.name for s in sequences if s.pose.shape[2] == 3]
    yield FolderFinding(
        kind="mixed_dimensions",
        message=(
            "Recordings must have equally many coordinates, but "
            f"{count_of(len(flat), len(sequences), 'recording')} have two and the others three."
        ),
        places=tuple(Place(recording=name) for name in few),
        remedy="Read x and y only, with --dimensions 2, or train on each kind alone.",
        settings={"dimensions": 2},
    )
