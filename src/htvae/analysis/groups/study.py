"""The design of a comparison: from recordings to units, each in one group.

The unit is the subject. Recordings of a subject are averaged, because they are not independent: five
recordings of one person are not five people. In a paired design, where subjects are in several groups, there
is one row for each subject and group.

Axes: ``n`` recordings, ``u`` rows (units), ``m`` measures, ``c`` covariates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from htvae.analysis.doubts import Doubt
from htvae.analysis.groups.study_columns import check_groups, encode_columns, join_blocks
from htvae.analysis.groups.within import can_learn_within, remove_within
from htvae.metrics.group_test import centre
from htvae.utils.text import list_names

Cells = Sequence[str | None]
"""A column's cell for each recording, None where empty."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """Who was recorded, and in which group."""

    by: str
    """Name of the groups' column, for messages."""
    groups: Cells
    """Group of each recording; recordings without one are left out."""
    subjects: Cells
    """Subject of each recording; a recording without one is a subject of its own."""
    seconds: Sequence[float]
    """Length of each recording, in any unit that all share."""
    blocks: Cells | None = None
    """Value within which groups are exchanged, such as the camera; None: all subjects are exchanged."""
    blocks_name: str = "blocks"
    """Name of the blocks' column, for messages."""
    covariates: Mapping[str, Cells] = field(default_factory=dict)
    """Columns that are held fixed, by name; see `encode_columns`."""
    paired: bool | None = None
    """Whether subjects are compared with themselves. None: yes if at least half are in several groups."""


@dataclass(frozen=True, eq=False)
class Units:
    """The rows that are compared."""

    group_names: tuple[str, ...]
    """Names of the groups, in alphabetic order."""
    groups: np.ndarray
    """Group (u,) of each row, an index of `group_names`."""
    subjects: np.ndarray
    """Subject (u,) of each row, integers."""
    blocks: np.ndarray
    """Block (u,) of each row, integers; in a paired design the subject."""
    covariates: np.ndarray
    """Covariates (u, c) that are held fixed between rows, averaged as measures are."""
    within: np.ndarray
    """Centred covariates (n, w) that are taken off recordings within rows, see
    `htvae.analysis.groups.within`."""
    is_paired: bool
    """Whether subjects are in several groups."""
    weights: np.ndarray
    """Weights (u, n) that average recordings into rows; 0 where a recording is not the row's."""
    doubts: tuple[Doubt, ...]
    """What was left out, and why."""

    def adjust(self, values: np.ndarray) -> np.ndarray:
        """Return values (n, m) of recordings without what covariates change within rows."""
        rows = self.rows_of_recordings
        kept = rows >= 0
        adjusted = np.array(values, np.float64)
        if self.within.shape[1]:
            adjusted[kept] = remove_within(adjusted[kept], self.within[kept], rows[kept])
        return adjusted

    def average(self, values: np.ndarray) -> np.ndarray:
        """Return the mean (u, m) of each row's recordings (n, m), adjusted; NaN where none has a value."""
        values = self.adjust(values)
        known = np.isfinite(values)
        size = self.weights @ known
        total = self.weights @ np.where(known, values, 0.0)
        averaged: np.ndarray = np.where(size > 0, total / np.where(size > 0, size, 1), np.nan)
        return averaged

    @property
    def rows_of_recordings(self) -> np.ndarray:
        """Row (n,) of each recording, -1 where it was left out."""
        rows: np.ndarray = np.where(self.weights.any(axis=0), self.weights.argmax(axis=0), -1)
        return rows


def find_units(study: Study) -> Units:
    """Return the rows of a study.

    Recordings count by their length up to the median length: a long one does not outvote the others, and
    a very short one says less.

    Raises:
        ValueError: fewer than two recordings or groups, or columns that cannot be compared.
    """
    doubts: list[Doubt] = []
    kept = _complete_recordings(study, doubts)
    group_names = check_groups(study.by, [study.groups[i] for i in kept])
    subjects = _name_subjects(study, kept, doubts)
    is_paired, kept = _choose_design(study, kept, subjects, doubts)
    cells = sorted({(subjects[i], str(study.groups[i])) for i in kept})
    row_of = {cell: row for row, cell in enumerate(cells)}
    seconds = np.asarray(study.seconds, np.float64)
    typical = float(np.median(seconds[kept]))
    weights = np.zeros((len(cells), len(study.groups)))
    for i in kept:
        weights[row_of[subjects[i], str(study.groups[i])], i] = max(min(seconds[i], typical), 1e-9)
    subject_index = np.unique([cell[0] for cell in cells], return_inverse=True)[1]
    groups = np.array([group_names.index(cell[1]) for cell in cells])
    recordings = [np.flatnonzero(row) for row in weights]
    blocks = _find_blocks(study, subject_index, recordings, is_paired, doubts)
    covariates, within = _place_covariates(study, weights, groups, kept)
    present = np.unique(groups)
    if len(present) < 2:
        raise ValueError(
            f"{study.by} must have two groups with subjects to compare, but only "
            f"{group_names[present[0]]} is left. Choose --paired or --no_paired as subjects were recorded."
        )
    return Units(
        group_names=tuple(group_names[i] for i in present),
        groups=np.searchsorted(present, groups),
        subjects=subject_index,
        blocks=blocks,
        covariates=covariates,
        within=within,
        is_paired=is_paired,
        weights=weights,
        doubts=tuple(doubts),
    )


