"""Splitting recordings into training, validation and test: whole subjects, in the order of a stable hash.

Recordings of one session (individuals of one file, or the manifest's column ``session``) stay together,
too. A split depends on subjects, sessions, lengths and ``split_seed``, but not on labels, the order of
recordings or the machine.
"""

import hashlib
import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from htvae.config import DataConfig
from htvae.poses.sequence import SPLITS, PoseSequence, content_hash
from htvae.utils.text import list_names

logger = logging.getLogger(__name__)

FEW_SUBJECTS = 6
"""Number of subjects below which a note warns that results depend on who was held out."""
TOLERATED_DEVIATION = 0.05
"""Largest deviation (share of all frames) from a split's wanted share that needs no note."""

_NUMBERED = re.compile(r"(?i)[a-z]*[ _-]?[0-9]+")
"""Names that a tracker gives by itself, such as individual1 or track_0: in another file they are others."""

Group = tuple[str, str]
"""Recordings to keep together: ("subject", name), ("session", name) where no subject is known, or
("recording", name) where neither is. Subjects that share a session are one group, named by the first."""


@dataclass(frozen=True, kw_only=True)
class Splits:
    """Names of the recordings of each split, sorted."""

    train: tuple[str, ...]
    val: tuple[str, ...]
    test: tuple[str, ...]
    hashes: dict[str, str]
    """`content_hash` of each recording, by name."""
    notes: tuple[str, ...] = ()
    """Warnings about the split for readers of the results."""

    def of(self, name: str, content_hash: str) -> str:
        """Return the split of a recording: "train", "val", "test", or "new" for one that was not split.

        The content decides: a renamed recording keeps its split, and other content under a known name is new.
        """
        known = name if self.hashes.get(name) == content_hash else self._name_of_content.get(content_hash)
        return "new" if known is None else self._split_of_name.get(known, "new")

    def of_all(self, content_hashes: Mapping[str, str]) -> dict[str, str]:
        """Return the split of each recording by name; warn of new content under known names."""
        split_of = {name: self.of(name, content) for name, content in content_hashes.items()}
        namesakes = [name for name, split in split_of.items() if split == "new" and name in self.hashes]
        if namesakes:
            logger.warning(
                "%d recordings count as new: their names are known from training, but their content has "
                "changed (%s). If they show the same motion as in training, results on them say nothing "
                "about new recordings.",
                len(namesakes),
                list_names(namesakes),
            )
        return split_of

    @cached_property
    def _name_of_content(self) -> dict[str, str]:
        return {content: name for name, content in self.hashes.items()}

    @cached_property
    def _split_of_name(self) -> dict[str, str]:
        return {name: split for split in SPLITS for name in getattr(self, split)}

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Splits":
        """Make splits from `to_dict`'s result."""
        plain: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
        return cls(**plain)


def split_recordings(
    sequences: Sequence[PoseSequence], config: DataConfig, content_hashes: Mapping[str, str] | None = None
) -> Splits:
    """Split recordings by subject, as close to the wanted shares of frames as whole subjects allow.

    - A recording without a subject counts as a subject.
    - A recording's own ``split`` takes precedence; other recordings of its subject follow it.
    - A split with a share above 0 gets at least one subject, as long as another subject is left for training.

    Args:
        sequences: recordings of different names.
        config: ``val_fraction``, ``test_fraction`` and ``split_seed``.
        content_hashes: `content_hash` by name. None: computed here.

    Raises:
        ValueError: no recordings, or two with the same name.
    """
    twice = sorted(name for name, count in Counter(s.name for s in sequences).items() if count > 1)
    if twice or not sequences:
        found = f"found twice: {list_names(twice)}" if twice else "there is none"
        raise ValueError(f"sequences must be recordings of different names, but {found}.")
    if content_hashes is None:
        content_hashes = {s.name: content_hash(s) for s in sequences}
    split_of = _assign_splits(sequences, config)
    notes = [
        *_note_shares(sequences, split_of, config),
        *_note_subjects(sequences, split_of),
        *_note_individuals(sequences),
        *_note_labels(sequences),
        *_note_copies(split_of, content_hashes),
    ]
    for note in notes:
        logger.warning(note)
    names = {split: tuple(sorted(n for n in split_of if split_of[n] == split)) for split in SPLITS}
    hashes = {name: content_hashes[name] for name in sorted(split_of)}
    return Splits(
        train=names["train"], val=names["val"], test=names["test"], hashes=hashes, notes=tuple(notes)
    )


