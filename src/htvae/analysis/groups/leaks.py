"""Whether the camera or the session can be read off the latents, and what remains of differences then.

A model may encode how a recording was made, not only what was done. Where that differs between groups, so do
their latents. Each column is tested by itself, then held fixed.

Axes: ``n`` recordings, ``d`` features, ``m`` measures.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from htvae.analysis.groups.differences import GroupComparison, compare_groups
from htvae.analysis.groups.study import Cells, Study
from htvae.inference.model import Encoding
from htvae.metrics.leak_test import LeakTest, read_off_labels

NUM_SHUFFLES = 199
MOST_VALUES = 10
"""Different values of a column up to which it is tested."""


@dataclasses.dataclass(frozen=True, eq=False)
class Leak:
    """One column: what the latents know of it, and the differences with it held fixed."""

    column: str
    test: LeakTest | None
    """How well it is read off the latents; None where fewer than two values have two subjects each."""
    remaining: GroupComparison | None
    """The comparison with the column held fixed; None where it is held fixed already, or cannot be."""
    reason: str = ""
    """Why nothing remains to compare; empty where something does."""


def latent_features(encodings: Sequence[Encoding]) -> np.ndarray:
    """Return the sequence latents, and mean and spread of the chunk latents, of recordings (n, d)."""
    rows = []
    for encoding in encodings:
        chunks = encoding.chunk_latents
        parts = [encoding.sequence_latent]
        if chunks.size:
            parts += [chunks.mean(axis=0), chunks.std(axis=0)]
        rows.append(np.concatenate(parts))
    return np.stack(rows).astype(np.float64)


def find_leaks(
    features: np.ndarray,
    values: np.ndarray,
    study: Study,
    columns: Mapping[str, Cells],
    num_permutations: int,
    seed: int,
) -> list[Leak]:
    """Return a leak test of every column that has a few values.

    Args:
        features: (n, d) of recordings, see `latent_features`.
        values: measures (n, m) of recordings.
        study: the study; its own column is not tested.
        columns: columns of the recordings by name.
        num_permutations: random permutations of the comparison with a column held fixed.
        seed: seed of the random numbers.
    """
    leaks = []
    for name, column in columns.items():
        known = {cell for cell in column if cell}
        if name == study.by or not 2 <= len(known) <= MOST_VALUES:
            continue
        test = _test(features, column, study.subjects, np.random.default_rng((seed, 2)))
        remaining, reason = _hold_fixed(values, study, name, column, num_permutations, seed)
        if test is not None or remaining is not None:
            leaks.append(Leak(name, test, remaining, reason))
    return leaks


def _test(features: np.ndarray, column: Cells, subjects: Cells, rng: np.random.Generator) -> LeakTest | None:
    """Return the test of a column's values that at least two subjects have."""
    owners = np.array([f"subject {s}" if s else f"recording {i}" for i, s in enumerate(subjects)])
    labels = np.array([cell or "" for cell in column])
    shared = [name for name in set(labels) - {""} if len(set(owners[labels == name])) > 1]
    kept = np.isin(labels, shared)
    if len(shared) < 2:
        return None
    return read_off_labels(features[kept], labels[kept], owners[kept], NUM_SHUFFLES, rng)


def _hold_fixed(
    values: np.ndarray, study: Study, name: str, column: Cells, num_permutations: int, seed: int
) -> tuple[GroupComparison | None, str]:
    """Return the comparison with one more column held fixed, or why there is none."""
    if name in study.covariates or (study.blocks is not None and name == study.blocks_name):
        return None, "held fixed already"
    more = dataclasses.replace(study, covariates={**study.covariates, name: column})
    try:
        return compare_groups(values, more, num_permutations, 0, seed), ""
    except ValueError as error:
        return None, str(error)
