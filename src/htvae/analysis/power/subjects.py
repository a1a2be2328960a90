"""Measures of recordings as rows of subjects: what studies are drawn from.

Axes: ``n`` recordings, ``s`` subjects, ``v`` versions of a subject, ``m`` measures.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from htvae.analysis.doubts import Doubt
from htvae.analysis.measures import is_constant
from htvae.utils.text import list_names

LEAST_SUBJECTS = 4
"""Controls without whom nothing can be planned."""
NUM_VERSIONS = 20
"""Versions of a subject, each a random choice of recordings, where studies record fewer than there are."""


@dataclass(frozen=True, eq=False)
class SubjectRows:
    """Measures of subjects, without and with the effect; the outcome comes first."""

    names: tuple[str, ...]
    """Names (s,) of the subjects."""
    plain: np.ndarray
    """(s, v, m) as they are."""
    treated: np.ndarray
    """(s, v, m) with the effect."""
    touched: np.ndarray
    """(m,) bool: measures in which the effect should be found; False for the outcome in front."""
    constant: np.ndarray
    """Measures (of the whole table), bool, that are left out since all subjects have the same."""
    doubts: tuple[Doubt, ...]

    @property
    def outcome(self) -> tuple[np.ndarray, np.ndarray]:
        """Outcome (s,), (s,) of subjects, mean over versions, without and with the effect."""
        return self.plain[..., 0].mean(axis=1), self.treated[..., 0].mean(axis=1)


@dataclass(frozen=True, eq=False)
class Owners:
    """Who was recorded."""

    names: tuple[str, ...]
    """Names (s,) of the subjects."""
    index: np.ndarray
    """Subject (n,) of each recording."""
    seconds: np.ndarray
    """Length (n,) of each recording."""

    def weights(self) -> np.ndarray:
        """Return the weights (s, n) of recordings, as `htvae.analysis.groups.study.find_units` has them."""
        own = np.maximum(np.minimum(self.seconds, np.median(self.seconds)), 1e-9)
        placed: np.ndarray = (self.index == np.arange(len(self.names))[:, None]) * own
        return placed

    def average(self, values: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        """Return the mean (s, m) of each subject's recordings (n, m); NaN where none has a value."""
        weights = self.weights() if weights is None else weights
        known = np.isfinite(values)
        size = weights @ known
        total = weights @ np.where(known, values, 0.0)
        averaged: np.ndarray = np.where(size > 0, total / np.where(size > 0, size, 1), np.nan)
        return averaged


def find_owners(subjects: Sequence[str | None], seconds: Sequence[float]) -> Owners:
    """Return the subjects of recordings; a recording without one is a subject of its own.

    Raises:
        ValueError: fewer than `LEAST_SUBJECTS`.
    """
    labels = [name or f"recording {i + 1}" for i, name in enumerate(subjects)]
    names = sorted(set(labels))
    if len(names) < LEAST_SUBJECTS:
        raise ValueError(
            f"Controls must be at least {LEAST_SUBJECTS} subjects, since studies are drawn from them, but "
            f"found {len(names)} ({list_names(names)}) in {len(labels)} recordings. Give more, or fill in "
            "the column subject of manifest.csv; 20 subjects and more are advised."
        )
    return Owners(tuple(names), np.array([names.index(name) for name in labels]), np.array(seconds, float))


def make_rows(
    plain: np.ndarray,
    treated: np.ndarray,
    outcome: Sequence[int],
    touched: Sequence[int],
    owners: Owners,
    recordings_per_subject: int | None,
    rng: np.random.Generator,
) -> SubjectRows:
    """Return the rows of subjects: the mean of the outcome's measures, then all measures that vary.

    Args:
        plain: (n, m) measures of recordings as they are.
        treated: (n, m) with the effect.
        outcome: measures whose mean is the outcome.
        touched: measures in which the effect should be found.
        owners: subjects of the recordings.
        recordings_per_subject: recordings that a study makes of each; None: as many as there are.
        rng: chooses recordings where there are more.

    Raises:
        ValueError: too few subjects show the outcome, or have so many recordings.
    """
    doubts: list[Doubt] = []
    choices = _choose_recordings(owners, recordings_per_subject, rng)
    rows = [np.stack([owners.average(v, own) for own in choices], axis=1) for v in (plain, treated)]
    shown = np.isfinite(rows[0]).all(axis=1) & np.isfinite(rows[1]).all(axis=1)
    counts = shown[:, list(outcome)].sum(axis=0)
    chosen = [i for i, count in zip(outcome, counts, strict=True) if count == counts.max()]
    kept = shown[:, chosen].all(axis=1)
    if kept.sum() < LEAST_SUBJECTS:
        raise ValueError(
            f"What the effect changes must be shown by at least {LEAST_SUBJECTS} subjects, but "
            f"{int(kept.sum())} of {len(kept)} show it. Choose another landmark, or give more recordings."
        )
    if not kept.all():
        missing = list_names([name for name, own in zip(owners.names, kept, strict=True) if not own])
        doubts.append(Doubt("left_out", f"Subjects who do not show the outcome are left out: {missing}."))
    constant = is_constant(rows[0][kept].mean(axis=1)) & shown[kept].all(axis=0)
    columns = np.flatnonzero(shown[kept].all(axis=0) & ~constant)
    whole = [
        np.concatenate([own[kept][..., chosen].mean(axis=2, keepdims=True), own[kept][..., columns]], axis=2)
        for own in rows
    ]
    return SubjectRows(
        names=tuple(name for name, own in zip(owners.names, kept, strict=True) if own),
        plain=whole[0],
        treated=whole[1],
        touched=np.concatenate([[False], np.isin(columns, list(touched))]),
        constant=constant,
        doubts=tuple(doubts),
    )


def _choose_recordings(owners: Owners, count: int | None, rng: np.random.Generator) -> list[np.ndarray]:
    """Return weights (s, n) of recordings: all of them, or several random choices of so many."""
    weights = owners.weights()
    have = (weights > 0).sum(axis=1)
    if count is None or count == have.min() == have.max():
        return [weights]
    if count > have.min():
        few = owners.names[int(have.argmin())]
        raise ValueError(
            f"recordings_per_subject must be at most what every subject has, but {few} has {have.min()} and "
            f"{count} were asked for. Ask for fewer."
        )
    choices = []
    for _ in range(NUM_VERSIONS):
        order = np.where(weights > 0, rng.random(weights.shape), np.inf).argsort(axis=1).argsort(axis=1)
        choices.append(np.where(order < count, weights, 0.0))
    return choices
