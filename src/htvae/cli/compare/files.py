"""The files of ``htvae compare``: two tables, compare.json and compare.png."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from htvae.analysis.groups.comparison import Comparison, duration
from htvae.analysis.groups.leaks import Leak
from htvae.analysis.groups.scenes import Scene
from htvae.analysis.groups.words import describe_comparison, sort_measures
from htvae.cli.analysis_files import write_json, write_table
from htvae.cli.compare.motion import describe_scenes
from htvae.cli.compare.options import CompareOptions
from htvae.data.processing import ProcessedSequence
from htvae.inference.source import to_source_spans
from htvae.plots.forest import ForestRow, draw_forest

NUM_DRAWN = 20
"""Measures in the picture."""


def write_comparison(
    options: CompareOptions,
    comparison: Comparison,
    recordings: Sequence[ProcessedSequence],
    scenes: Sequence[Scene],
) -> list[Path]:
    """Write tables, compare.json and compare.png, and return their paths.

    Args:
        options: of the command.
        comparison: the results.
        recordings: those compared.
        scenes: what is drawn as motion, named in compare.json.
    """
    rows = [_describe_measure(comparison, i) for i in sort_measures(comparison)]
    folder = options.output_dir
    result = comparison.result
    content = {
        "verdict": describe_comparison(comparison),
        "groups": {
            name: int((result.units.groups == g).sum()) for g, name in enumerate(result.units.group_names)
        },
        "paired": result.units.is_paired,
        "effect": result.effect_name,
        "least_p": result.least_p,
        "possible_permutations": str(result.num_permutations),
        "exact": result.is_complete,
        "doubts": [{"kind": doubt.kind, "text": doubt.text} for doubt in comparison.doubts],
        "leaks": [_describe_leak(leak) for leak in comparison.leaks],
        "motion": describe_scenes(scenes, comparison, recordings),
        "measures": rows,
    }
    return [
        write_table(folder / "compare.csv", rows),
        write_table(folder / "measures.csv", _list_recordings(comparison, recordings)),
        write_json(folder / "compare.json", options, content),
        _draw(comparison, folder / "compare.png"),
    ]


def _describe_measure(comparison: Comparison, i: int) -> dict[str, Any]:
    """Return a measure's row."""
    result, measure = comparison.result, comparison.table.measures[i]
    names = result.units.group_names
    row: dict[str, Any] = {
        "measure": measure.name,
        "family": measure.family,
        "landmark": measure.landmark,
        "motif": measure.motif,
        "unit": measure.unit,
    }
    row |= {f"mean {name}": float(result.means[g, i]) for g, name in enumerate(names)}
    row |= {f"subjects {name}": int(result.num_subjects[g, i]) for g, name in enumerate(names)}
    row["between"] = _direction(comparison, i)
    row |= _with_interval("difference", result.difference[i], result.difference_interval, i)
    row |= _with_interval("effect", result.effect[i], result.effect_interval, i)
    row |= {"p": float(result.p[i]), "q": float(result.q[i])}
    row |= _with_interval("split_half", comparison.split_half.value[i], comparison.split_half.interval, i)
    row |= _with_interval("retest_icc", comparison.retest.value[i], comparison.retest.interval, i)
    row["unreliable"] = bool(comparison.is_unreliable[i])
    for leak in comparison.leaks:
        if leak.remaining is not None:
            row[f"effect with {leak.column} fixed"] = float(leak.remaining.effect[i])
            row[f"p with {leak.column} fixed"] = float(leak.remaining.p[i])
            row[f"q with {leak.column} fixed"] = float(leak.remaining.q[i])
    return row


def _with_interval(
    name: str, value: float, interval: tuple[np.ndarray, np.ndarray], i: int
) -> dict[str, float]:
    return {name: float(value), f"{name}_low": float(interval[0][i]), f"{name}_high": float(interval[1][i])}


def _direction(comparison: Comparison, i: int) -> str:
    """Return which groups the difference is between."""
    result = comparison.result
    names = result.units.group_names
    if len(names) == 2:
        return f"{names[1]} - {names[0]}"
    if np.isnan(result.means[:, i]).all():
        return ""
    high, low = int(np.nanargmax(result.means[:, i])), int(np.nanargmin(result.means[:, i]))
    return f"{names[high]} - {names[low]}"


def _describe_leak(leak: Leak) -> dict[str, Any]:
    found: dict[str, Any] = {"column": leak.column}
    if leak.test is not None:
        found |= {
            "balanced_accuracy": leak.test.accuracy,
            "shuffled": leak.test.chance,
            "shuffled_95": leak.test.chance_high,
            "p": leak.test.p,
        }
    return found | {"held_fixed": leak.remaining is not None, "reason": leak.reason}


def _list_recordings(comparison: Comparison, recordings: Sequence[ProcessedSequence]) -> list[dict[str, Any]]:
    """Return a row of measures for each recording, for statistics of one's own."""
    rows = []
    used = comparison.result.units.rows_of_recordings >= 0
    for i, recording in enumerate(recordings):
        frames = to_source_spans(np.array([[0, len(recording.pose)]]), recording.record.source_frames)[0]
        row = {
            "recording": recording.name,
            "start": int(frames[0]),
            "stop": int(frames[1]),
            "seconds": duration(recording) if recording.record.fps else None,
            comparison.request.by: comparison.study.groups[i],
            "subject": recording.source.subject,
            "compared": bool(used[i]),
        }
        values = zip(comparison.table.names, comparison.table.values[i].tolist(), strict=True)
        rows.append(row | dict(values))
    return rows


def _draw(comparison: Comparison, path: Path) -> Path:
    """Draw the strongest differences."""
    result = comparison.result
    chosen = [i for i in sort_measures(comparison) if np.isfinite(result.effect[i])][:NUM_DRAWN]
    rows = [
        ForestRow(
            name=comparison.table.names[i],
            effect=float(result.effect[i]),
            low=float(result.effect_interval[0][i]),
            high=float(result.effect_interval[1][i]),
            q=float(result.q[i]),
            is_doubtful=bool(comparison.is_unreliable[i]),
        )
        for i in chosen
    ]
    names = result.units.group_names
    ends = (f"lower in {names[1]}", f"higher in {names[1]}") if len(names) == 2 else None
    title = f"{comparison.request.by}: {', '.join(names)}" if len(names) <= 4 else comparison.request.by
    return draw_forest(rows, path, title, result.effect_name, ends)
