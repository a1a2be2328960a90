"""What is doubtful about a comparison: its size, its groups, its measures.

Axes: ``n`` recordings, ``u`` rows (units), ``m`` measures, ``G`` groups.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from htvae.analysis.doubts import Doubt
from htvae.analysis.groups.differences import GroupComparison
from htvae.analysis.groups.study import Cells, Study, Units
from htvae.analysis.measures import describe_constant, is_constant
from htvae.utils.text import list_names

LEVEL = 0.05
"""False discovery rate, and level of tests."""
_FEW_SUBJECTS = 6
_FEW_FREE = 5
_LENGTH_RATIO = 1.5
_SPREAD_RATIO = 3.0
_ASSOCIATION = 0.5
"""Cramér's V from which a column and the groups go together."""
_MISSING_SHARE = 0.2


def find_doubts(
    study: Study, result: GroupComparison, names: Sequence[str], columns: Mapping[str, Cells]
) -> list[Doubt]:
    """Return everything doubtful, what was left out first.

    Args:
        study: the study.
        result: its comparison.
        names: names (m,) of the measures.
        columns: further columns of the recordings, which may go together with the groups.
    """
    return [
        *result.units.doubts,
        *_doubt_sizes(study, result),
        *_doubt_columns(study, result.units, columns),
        *_doubt_lengths(study, result.units),
        *_doubt_measures(result, names),
    ]


def _doubt_sizes(study: Study, result: GroupComparison) -> Iterator[Doubt]:
    units = result.units
    sizes = np.bincount(units.groups)
    by_group = ", ".join(f"{name} {size}" for name, size in zip(units.group_names, sizes, strict=True))
    if (sizes == 1).any():
        alone = [name for name, size in zip(units.group_names, sizes, strict=True) if size == 1]
        yield Doubt(
            "one_subject",
            f"Groups of one subject: {list_names(alone)}. A group and its only subject cannot be told apart.",
        )
    if np.isnan(result.least_p):
        yield Doubt("no_test", f"Nothing could be tested, with so few subjects ({by_group}). Record more.")
    elif result.least_p >= LEVEL:
        yield Doubt(
            "few_subjects",
            f"p below 0.05 cannot be reached: the groups ({by_group}) can be exchanged in "
            f"{result.num_permutations} ways, and the least possible p is {result.least_p:.2g}. Record more.",
        )
    elif sizes.min() < _FEW_SUBJECTS:
        yield Doubt(
            "few_subjects",
            f"Few subjects ({by_group}): only large differences can be found, and intervals are rough.",
        )
    if result.free < _FEW_FREE and units.covariates.shape[1]:
        yield Doubt(
            "few_free",
            f"{len(units.groups)} subjects minus groups, blocks and what is held fixed leave only "
            f"{result.free}: effects are far too large or too small by chance. Hold fewer columns fixed.",
        )
    if len(sizes) > 2 and sizes.max() >= 2 * sizes.min() and not units.is_paired:
        spreads = np.stack([np.nanstd(result.values[units.groups == g], axis=0) for g in range(len(sizes))])
        wide = np.nanmedian(spreads, axis=1)
        if wide.max() > _SPREAD_RATIO * max(float(wide.min()), 1e-12):
            yield Doubt(
                "spreads",
                f"Groups differ in size ({by_group}) and in spread, which the test of more than two groups "
                "takes to be equal. Compare two groups at a time.",
            )


def _doubt_columns(study: Study, units: Units, columns: Mapping[str, Cells]) -> Iterator[Doubt]:
    """Yield columns that go together with the groups."""
    held = {study.by, *study.covariates, *([study.blocks_name] if study.blocks is not None else [])}
    for name, column in columns.items():
        if name in held:
            continue
        values = [_commonest([column[i] for i in np.flatnonzero(row).tolist()]) for row in units.weights]
        table = _cross(units, values)
        if table.shape[1] < 2 or table.sum() < 2 * table.shape[1]:
            continue
        if ((table > 0).sum(axis=0) == 1).all():
            yield Doubt(
                "confounded",
                f"{name} determines {study.by}: each of its {table.shape[1]} values occurs in one group "
                f"only. Whatever differs may be due to {name}, and no test can tell.",
            )
        elif _go_together(table):
            yield Doubt(
                "confounded",
                f"{name} and {study.by} go together, so a difference may be due to {name}. "
                f"Hold it fixed: --{'adjust' if units.is_paired else 'blocks'} {name}.",
            )


def _doubt_lengths(study: Study, units: Units) -> Iterator[Doubt]:
    seconds = np.asarray(study.seconds, np.float64)
    rows = units.rows_of_recordings
    own = [seconds[np.isin(rows, np.flatnonzero(units.groups == g))] for g in range(len(units.group_names))]
    typical = [float(np.median(part)) for part in own]
    if max(typical) > _LENGTH_RATIO * min(typical):
        found = ", ".join(f"{name} {t:.3g}" for name, t in zip(units.group_names, typical, strict=True))
        yield Doubt(
            "lengths",
            f"Groups differ in the median length of recordings ({found} seconds). Ranges and extremes grow "
            "with length. Cut recordings to one length.",
        )


def _doubt_measures(result: GroupComparison, names: Sequence[str]) -> Iterator[Doubt]:
    missing = np.isnan(result.values).mean(axis=0)
    constant = is_constant(result.values) & (np.isfinite(result.values).sum(axis=0) > 1)
    untested = np.isnan(result.p) & ~constant & ~np.isnan(result.least_p)
    many = (missing > _MISSING_SHARE) & ~constant & ~untested
    if constant.any():
        yield Doubt("constant", describe_constant(names, constant))
    for kind, chosen, text in (
        ("untested", untested, "are shown by too few subjects to be tested"),
        ("missing", many, f"are missing in more than {_MISSING_SHARE:.0%} of the subjects"),
    ):
        if chosen.any():
            shown = list_names([names[i] for i in np.flatnonzero(chosen).tolist()])
            yield Doubt(kind, f"{chosen.sum()} of {len(names)} measures {text}: {shown}.")


def _commonest(cells: Sequence[str | None]) -> str | None:
    """Return what more than half of the cells say, None if nothing is."""
    return next((cell for cell in set(cells) if cell and 2 * list(cells).count(cell) > len(cells)), None)


def _cross(units: Units, values: Sequence[str | None]) -> np.ndarray:
    """Return the number of rows by group and value, empty cells left out."""
    names = sorted({value for value in values if value is not None})
    table = np.zeros((len(units.group_names), len(names)), int)
    for group, value in zip(units.groups, values, strict=True):
        if value is not None:
            table[group, names.index(value)] += 1
    return table[table.any(axis=1)] if names else table


def _go_together(table: np.ndarray) -> bool:
    """Return whether Cramér's V is large and beyond chance."""
    from scipy.stats import chi2_contingency

    if min(table.shape) < 2:
        return False
    result = chi2_contingency(table, correction=False)
    strength = np.sqrt(result.statistic / table.sum() / (min(table.shape) - 1))
    return bool(strength >= _ASSOCIATION and result.pvalue < LEVEL)
