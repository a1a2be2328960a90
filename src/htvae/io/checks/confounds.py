"""Columns that give the label away: every camera, or every session, has recordings of one label only.

A classifier of the label may then learn the camera instead of the motion.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from htvae.io.checks.finding import FolderFinding
from htvae.io.checks.words import count, list_some
from htvae.poses.sequence import PoseSequence
from htvae.utils.text import shorten

_LEAST_CHANCE = 0.01
"""Probability by chance above which nothing is said: too few recordings tell nothing."""


def find_confounds(sequences: Sequence[PoseSequence]) -> Iterator[FolderFinding]:
    """Yield a finding for each column of the manifest of which every value has one label only.

    Subjects are counted instead of recordings where they are known, since a subject may have one label, and a
    value (an age) one subject.
    """
    labelled = [sequence for sequence in sequences if sequence.label is not None]
    columns = dict.fromkeys(column for sequence in labelled for column in sequence.covariates)
    for column in columns:
        cells = {
            (sequence.covariates[column], str(sequence.label), sequence.subject or sequence.name)
            for sequence in labelled
            if column in sequence.covariates and not _is_own_file(column, sequence)
        }
        labels_of: dict[str, Counter[str]] = {}
        for value, label, _ in cells:
            labels_of.setdefault(value, Counter())[label] += 1
        if _gives_away(labels_of):
            yield FolderFinding(
                kind="confounded_label",
                message=(
                    f"A label should be seen with several values of {shorten(column)}, but each of the "
                    f"{count(len(labels_of), 'value')} has one label: {_list_values(labels_of)}."
                ),
                remedy=(
                    f"What predicts the label may tell the {shorten(column)} instead: record labels with "
                    f"several values of it, or judge with --probe label --probe_groups {shorten(column)}."
                ),
            )


def _is_own_file(column: str, sequence: PoseSequence) -> bool:
    """Return whether the column only says which individuals come from one file."""
    return column == "session" and sequence.name.startswith(f"{sequence.covariates[column]}/")


def _gives_away(labels_of: dict[str, Counter[str]]) -> bool:
    """Return whether each value has one label, which chance does not explain."""
    labels: Counter[str] = sum(labels_of.values(), Counter())
    if len(labels) < 2 or len(labels_of) < 2 or any(len(own) > 1 for own in labels_of.values()):
        return False
    chance = 1.0
    for own in labels_of.values():
        (number,) = own.values()
        chance *= sum((part / labels.total()) ** number for part in labels.values())
    return chance < _LEAST_CHANCE and max(own.total() for own in labels_of.values()) > 1


def _list_values(labels_of: dict[str, Counter[str]]) -> str:
    return list_some(f"{shorten(value)} ({next(iter(own))})" for value, own in sorted(labels_of.items()))
