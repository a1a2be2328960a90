"""Names that are spelled in several ways: landmarks, subjects, labels.

- Landmarks are compared as words, with their side first: ``LEFT_HIP``, ``left hip``, ``l_hip``, ``LeftHip``
  and ``lefthip`` are one landmark, unless one frame has points of both.
- Subjects, labels and other columns are compared without case, spaces, underscores and hyphens.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from htvae.config import ReadingConfig
from htvae.io.checks.finding import FolderFinding, Place
from htvae.io.checks.words import count, list_some
from htvae.io.landmarks import read_pairs
from htvae.poses.landmarks import canonical_name
from htvae.poses.sequence import PoseSequence
from htvae.utils.text import shorten

_SIGN = re.compile(r"(?<!\S)-(?=\.?[0-9])")
_BETWEEN_NUMBERS = re.compile(r"(?<=[0-9])[\s_-]+(?=[0-9])")
Spellings = Mapping[str, Counter[str]]
"""Spellings of each name, with the number of recordings that have them."""


def find_landmark_spellings(
    sequences: Sequence[PoseSequence], config: ReadingConfig
) -> Iterator[FolderFinding]:
    """Yield a finding where a landmark has several names, with the setting that joins them."""
    spelled = _group((name for s in sequences for name in s.landmarks), _landmark_key)
    several = {
        key: names for key, names in spelled.items() if len(names) > 1 and not _differ(names, sequences)
    }
    if not several:
        return
    final = {old: new for key, names in several.items() for old, new in _rename(key, names)}
    can_rename = not any("=" in name for pair in final.items() for name in pair)
    pairs = _compose(config.rename, final) if can_rename else ()
    yield FolderFinding(
        kind="landmark_spelling",
        message=(
            f"A landmark must have one name, but {count(len(several), 'has', 'have')} several, which differ "
            "in case, spaces or the word for the side."
        ),
        details=tuple(_describe(names, "recording") for names in several.values()),
        remedy=(
            "Join them by the --rename in the command below, or by --rename FILE with the columns from,to."
            if can_rename
            else "Spell them one way in the files."
        ),
        settings={"rename": pairs} if can_rename else {},
    )


def find_metadata_spellings(sequences: Sequence[PoseSequence]) -> Iterator[FolderFinding]:
    """Yield a finding for each column whose values differ in case, spaces, underscores or hyphens only."""
    columns: dict[str, list[tuple[str, str]]] = {"label": [], "subject": [], "label of frames": []}
    for s in sequences:
        columns["label"] += [(s.name, s.label)] if s.label is not None else []
        columns["subject"] += [(s.name, s.subject)] if s.subject is not None else []
        columns["label of frames"] += [(s.name, span.label) for span in s.frame_labels]
        for column, value in s.covariates.items():
            if column not in ("session", "individual"):  # as the trackers' files have them
                columns.setdefault(column, []).append((s.name, value))
    for column, values in columns.items():
        spelled = _group((value for _, value in values), _plain)
        several = {key: names for key, names in spelled.items() if len(names) > 1}
        if several:
            yield _metadata_finding(column, several, values)


def _metadata_finding(column: str, several: Spellings, values: Sequence[tuple[str, str]]) -> FolderFinding:
    rare = {name for names in several.values() for name, _ in names.most_common()[1:]}
    table = "frame_labels.csv" if column == "label of frames" else "manifest.csv"
    return FolderFinding(
        kind="metadata_spelling",
        message=(
            f"A {column} must be spelled one way, but {count(len(several), 'has', 'have')} several, which "
            "differ in case, spaces, underscores or hyphens."
        ),
        details=tuple(_describe(names, "row") for names in several.values()),
        places=tuple(Place(recording=name, detail=value) for name, value in values if value in rare),
        remedy=f"Spell it one way in {table}.",
    )


def _group(names: Iterable[str], key: Callable[[str], str]) -> dict[str, Counter[str]]:
    grouped: dict[str, Counter[str]] = {}
    for name in names:
        grouped.setdefault(key(name), Counter())[name] += 1
    return grouped


def _landmark_key(name: str) -> str:
    return canonical_name(name).replace("_", "")


def _plain(value: str) -> str:
    """Return a value in lower case without separators, but with signs of numbers, and marks between them."""
    marked = _BETWEEN_NUMBERS.sub("/", _SIGN.sub("~", value))
    return re.sub(r"[\s_-]+", "", marked).casefold()


def _differ(names: Iterable[str], sequences: Sequence[PoseSequence]) -> bool:
    """Return whether some frame has points of two of the names, so that they are different landmarks."""
    wanted = set(names)
    for sequence in sequences:
        places = [index for index, name in enumerate(sequence.landmarks) if name in wanted]
        if len(places) > 1 and (sequence.observed[:, places].sum(axis=1) > 1).any():
            return True
    return False


def _rename(key: str, names: Counter[str]) -> Iterator[tuple[str, str]]:
    """Yield the old and the new name of each spelling but the commonest; of equal ones the canonical."""
    kept = max(names, key=lambda name: (names[name], name == canonical_name(name)))
    yield from ((name, kept) for name in names if name != kept)


def _compose(rename: Sequence[str], final: Mapping[str, str]) -> tuple[str, ...]:
    """Return the pairs OLD=NEW of the settings, followed by those of ``final``."""
    given = read_pairs(rename)
    pairs = {old: final.get(new, new) for old, new in given.items()}
    pairs |= {old: new for old, new in final.items() if old not in given}
    return tuple(f"{old}={new}" for old, new in pairs.items())


def _describe(names: Counter[str], noun: str) -> str:
    return list_some((f"{shorten(name)} ({count(number, noun)})" for name, number in names.most_common()), 8)
