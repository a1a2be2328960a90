"""The tables of a data folder: ``manifest.csv``, ``frame_labels.csv`` and ``skeleton.csv``, row by row.

docs/data_format.md describes them; `htvae.io.metadata` joins them to recordings.
"""

import math
import os
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from htvae.io.faults import DataError, find_columns, parse_number, read_text, split_rows
from htvae.io.formats.registry import SUFFIXES
from htvae.io.opening import PACKED
from htvae.io.pose_rows import LARGEST_FRAME
from htvae.poses.sequence import SPLITS, FrameLabel
from htvae.utils.text import printable, shorten

MANIFEST = "manifest.csv"
"""Table with one row per recording."""
FRAME_LABELS = "frame_labels.csv"
"""Table with one row per labelled span."""
SKELETON = "skeleton.csv"
"""Table with one row per bone, of landmarks that the package does not know; see `htvae.io.skeleton_csv`."""
TABLES = (MANIFEST, FRAME_LABELS, SKELETON)
"""Names of files that are no recordings."""
PROVENANCE = ("imported_from", "imported_format")
"""Columns of the manifest that ``htvae import`` writes for people to read; they are no covariates."""


@dataclass(frozen=True)
class ManifestRow:
    """One row of the manifest. Empty cells are None; empty covariates are left out."""

    line: int
    """Line number in the manifest."""
    label: str | None
    subject: str | None
    fps: float | None
    split: str | None
    covariates: Mapping[str, str]


@dataclass(frozen=True)
class FrameLabelRow:
    """One row of the frame labels."""

    line: int
    """Line number in the table."""
    span: FrameLabel


def recording_name(file: str) -> str:
    """Return a recording's name: its path relative to the data folder, with slashes, without suffix."""
    name = unicodedata.normalize("NFC", file.strip()).replace("\\", "/").removeprefix("./")
    for suffixes in (PACKED, SUFFIXES):
        ending = next((suffix for suffix in suffixes if name.lower().endswith(suffix)), "")
        name = name[: len(name) - len(ending)]
    return name


def read_manifest(data_dir: Path) -> dict[str, ManifestRow]:
    """Return the manifest's rows by name of the recording; empty where there is no manifest.

    Raises:
        DataError: with all faults of the manifest.
    """
    rows, faults = read_table(data_dir / MANIFEST, ("file",))
    manifest: dict[str, ManifestRow] = {}
    for line, cells in rows:
        name = recording_name(cells.pop("file"))
        if name in manifest:
            faults.append(
                f"{MANIFEST}, line {line}: a recording must have one row, but {printable(name)} has one "
                f"in line {manifest[name].line} already. Remove one."
            )
        else:
            manifest[name] = _parse_manifest_row(line, cells, faults)
    if faults:
        raise DataError(faults)
    return manifest


def read_frame_labels(data_dir: Path) -> dict[str, list[FrameLabelRow]]:
    """Return labelled spans by name of the recording, sorted by start; empty where there is no such table.

    Raises:
        DataError: with all faults of the table.
    """
    rows, faults = read_table(data_dir / FRAME_LABELS, ("file", "start", "stop", "label"))
    spans: dict[str, list[FrameLabelRow]] = {}
    seen: dict[tuple[str, FrameLabel], int] = {}
    for line, cells in rows:
        span = _parse_span(line, cells, faults)
        if span is None:
            continue
        name = recording_name(cells["file"])
        if (name, span) in seen:
            faults.append(
                f"{FRAME_LABELS}, line {line}: a row must occur once, but line {seen[name, span]} "
                "says the same. Remove one."
            )
        else:
            seen[name, span] = line
            spans.setdefault(name, []).append(FrameLabelRow(line, span))
    if faults:
        raise DataError(faults)
    return {
        name: sorted(rows, key=lambda row: (row.span.start, row.span.stop)) for name, rows in spans.items()
    }


def _parse_manifest_row(line: int, cells: dict[str, str], faults: list[str]) -> ManifestRow:
    """Return the row. A wrong cell counts as empty and adds a fault."""
    fps, split = cells.pop("fps", ""), cells.pop("split", "")
    rate = parse_number(fps)
    if fps and not (rate and 0 < rate < math.inf):
        faults.append(
            f"{MANIFEST}, line {line}: fps must be a number above 0, or empty where unknown, but is "
            f'"{shorten(fps)}". Write it as 29.97, or leave it empty.'
        )
        rate = None
    if split and split not in SPLITS:
        faults.append(
            f"{MANIFEST}, line {line}: split must be one of {', '.join(SPLITS)}, or empty, but is "
            f'"{shorten(split)}". Correct it.'
        )
        split = ""
    label, subject = cells.pop("label", ""), cells.pop("subject", "")
    covariates = {column: value for column, value in cells.items() if value and column not in PROVENANCE}
    return ManifestRow(line, label or None, subject or None, rate, split or None, covariates)


def _parse_span(line: int, cells: dict[str, str], faults: list[str]) -> FrameLabel | None:
    """Return the span. A wrong cell adds a fault and gives None."""
    numbers = [parse_number(cells[column]) for column in ("start", "stop")]
    start, stop = (int(number) if number is not None and number.is_integer() else -1 for number in numbers)
    if not 0 <= start < stop < LARGEST_FRAME:
        faults.append(
            f"{FRAME_LABELS}, line {line}: start and stop must be whole frame numbers, 0 <= start < stop, "
            f'where stop is the frame after the last, but are "{shorten(cells["start"])}" and '
            f'"{shorten(cells["stop"])}". Correct them.'
        )
        return None
    if not cells["label"]:
        faults.append(f"{FRAME_LABELS}, line {line}: label must not be empty, but is. Fill it in.")
        return None
    return FrameLabel(start, stop, cells["label"])


def read_table(path: Path, wanted: Sequence[str]) -> tuple[list[tuple[int, dict[str, str]]], list[str]]:
    """Return (line, cells by column) for each row, cells without outer spaces, and the faults.

    The first wanted column must not be empty. An absent table has no rows.
    """
    if not os.path.lexists(path):  # not exists(): read_text reports a broken link
        return [], []
    name = path.name
    rows = list(split_rows(read_text(path, name), name))
    if not rows:
        fault = f"{name}: must have a header with {', '.join(wanted)}, but is empty. Fill it, or remove it."
        return [], [fault]
    header = [cell.strip() for cell in rows[0][1]]
    named = [column for column in header if column]
    _, faults = find_columns(name, header, wanted)
    if not faults:
        _, faults = find_columns(name, header, list(dict.fromkeys(named)))
    if faults:
        return [], faults
    table = []
    for line, cells in rows[1:]:
        filled = [cell.strip() for cell in cells] + [""] * (len(header) - len(cells))
        row = {column: cell for column, cell in zip(header, filled, strict=False) if column}
        if any(filled[len(header) :]):
            faults.append(
                f"{name}: a row must have no more cells than the header, but line {line} has {len(cells)} "
                f"for {len(header)} columns. Put cells that contain commas in quotes."
            )
        elif row[wanted[0]]:
            table.append((line, row))
        elif any(filled):
            what = "name a recording" if wanted[0] == "file" else "be filled in"
            faults.append(f"{name}: {wanted[0]} must {what}, but is empty in line {line}. Fill it in.")
    return table, faults
