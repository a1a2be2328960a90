"""A comparison of groups in plain words."""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from htvae.analysis.groups.comparison import Comparison
from htvae.analysis.groups.differences import order_measures
from htvae.analysis.groups.leaks import Leak
from htvae.analysis.groups.study_doubts import LEVEL
from htvae.utils.text import list_names

_NUM_NAMED = 5
_NUM_LANDMARKS = 8
_DIGITS = 2


def sort_measures(comparison: Comparison) -> list[int]:
    """Return measures by q, then p, then the size of the effect; untested ones last."""
    return order_measures(comparison.result)


def describe_comparison(comparison: Comparison) -> list[str]:
    """Return the verdict: how many measures differ, the strongest, where, leaks, doubts."""
    return [
        *_describe_findings(comparison),
        *(line for leak in comparison.leaks for line in _describe_leak(leak, comparison)),
        *_describe_reliability(comparison),
        *(f"Note: {doubt.text}" for doubt in comparison.doubts),
    ]


def _describe_findings(comparison: Comparison) -> Iterator[str]:
    result = comparison.result
    tested = int(np.isfinite(result.p).sum())
    found = _find(comparison)
    yield f"{len(found)} of {tested} measures differ between {_describe_groups(comparison)}."
    if tested:
        how = "all" if result.is_complete else f"{comparison.request.num_permutations:,} random"
        yield (
            f"False discovery rate {LEVEL:.0%}; {how} permutations of "
            f"{'groups within subjects' if result.units.is_paired else 'subjects'}; least possible p "
            f"{result.least_p:.2g}."
        )
    for i in found[:_NUM_NAMED]:
        yield f"  {describe_measure(comparison, i)}"
    if not found and tested:
        strongest = sort_measures(comparison)[0]
        yield f"  The strongest, which may be chance: {describe_measure(comparison, strongest)}"
    marks = Counter(comparison.table.measures[i].landmark for i in found)
    marks.pop("", None)
    if marks:
        names = [name for name, _ in marks.most_common()]
        rest = f" and {len(names) - _NUM_LANDMARKS} more" if len(names) > _NUM_LANDMARKS else ""
        yield f"Landmarks that differ: {list_names(names[:_NUM_LANDMARKS])}{rest}."


def _find(comparison: Comparison) -> list[int]:
    """Return the measures that differ, the strongest first."""
    return [i for i in sort_measures(comparison) if comparison.result.q[i] < LEVEL]


def _describe_groups(comparison: Comparison) -> str:
    units = comparison.result.units
    parts = [f"{name} ({(units.groups == g).sum()} subjects)" for g, name in enumerate(units.group_names)]
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def describe_measure(comparison: Comparison, i: int) -> str:
    """Return a difference in words."""
    result, measure = comparison.result, comparison.table.measures[i]
    names = result.units.group_names
    low, high = (float(part[i]) for part in result.effect_interval)
    interval = f" ({low:.{_DIGITS}f} to {high:.{_DIGITS}f})" if np.isfinite(low) else ""
    size = f"{abs(result.difference[i]):.3g} {measure.unit}"
    if len(names) == 2:
        size += f" {'lower' if result.difference[i] < 0 else 'higher'} in {names[1]}"
    else:
        size += " between the lowest and the highest group"
    return (
        f"{measure.name}: {size}, {result.effect_name} {result.effect[i]:.{_DIGITS}f}{interval}, "
        f"p {result.p[i]:.2g}, q {result.q[i]:.2g}"
    )


def _describe_leak(leak: Leak, comparison: Comparison) -> Iterator[str]:
    """Yield what the latents know of a column, and what remains of the differences."""
    is_read = leak.test is not None and leak.test.p < LEVEL
    if leak.test is not None and is_read:
        yield (
            f"{leak.column} can be read off the latents: balanced accuracy {leak.test.accuracy:.2f}, "
            f"shuffled {leak.test.chance:.2f} (p {leak.test.p:.2g})."
        )
    found = _find(comparison)
    if not found:
        return
    if leak.remaining is not None:
        kept = int((leak.remaining.q[found] < LEVEL).sum())
        if is_read or kept < len(found):
            share = float(
                np.nanmedian(leak.remaining.difference[found] / comparison.result.difference[found])
            )
            yield (
                f"  With {leak.column} held fixed, {kept} of the {len(found)} keep q < {LEVEL:g}, and the "
                f"differences are {share:.0%} of what they were (median)."
            )
    elif leak.reason != "held fixed already":
        yield f"  {leak.column} cannot be held fixed: {leak.reason}"


def _describe_reliability(comparison: Comparison) -> Iterator[str]:
    low = np.flatnonzero(comparison.is_unreliable)
    if len(low):
        found = [i for i in _find(comparison) if comparison.is_unreliable[i]]
        which = f", {len(found)} of those that differ among them" if found else ""
        yield (
            f"{len(low)} of {len(comparison.table.names)} measures have a reliability below 0.5 (halves of a "
            f"recording, or repeated recordings){which}: one recording says little of a subject."
        )
