"""What the analysing commands share: model and recordings in, tables out."""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from htvae.analysis.model import AnalysisModel, load
from htvae.cli.analysis_options import RecordingsOptions
from htvae.data.lazy import LazyRecordings
from htvae.data.loader import PoseDataLoader
from htvae.data.processing import ProcessedSequence
from htvae.inference.checkpoint import BuildModel
from htvae.utils.files import atomic_write

Row = Mapping[str, Any]
"""A row of a table: column to value."""
SPLITS = ("train", "val", "test", "new")


def open_recordings(
    options: RecordingsOptions, build_model: BuildModel | None
) -> tuple[AnalysisModel, list[ProcessedSequence]]:
    """Return the model, and the recordings that the options name, sorted by name.

    Raises:
        FileNotFoundError: the checkpoint or the folder does not exist.
        ValueError: files are faulty, or no recording belongs to the split.
    """
    model, recordings = open_lazily(options, build_model)
    return model, list(recordings)


def open_lazily(
    options: RecordingsOptions, build_model: BuildModel | None
) -> tuple[AnalysisModel, LazyRecordings]:
    """Do the same without holding all recordings' poses in memory.

    Raises:
        FileNotFoundError, ValueError: as `open_recordings`.
    """
    model = load(options.checkpoint, options.device, build_model)
    model.config = model.config.replace(**options.reading.changes)
    data_dir = str(options.data_dir or model.config.data.data_dir)
    config = model.config.replace(data_dir=data_dir, experiments_dir=str(options.experiments_dir))
    data = PoseDataLoader(config, processor=model.processor, splits=model.splits)
    wanted = SPLITS if options.split == "all" else (options.split,)
    sequences = sorted((s for split in wanted for s in data.recordings(split)), key=lambda s: s.name)
    if not sequences:
        counts = ", ".join(f"{split} {len(data.recordings(split))}" for split in SPLITS)
        raise ValueError(
            f"{data_dir} must hold recordings of the split {options.split}, but has none ({counts}). "
            "Choose another with --split."
        )
    return model, LazyRecordings(model.processor, sequences)


def write_table(path: Path, rows: Sequence[Row], columns: Sequence[str] = ()) -> Path:
    """Write rows as CSV and return the path; the first row's keys are the header, or columns without rows.

    Floats have six significant digits; None and NaN become empty cells.
    """
    with atomic_write(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else columns)
        writer.writeheader()
        writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    return path


def write_json(path: Path, options: Any, content: Mapping[str, Any]) -> Path:
    """Write results as JSON, with the options that gave them, and return the path; NaN becomes null."""
    settings = {"settings": asdict(options)}
    with atomic_write(path) as temporary:
        text = json.dumps(_plain({**settings, **content}), indent=2, ensure_ascii=False, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")
    return path


def _cell(value: Any) -> Any:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.6g}" if isinstance(value, float) else value


def _plain(value: Any) -> Any:
    """Return a value of plain types that JSON has."""
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, str | int | bool | None) else str(value)
