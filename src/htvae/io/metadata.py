"""Tables about recordings: ``manifest.csv`` and ``frame_labels.csv``.

Both tables are in the data folder and have a column ``file``. docs/data_format.md describes them.
"""

import dataclasses
import logging
import math
import os
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from htvae.io.faults import DataError, find_columns, parse_number, read_text, split_rows
from htvae.io.formats.registry import SUFFIXES
from htvae.io.opening import PACKED
from htvae.io.pose_rows import LARGEST_FRAME
from htvae.io.versions import video_name
from htvae.poses.sequence import SPLITS, FrameLabel, PoseSequence
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
SEARCHED_FOLDERS = 4
"""Folders above a single file in which its tables are looked for, its own included."""

Value = TypeVar("Value")

log = logging.getLogger(__name__)


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


def attach_metadata(
    sequences: Sequence[PoseSequence], data_dir: Path, fps: float | None = None
) -> list[PoseSequence]:
    """Return the sequences of a folder with the data of its manifest and its frame labels.

    Args:
        sequences: all recordings of the folder.
        data_dir: the folder.
        fps: frame rate (1/s) of recordings whose rate is unknown.

    Raises:
        DataError: with all faults of both tables, such as recordings that are not in the folder.
    """
    names = [sequence.name for sequence in sequences]
    completed, faults = join_metadata(sequences, names, data_dir, fps)
    if faults:
        raise DataError(faults)
    return completed


def join_metadata(
    sequences: Sequence[PoseSequence], names: Collection[str], data_dir: Path, fps: float | None = None
) -> tuple[list[PoseSequence], list[str]]:
    """Return the sequences with the data of both tables, and the faults of both tables.

    A row may name a recording, or the file (or the video) of several: then it describes all of them. What the
    manifest says goes before what the recording's file says.

    Args:
        sequences: the recordings that could be read.
        names: names of all recordings and sources in the folder.
        data_dir: the folder.
        fps: frame rate (1/s) of recordings whose rate is unknown.
    """
    faults: list[str] = []
    manifest = _collect(read_manifest, data_dir, faults)
    labels = _collect(read_frame_labels, data_dir, faults)
    known = {name for own in names for name in (own, video_name(own))}
    known |= {name for sequence in sequences for name in _names_of(sequence)}
    has_manifest = os.path.lexists(data_dir / MANIFEST) and not faults
    faults += [
        _absent(MANIFEST, row.line, name, data_dir) for name, row in manifest.items() if name not in known
    ]
    faults += [
        _absent(FRAME_LABELS, row.line, name, data_dir)
        for name in labels
        if name not in known
        for row in labels[name]
    ]
    if has_manifest:
        _report_unlisted(sequences, manifest)
    completed = []
    for sequence in sequences:
        row, spans = _find(manifest, sequence), _find(labels, sequence) or []
        faults += _spans_outside(sequence, spans)
        completed.append(_complete(sequence, row, spans, fps))
    return completed, faults


def find_metadata(sequences: Sequence[PoseSequence], path: Path, fps: float | None) -> list[PoseSequence]:
    """Return the recordings of one file with the data of the tables in the nearest folder that lists it.

    Args:
        sequences: recordings of the file, named after it alone.
        path: the file.
        fps: frame rate (1/s) of recordings whose rate is unknown.

    Raises:
        DataError: with all faults of the tables.
    """
    for folder in list(path.absolute().parents)[:SEARCHED_FOLDERS]:
        if not os.path.lexists(folder / MANIFEST) and not os.path.lexists(folder / FRAME_LABELS):
            continue
        above = path.absolute().parent.relative_to(folder).as_posix()
        manifest, labels = read_manifest(folder), read_frame_labels(folder)
        placed = [_moved(sequence, above) for sequence in sequences]
        if not any(_find(manifest, s) or _find(labels, s) for s in placed):
            continue
        completed = [_complete(s, _find(manifest, s), _find(labels, s) or [], fps) for s in placed]
        return [dataclasses.replace(s, name=own.name) for s, own in zip(completed, sequences, strict=True)]
    return [_complete(sequence, None, [], fps) for sequence in sequences]


def _moved(sequence: PoseSequence, folder: str) -> PoseSequence:
    """Return the recording with its name, and its session's, relative to another folder."""
    if folder == ".":
        return sequence
    covariates = dict(sequence.covariates)
    if "session" in covariates:
        covariates["session"] = f"{folder}/{covariates['session']}"
    return dataclasses.replace(sequence, name=f"{folder}/{sequence.name}", covariates=covariates)


def _names_of(sequence: PoseSequence) -> list[str]:
    """Return the names under which the tables may list a recording, the most special first."""
    names = [sequence.name, sequence.covariates.get("session", sequence.name)]
    return list(dict.fromkeys([*names, *map(video_name, names)]))


def _find(table: Mapping[str, Value], sequence: PoseSequence) -> Value | None:
    return next((table[name] for name in _names_of(sequence) if name in table), None)


def _report_unlisted(sequences: Sequence[PoseSequence], manifest: Mapping[str, ManifestRow]) -> None:
    unlisted = [sequence.name for sequence in sequences if _find(manifest, sequence) is None]
    if unlisted:
        log.warning(
            "%d of %d %s no row in %s (first: %s): their label, subject and fps are unknown.",
            len(unlisted),
            len(sequences),
            "recording has" if len(sequences) == 1 else "recordings have",
            MANIFEST,
            printable(unlisted[0]),
        )


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


def _complete(
    sequence: PoseSequence, row: ManifestRow | None, spans: Sequence[FrameLabelRow], fps: float | None
) -> PoseSequence:
    known: dict[str, Any] = {}
    if row is not None:
        given = {name: getattr(row, name) for name in ("label", "subject", "fps", "split")}
        known = {name: value for name, value in given.items() if value is not None}
        known["covariates"] = {**sequence.covariates, **row.covariates}
        if row.fps and sequence.fps and not math.isclose(row.fps, sequence.fps, rel_tol=0.01):
            log.warning(
                "%s: fps is %g in its file and %g in %s, line %d; the manifest counts.",
                printable(sequence.name),
                sequence.fps,
                row.fps,
                MANIFEST,
                row.line,
            )
    if spans:
        known["frame_labels"] = tuple(row.span for row in spans)
    rate = known.get("fps", sequence.fps)
    if rate is None and fps is not None:
        known["fps"] = fps
    return dataclasses.replace(sequence, **known) if known else sequence


def _spans_outside(sequence: PoseSequence, rows: Sequence[FrameLabelRow]) -> list[str]:
    first, last = sequence.first_frame, sequence.first_frame + sequence.num_frames - 1
    return [
        f"{FRAME_LABELS}, line {row.line}: a span must overlap its recording, but {row.span.start} to "
        f"{row.span.stop} lies outside of {printable(sequence.name)}, which has frames {first} to {last}. "
        "Give frames as the recording numbers them, not seconds."
        for row in rows
        if row.span.stop <= first or row.span.start > last
    ]


def _absent(table: str, line: int, name: str, data_dir: Path) -> str:
    return (
        f"{table}, line {line}: file must be a recording of the folder, but {printable(name)} is not in "
        f"{printable(data_dir)}. Correct the name (relative to that folder), or remove the row."
    )


def _collect(read: Callable[[Path], dict[str, Value]], data_dir: Path, faults: list[str]) -> dict[str, Value]:
    try:
        return read(data_dir)
    except DataError as error:
        faults += error.faults
        return {}


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