def _complete_recordings(study: Study, doubts: list[Doubt]) -> list[int]:
    """Return the recordings that have a group, a block and all covariates."""
    columns = {study.by: study.groups, **study.covariates}
    if study.blocks is not None:
        columns[study.blocks_name] = study.blocks
    for name, column in columns.items():
        empty = sum(not value for value in column)
        if empty == len(column):
            raise ValueError(
                f"{name} must say something of recordings, but is empty for all {len(column)}. Fill in the "
                "column of manifest.csv, or choose another."
            )
        if empty:
            text = f"{empty} of {len(column)} recordings have no {name} and are left out."
            doubts.append(Doubt("left_out", text))
    kept = [i for i in range(len(study.groups)) if all(column[i] for column in columns.values())]
    if len(kept) < 2:
        raise ValueError(
            f"A comparison must have at least two recordings with {list_names(columns)}, but found "
            f"{len(kept)} among {len(study.groups)}. Give more recordings, or fill in manifest.csv."
        )
    return kept


def _name_subjects(study: Study, kept: Sequence[int], doubts: list[Doubt]) -> list[str]:
    """Return a name for each recording's subject; a recording without one is its own."""
    unknown = sum(not study.subjects[i] for i in kept)
    if unknown:
        who = (
            "No recording names"
            if unknown == len(kept)
            else f"{unknown} of {len(kept)} recordings do not name"
        )
        text = (
            f"{who} a subject, so each counts as a subject of its own. If people were recorded more than "
            "once, fill in the column subject of manifest.csv, or p-values are too small."
        )
        doubts.append(Doubt("no_subject", text))
    return [f"subject {name}" if name else f"recording {i}" for i, name in enumerate(study.subjects)]


def _choose_design(
    study: Study, kept: list[int], subjects: Sequence[str], doubts: list[Doubt]
) -> tuple[bool, list[int]]:
    """Return whether the design is paired, and the recordings that it can use."""
    groups_of: dict[str, set[str]] = {}
    for i in kept:
        groups_of.setdefault(subjects[i], set()).add(str(study.groups[i]))
    several = {subject for subject, groups in groups_of.items() if len(groups) > 1}
    paired = 2 * len(several) >= len(groups_of) if study.paired is None else study.paired
    if paired and not several:
        raise ValueError(
            f"A paired comparison must have subjects in two groups of {study.by}, but each of "
            f"{len(groups_of)} subjects is in one. Leave out --paired, or fill in the column subject."
        )
    used = {subject for subject in groups_of if (subject in several) == paired}
    if len(used) < len(groups_of):
        found = "in one group only" if paired else "in several groups"
        text = (
            f"{len(groups_of) - len(used)} of {len(groups_of)} subjects are {found} and are left out, since "
            f"the design is {'paired' if paired else 'not paired'}."
        )
        doubts.append(Doubt("left_out", text))
    if not used:
        raise ValueError(
            f"A comparison that is not paired must have subjects in one group of {study.by} each, but all "
            "are in several. Leave out --no_paired."
        )
    return paired, [i for i in kept if subjects[i] in used]


def _find_blocks(
    study: Study,
    subjects: np.ndarray,
    recordings: Sequence[np.ndarray],
    is_paired: bool,
    doubts: list[Doubt],
) -> np.ndarray:
    """Return the block (u,) of each row; subjects in the same several blocks form one of their own."""
    if study.blocks is None:
        return subjects if is_paired else np.zeros(len(subjects), int)
    found = [frozenset(str(study.blocks[i]) for i in own) for own in recordings]
    if not is_paired:
        blocks, joined = join_blocks(found)
        if joined:
            text = (
                f"Some subjects were recorded in several values of {study.blocks_name}, and are exchanged "
                f"only with subjects of the same ones: {list_names(joined)}. If too few are alike, use "
                f"--adjust {study.blocks_name}."
            )
            doubts.append(Doubt("joined_blocks", text))
        return blocks
    if any(len(frozenset().union(*_of_subject(found, subjects, own))) > 1 for own in subjects):
        raise ValueError(
            f"Blocks of a paired comparison must not change within a subject, but {study.blocks_name} does. "
            f"Each subject is a block already; hold the column fixed with --adjust {study.blocks_name}."
        )
    return subjects


def _of_subject(found: Sequence[frozenset[str]], subjects: np.ndarray, subject: int) -> list[frozenset[str]]:
    """Return the blocks of each of a subject's rows."""
    return [values for values, own in zip(found, subjects, strict=True) if own == subject]


def _place_covariates(
    study: Study, weights: np.ndarray, groups: np.ndarray, kept: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return covariates (u, c) between rows, and covariates (n, w) within rows; each column is in one.

    Between rows a category becomes the share of the row's recordings that have it.
    """
    own, rows = weights[:, kept], weights[:, kept].argmax(axis=0)
    between, changing = [np.zeros((len(weights), 0))], [np.zeros((len(kept), 0))]
    for name, column in study.covariates.items():
        encoded = encode_columns({name: [column[i] for i in kept]}, len(kept))
        if np.abs(centre(encoded, rows)).max(initial=0) > 1e-9:
            changing.append(encoded - encoded.mean(axis=0))
        else:
            between.append(own @ encoded / own.sum(axis=1, keepdims=True))
    inner = np.hstack(changing)
    within = np.zeros((len(study.groups), inner.shape[1]))
    if inner.shape[1] and can_learn_within(inner, rows, groups):
        within[kept] = inner
        return np.hstack(between), within
    return np.hstack([*between, own @ inner / own.sum(axis=1, keepdims=True)]), within[:, :0]
