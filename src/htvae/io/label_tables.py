"""Labels of frames by anybody: people, BORIS, VAME, keypoint-moseq, or our own motifs.

- A CSV or TSV of spans: recording, start, stop and label, by any of the names in `COLUMNS`. Starts and stops
  are frames, or seconds where their columns say so. BORIS's aggregated events are such a table.
- A folder of one file a recording: a CSV with a label in each row's frame (keypoint-moseq's results), or a
  ``.npy`` of whole numbers (VAME's labels). No pickle is run.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from htvae.io.elan import SUFFIX, read_eaf
from htvae.io.faults import DataError, parse_number, read_text
from htvae.io.tables import recording_name
from htvae.metrics.agreement import NOTHING

COLUMNS = {
    "recording": ("recording", "file", "observation id", "media file name"),
    "label": ("name", "label", "behavior", "behaviour", "motif", "activity", "annotation"),
    "start_frame": ("start_frame", "start"),
    "stop_frame": ("stop_frame", "stop"),
    "start_second": ("start (s)", "start_second", "begin time - ss.msec", "begin"),
    "stop_second": ("stop (s)", "stop_second", "end time - ss.msec", "end"),
}
"""Names of columns, in small letters, the first that a table has counts."""
FRAME_COLUMNS = ("syllable", "motif", "label", "name")
"""Names of the column with each frame's label in the files of a folder."""
MOTIF_TIER = "motif"
"""Tier of motifs in the files that we write for ELAN."""
LONGEST = 10_000_000
"""Most frames of a recording; a larger number is a mistake."""
_VAME_PREFIX = re.compile(r"^\d+_(km|hmm|kmeans)_label_")


@dataclass(frozen=True)
class Span:
    """A stretch with one label."""

    start: float
    stop: float
    label: str


@dataclass(frozen=True)
class LabelTable:
    """Labelled spans by name of the recording."""

    spans: Mapping[str, list[Span]]
    in_seconds: bool
    """Whether starts and stops are seconds; else they are frames."""


def read_label_table(path: Path, tier: str | None = None) -> LabelTable:
    """Read labels from a table of spans, or from a folder of one file a recording.

    Args:
        path: table, file of ELAN, or folder.
        tier: tier of ELAN's files. None: ``motif``, or else the only one.

    Raises:
        DataError: it holds no labels, or a cell is no number.
    """
    if path.suffix.lower() == SUFFIX and path.is_file():
        return LabelTable({path.stem: _read_tier(path, tier)}, in_seconds=True)
    if not path.is_dir():
        return _read_spans(path)
    annotated = sorted(p for p in path.rglob("*") if p.suffix.lower() == SUFFIX and p.is_file())
    if annotated:
        names = [p.relative_to(path).with_suffix("").as_posix() for p in annotated]
        tiers = {name: _read_tier(p, tier) for name, p in zip(names, annotated, strict=True)}
        return LabelTable({name: spans for name, spans in tiers.items() if spans}, in_seconds=True)
    return _read_folder(path)


def paint(spans: Sequence[Span], rate: float, length: int, codes: Mapping[str, int]) -> np.ndarray:
    """Return the code (length,) of each frame's label, `NOTHING` where there is none; later spans win.

    Args:
        spans: of one recording.
        rate: frames per unit of starts and stops: 1 where they are frames.
        length: frames.
        codes: a number for each label.
    """
    frames = np.full(length, NOTHING)
    for span in spans:
        frames[max(0, round(span.start * rate)) : max(0, round(span.stop * rate))] = codes[span.label]
    return frames


def _read_tier(path: Path, tier: str | None) -> list[Span]:
    """Return the labels of one tier of a file of ELAN."""
    tiers = read_eaf(path)
    wanted = tier if tier is not None else MOTIF_TIER if MOTIF_TIER in tiers else None
    chosen = [name for name in tiers if wanted in (None, name)]
    if len(chosen) != 1:
        raise DataError(
            [
                f"{path}: a tier must be chosen, but it has {', '.join(map(repr, tiers)) or 'none'}"
                f"{'' if tier is None else f', not {tier!r}'}. Name one with --tier."
            ]
        )
    return [Span(one.start, one.stop, one.text) for one in tiers[chosen[0]]]


