"""What a report shows: which recordings, and whose figures."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from htvae.app.collect.budget import choose_evenly
from htvae.app.collect.scores import Scored
from htvae.cli.explore.options import ExploreOptions
from htvae.cli.report.options import ReportOptions
from htvae.data.processing import ProcessedSequence
from htvae.utils.text import list_names

EVALUATION = Path("evaluation_results")
METRICS = "metrics.json"
NUM_OFFERED = 5
"""Known names that a message lists."""


def choose_recordings(
    recordings: Sequence[ProcessedSequence], wanted: Sequence[str]
) -> tuple[list[ProcessedSequence], list[str]]:
    """Return the recordings that are asked for, and a note on those that are not shown.

    Args:
        recordings: of the folder.
        wanted: names, or one number. Empty: all.

    Raises:
        ValueError: a name is unknown.
    """
    names = [recording.name for recording in recordings]
    if not wanted:
        return list(recordings), []
    if len(wanted) == 1 and wanted[0].isdecimal() and wanted[0] not in names:
        kept = set(choose_evenly(len(names), int(wanted[0])))
    else:
        unknown = [name for name in wanted if name not in names]
        if unknown:
            raise ValueError(
                f"recordings must name recordings of the folder, but {list_names(unknown)} "
                f"{'are' if len(unknown) > 1 else 'is'} unknown. Known: {list_names(names)}."
            )
        kept = {names.index(name) for name in wanted}
    note = f"{len(kept)} of {len(names)} recordings are shown, as asked for; all figures are theirs."
    return [recordings[i] for i in sorted(kept)], [note] if len(kept) < len(names) else []


def name_folder(folder: Path) -> str:
    """Return a title from a folder's path: its name, or that of the folder above ``pose_csvs``."""
    resolved = folder.absolute()
    return (
        resolved.parent.name
        if resolved.name in ("pose_csvs", "data") and resolved.parent.name
        else resolved.name
    )


def find_evaluation(options: ReportOptions | ExploreOptions) -> Scored | None:
    """Return the figures of an earlier evaluation; None where there is none of this model.

    Raises:
        FileNotFoundError: the folder that was given holds no metrics.json.
        ValueError: it is unreadable, or belongs to another model.
    """
    if options.evaluation is not None:
        path = options.evaluation / METRICS if options.evaluation.is_dir() else options.evaluation
        if not path.is_file():
            raise FileNotFoundError(
                f"{options.evaluation} must hold {METRICS} of an earlier htvae evaluate, but does not."
            )
        return read_evaluation(path)
    run = options.checkpoint.absolute().parent.parent
    for path in (run.parent / EVALUATION / METRICS, run / EVALUATION / METRICS, EVALUATION / METRICS):
        if path.is_file() and _is_of(path, options.checkpoint):
            return read_evaluation(path)
    return None


def read_evaluation(path: Path) -> Scored:
    """Return the figures in a metrics.json.

    Raises:
        ValueError: it is unreadable.
    """
    content = _read(path)
    try:
        figures = {
            str(name): math.nan if value is None else float(value)
            for name, value in content["figures"].items()
        }
        return Scored(
            figures=figures,
            split=str(content["split"]),
            num_recordings=len(content["recordings"]),
            source="read from an earlier htvae evaluate",
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(
            f"{path} must be written by htvae evaluate, but is not ({error!r}). Run it again."
        ) from error


def _is_of(path: Path, checkpoint: Path) -> bool:
    """Return whether an evaluation is of this model, and newer than the model."""
    try:
        content = _read(path)
        is_newer = path.stat().st_mtime >= checkpoint.stat().st_mtime
    except (ValueError, OSError):
        return False
    named = Path(str(content.get("checkpoint", "")))
    ends = zip(reversed(named.parts), reversed(checkpoint.absolute().parts), strict=False)
    return is_newer and bool(named.parts) and all(a == b for a, b in ends)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} must be JSON, but is not ({error}). Run htvae evaluate again.") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} must be written by htvae evaluate, but holds a {type(content).__name__}.")
    return content
