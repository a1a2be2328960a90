"""The report of ``htvae evaluate``: the printed verdict and table, and metrics.json."""

import json
import math
from collections.abc import Mapping
from pathlib import Path

from htvae.cli.options import EvaluateOptions
from htvae.evaluation.evaluator import Scores
from htvae.evaluation.figures import explain
from htvae.evaluation.tables import summarise
from htvae.evaluation.verdict import give_full_verdict, give_verdict, summarise_verdict
from htvae.utils.files import atomic_write


def print_report(figures: Mapping[str, float], path: Path, unit: str) -> None:
    """Print the verdict, the table, and the path of metrics.json."""
    print("\n".join(give_verdict(figures, unit)), summarise(figures, unit), sep="\n\n")
    print(f"\nAll {len(figures)} figures, what they mean, and the full verdict: {path}")


def write_figures(options: EvaluateOptions, scores: Scores, unit: str) -> Path:
    """Write ``metrics.json`` and return its path.

    ``figures`` are the values by name, null where not finite. ``meanings`` hold each figure's unit and its
    good direction. ``summary`` and ``findings`` say in levels what ``verdict`` says in sentences.
    """
    figures = scores.figures
    meanings = {name: figure for name in figures if (figure := explain(name, unit)) is not None}
    summary = summarise_verdict(figures, options.split, len(scores.reconstructions), unit)
    content = {
        "checkpoint": str(options.checkpoint),
        "split": options.split,
        "recordings": [r.processed.name for r in scores.reconstructions],
        "figures": {name: value if math.isfinite(value) else None for name, value in figures.items()},
        "meanings": {name: {"unit": figure.unit, "good": figure.good} for name, figure in meanings.items()},
        "verdict": give_full_verdict(figures, unit),
        "summary": {"level": summary.level, "headline": summary.headline, "sentence": summary.sentence},
        "findings": [
            {"level": own.level, "text": own.sentence, "advice": own.advice} for own in summary.findings
        ],
    }
    path = options.output_dir / "metrics.json"
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return path