def _read_spans(path: Path) -> LabelTable:
    text = read_text(path, str(path))
    delimiter = "\t" if "\t" in text.split("\n", 1)[0] else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = {(name or "").strip().lower(): name for name in reader.fieldnames or []}
    known = {key: next((header[n] for n in names if n in header), None) for key, names in COLUMNS.items()}
    in_frames = bool(known["start_frame"] and known["stop_frame"])
    unit = "frame" if in_frames else "second"
    columns = [known[key] for key in ("recording", f"start_{unit}", f"stop_{unit}", "label")]
    found = ", ".join(header) or "nothing"
    if None in columns:
        raise DataError(
            [
                f"{path}: the header must have a recording, start, stop and label, as in frame_labels.csv "
                f"(file,start,stop,label) or BORIS's aggregated events, but has {found}. Rename its columns."
            ]
        )
    spans: dict[str, list[Span]] = {}
    faults: list[str] = []
    for row in reader:
        recording, start, stop, label = ((row.get(str(column)) or "").strip() for column in columns)
        numbers = [parse_number(cell) for cell in (start, stop)]
        if any(n is None or not 0 <= n <= LONGEST for n in numbers):
            faults.append(
                f"{path}, line {reader.line_num}: start and stop must be numbers from 0 to {LONGEST:,}, but "
                f'are "{start}" and "{stop}". Correct them.'
            )
        else:
            span = Span(float(numbers[0] or 0), float(numbers[1] or 0), label)
            spans.setdefault(recording_name(recording), []).append(span)
    if faults or not spans:
        raise DataError(faults or [f"{path}: there must be a labelled span, but there is none. Add rows."])
    return LabelTable(spans, in_seconds=not in_frames)


def _read_folder(folder: Path) -> LabelTable:
    spans: dict[str, list[Span]] = {}
    for path in sorted([*folder.rglob("*.csv"), *folder.rglob("*.npy")]):
        labels = _read_npy(path) if path.suffix == ".npy" else _read_frames(path)
        if labels:
            name = _VAME_PREFIX.sub(
                "", recording_name(path.relative_to(folder).as_posix()).removesuffix(".npy")
            )
            edges = [0, *(i for i in range(1, len(labels)) if labels[i] != labels[i - 1]), len(labels)]
            stretches = [Span(a, b, labels[a]) for a, b in pairwise(edges)]
            spans[_VAME_PREFIX.sub("", name)] = stretches
    if not spans:
        raise DataError(
            [
                f"{folder}: there must be a file of frame labels for each recording, a CSV with a column "
                f"{' or '.join(FRAME_COLUMNS)} or a .npy of whole numbers, but there is none. Name a table "
                "of spans, or another folder."
            ]
        )
    return LabelTable(spans, in_seconds=False)


def _read_frames(path: Path) -> list[str]:
    """Return the label of each row of a CSV; none where it has no such column."""
    reader = csv.DictReader(io.StringIO(read_text(path, str(path)), newline=""))
    header = {(name or "").strip().lower(): name for name in reader.fieldnames or []}
    column = next((header[name] for name in FRAME_COLUMNS if name in header), None)
    return [] if column is None else [(row.get(column) or "").strip() for row in reader]


def _read_npy(path: Path) -> list[str]:
    """Return the labels of a ``.npy`` of whole numbers; none where it holds something else."""
    try:
        with path.open("rb") as opened:
            values = np.load(opened, allow_pickle=False)
    except (ValueError, OSError, EOFError):
        return []
    return [str(x) for x in values] if values.ndim == 1 and values.dtype.kind in "iu" else []
