"""A comparison of groups as the page gets it."""

from collections.abc import Sequence

import numpy as np

from htvae.analysis.groups.comparison import CompareRequest, Comparison, compare_recordings
from htvae.analysis.groups.words import describe_comparison, sort_measures
from htvae.app.collect.blocks import Blocks
from htvae.app.collect.scenes import collect_scenes
from htvae.app.collect.scores import round_number
from htvae.app.payload_tabs import GroupRow, Groups
from htvae.app.remembering import RememberingModel
from htvae.data.processing import ProcessedSequence


def collect_groups(
    model: RememberingModel, recordings: Sequence[ProcessedSequence], by: str, seed: int, blocks: Blocks
) -> Groups:
    """Compare the groups of a column as `htvae compare` does.

    Args:
        model: the model.
        recordings: all recordings.
        by: the column.
        seed: of permutations.
        blocks: takes the poses of differences that are drawn as motion.

    Raises:
        ValueError: the column does not exist, or cannot be compared.
    """
    comparison = compare_recordings(model, recordings, CompareRequest(by=by, seed=seed))
    return {
        "by": by,
        "text": [line.strip() for line in describe_comparison(comparison)],
        "rows": [_describe(comparison, i) for i in sort_measures(comparison)],
        "scenes": collect_scenes(model, recordings, comparison, blocks),
    }


def _describe(comparison: Comparison, i: int) -> GroupRow:
    result, measure = comparison.result, comparison.table.measures[i]
    names = result.units.group_names
    between = f"{names[1]} minus {names[0]}" if len(names) == 2 else _name_extremes(comparison, i)
    low, high = (round_number(float(part[i])) for part in result.effect_interval)
    return {
        "measure": measure.name,
        "unit": measure.unit,
        "between": between,
        "difference": round_number(float(result.difference[i])),
        "effect": round_number(float(result.effect[i])),
        "low": low,
        "high": high,
        "p": round_number(float(result.p[i]), 3),
        "q": round_number(float(result.q[i]), 3),
        "landmark": measure.landmark,
        "unreliable": bool(comparison.is_unreliable[i]),
    }


def _name_extremes(comparison: Comparison, i: int) -> str:
    """Return which of more than two groups is highest, and which is lowest."""
    names, means = comparison.result.units.group_names, comparison.result.means[:, i]
    if not np.isfinite(means).all():
        return "highest minus lowest group"
    return f"{names[int(means.argmax())]} minus {names[int(means.argmin())]}"