def _find_groups(sequences: Sequence[PoseSequence]) -> dict[str, Group]:
    """Return the group of each recording, by name: what a subject or a session joins is one group."""
    joined: dict[Group, Group] = {}

    def root(group: Group) -> Group:
        while (above := joined.setdefault(group, group)) != group:
            group = above
        return group

    for sequence in sequences:
        first, *others = sorted(map(root, _marks(sequence)), reverse=True)  # subjects before sessions
        joined |= dict.fromkeys(others, first)
    names: dict[Group, Group] = {}
    for sequence in sequences:
        own, group = _marks(sequence)[0], root(_marks(sequence)[0])
        names[group] = min(names.get(group, own), own, key=lambda mark: (mark[0] != "subject", mark))
    return {sequence.name: names[root(_marks(sequence)[0])] for sequence in sequences}


def _marks(sequence: PoseSequence) -> list[Group]:
    """Return what holds a recording together with others: its subject and its session, or itself."""
    session = sequence.covariates.get("session")
    marks = [] if sequence.subject is None else [("subject", sequence.subject)]
    marks += [] if session is None else [("session", session)]
    return marks or [("recording", sequence.name)]


def _assign_splits(sequences: Sequence[PoseSequence], config: DataConfig) -> dict[str, str]:
    """Return the split of each recording, by name."""
    group_of = _find_groups(sequences)
    chosen = _fixed_groups(sequences, group_of)
    frames: Counter[Group] = Counter()
    held: Counter[str] = Counter()
    for s in sequences:
        group = group_of[s.name]
        split = s.split or chosen.get(group)
        if split:
            held[split] += s.num_frames
        else:
            frames[group] += s.num_frames
    total = sum(s.num_frames for s in sequences)
    free = sorted(frames, key=lambda group: _stable_order(group, config.split_seed))
    for split, share in (("test", config.test_fraction), ("val", config.val_fraction)):
        spare = len(free) if held["train"] else len(free) - 1
        if split == "test" and spare > 1 and config.val_fraction and not held["val"]:
            spare -= 1
        wanted = share * total - held[split]
        picked = _pick(free, frames, wanted, spare, at_least_one=share > 0 and not held[split])
        chosen |= dict.fromkeys(picked, split)
        free = [group for group in free if group not in picked]
    return {s.name: s.split or chosen.get(group_of[s.name], "train") for s in sequences}


def _fixed_groups(sequences: Sequence[PoseSequence], group_of: Mapping[str, Group]) -> dict[Group, str]:
    """Return the split of each group with a recording that names one; train wins over val, val over test."""
    given = {(group_of[s.name], s.split) for s in sequences if s.split}
    return {group: split for split in reversed(SPLITS) for group, own in given if own == split}


def _pick(
    groups: Sequence[Group], frames: Mapping[Group, int], wanted: float, spare: int, at_least_one: bool
) -> set[Group]:
    """Choose at most ``spare`` groups, in order, each of which brings the frames closer to ``wanted``."""
    picked: set[Group] = set()
    for group in groups:
        if len(picked) < spare and abs(wanted - frames[group]) < abs(wanted):
            picked.add(group)
            wanted -= frames[group]
    if not picked and at_least_one and spare > 0:
        picked.add(min(groups, key=frames.__getitem__))
    return picked


def _stable_order(group: Group, seed: int) -> bytes:
    return hashlib.blake2b(repr((seed, group)).encode(), digest_size=16).digest()


