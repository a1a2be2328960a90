"""Joining ``manifest.csv`` and ``frame_labels.csv`` to the recordings that they describe."""

import dataclasses
import logging
import math
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from htvae.io.faults import DataError
from htvae.io.tables import (
    FRAME_LABELS,
    MANIFEST,
    FrameLabelRow,
    ManifestRow,
    read_frame_labels,
    read_manifest,
)
from htvae.io.versions import video_name
from htvae.poses.sequence import PoseSequence
from htvae.utils.text import printable

SEARCHED_FOLDERS = 4
"""Folders above a single file in which its tables are looked for, its own included."""

Value = TypeVar("Value")

log = logging.getLogger(__name__)


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
    known |= {name for s in sequences for own in _names_of(s) for name in (own, video_name(own))}
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
        _report_unlisted(sequences, manifest, names)
    completed = []
    for sequence in sequences:
        row, spans = _find(manifest, sequence, names), _find(labels, sequence, names) or []
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
    """Return the names under which the tables may list a recording: its own, its take's, its file's."""
    session = sequence.covariates.get("session", sequence.name)
    file = sequence.name.removesuffix(f"/{sequence.covariates.get('individual', '')}")
    return list(dict.fromkeys([sequence.name, session, file]))


def _find(table: Mapping[str, Value], sequence: PoseSequence, others: Collection[str] = ()) -> Value | None:
    """Return a recording's row: by its names, else by its video's name, unless another recording has that."""
    own = _names_of(sequence)
    videos = [name for name in map(video_name, own) if name not in others]
    return next((table[name] for name in (*own, *videos) if name in table), None)


def _report_unlisted(
    sequences: Sequence[PoseSequence], manifest: Mapping[str, ManifestRow], names: Collection[str]
) -> None:
    unlisted = [sequence.name for sequence in sequences if _find(manifest, sequence, names) is None]
    if unlisted:
        log.warning(
            "%d of %d %s no row in %s (first: %s): their label, subject and fps are unknown.",
            len(unlisted),
            len(sequences),
            "recording has" if len(sequences) == 1 else "recordings have",
            MANIFEST,
            printable(unlisted[0]),
        )


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
    return sequence.with_metadata(**known) if known else sequence


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