def _note_shares(
    sequences: Sequence[PoseSequence], split_of: Mapping[str, str], config: DataConfig
) -> Iterator[str]:
    frames: Counter[str] = Counter()
    for s in sequences:
        frames[split_of[s.name]] += s.num_frames
    empty = [split for split in SPLITS if not frames[split]]
    if empty:
        kind = "recording" if all(s.subject is None for s in sequences) else "subject"
        num_groups = len(set(_find_groups(sequences).values()))
        ending = "" if num_groups == 1 else "s"
        yield f"Nothing is left for {' and '.join(empty)} ({num_groups} {kind}{ending} in all)."
    if any(s.split for s in sequences):
        return
    for split, wanted in (("val", config.val_fraction), ("test", config.test_fraction)):
        share = frames[split] / frames.total()
        if frames[split] and abs(share - wanted) > TOLERATED_DEVIATION:
            yield f"{split} holds {share:.0%} of the frames, not {wanted:.0%}: subjects stay whole."


def _note_subjects(sequences: Sequence[PoseSequence], split_of: Mapping[str, str]) -> Iterator[str]:
    splits_of: dict[Group, set[str]] = {}
    for s in sequences:
        for mark in _marks(s):
            splits_of.setdefault(mark, set()).add(split_of[s.name])
    for kind in ("subject", "session"):
        own = {name: splits for (of, name), splits in splits_of.items() if of == kind}
        divided = sorted(name for name, splits in own.items() if len(splits) > 1)
        if divided:
            placed = list_names(f"{name} ({_join_splits(own[name])})" for name in divided)
            yield (
                f"A {kind} must be in one split, but of {len(own)} these are in several: {placed}. "
                "Results will look too good: correct the column split of manifest.csv."
            )
        if kind == "subject" and 1 < len(own) < FEW_SUBJECTS:
            yield f"There are only {len(own)} subjects: results depend on who is held out."


def _note_individuals(sequences: Sequence[PoseSequence]) -> Iterator[str]:
    """Note names of individuals that occur in several sessions, if nobody says that they are the same."""
    sessions_of: dict[str, set[str]] = {}
    for s in sequences:
        name, session = s.covariates.get("individual"), s.covariates.get("session")
        if s.subject is None and name and session and not _NUMBERED.fullmatch(name):
            sessions_of.setdefault(name, set()).add(session)
    repeated = sorted(name for name, sessions in sessions_of.items() if len(sessions) > 1)
    if repeated:
        yield (
            f"{list_names(repeated)}: individuals of these names occur in several sessions. If they are the "
            "same ones, say so by the column subject of manifest.csv; else sessions alone are held out."
        )


def _note_labels(sequences: Sequence[PoseSequence]) -> Iterator[str]:
    """Note where every subject has one label and every label belongs to one subject."""
    pairs = {(s.label, s.subject) for s in sequences if s.label is not None and s.subject is not None}
    labels, subjects = {label for label, _ in pairs}, {subject for _, subject in pairs}
    if len(pairs) == len(labels) == len(subjects) > 1:
        yield (
            f"A label must be shared by subjects, but each of the {len(subjects)} subjects has its own: "
            "labels cannot be told apart from subjects, and held-out labels are not trained on. "
            "Correct label and subject in manifest.csv, or do not score the label."
        )


def _note_copies(split_of: Mapping[str, str], content_hashes: Mapping[str, str]) -> Iterator[str]:
    copies: dict[str, list[str]] = {}
    for name in sorted(split_of):
        copies.setdefault(content_hashes[name], []).append(name)
    divided = [names for names in copies.values() if len({split_of[name] for name in names}) > 1]
    if divided:
        placed = list_names(" = ".join(f"{name} ({split_of[name]})" for name in names) for names in divided)
        yield (
            f"A recording must be in one split, but the same poses are in several: {placed}. Results will "
            "look too good: remove the copies, or give them one subject in manifest.csv."
        )


def _join_splits(splits: set[str]) -> str:
    return " and ".join(split for split in SPLITS if split in splits)
