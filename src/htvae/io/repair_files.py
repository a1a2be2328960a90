"""``htvae repair``: a folder's recordings with the repairs that were asked for, as new files.

- Pose CSVs are copied cell by cell: cells of wrong points are emptied, and rows of exchanged landmarks change
  places with all their cells, such as confidences. manifest.csv and frame_labels.csv are copied.
- If some recording is of another format, all are written as `htvae.io.importing` writes them, with tables.
- ``repairs.csv`` lists every change.
"""

import csv
import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from htvae.config import DataConfig
from htvae.io.faults import DataError, split_rows
from htvae.io.folder import ReadSource, find_repeated_names, read_source
from htvae.io.formats import pose_csv as pose_csv_format
from htvae.io.formats.base import NamedSource
from htvae.io.importing import write_skeleton
from htvae.io.listing import list_folder
from htvae.io.metadata import join_metadata
from htvae.io.opening import Source
from htvae.io.pose_csv import COLUMNS, DEPTH
from htvae.io.repair import Change, Repair, repair_recording
from htvae.io.sources import find_sources
from htvae.io.tables import TABLES
from htvae.io.writing import check_file_names, check_output, fit_name, write_folder, write_table
from htvae.poses.sequence import Coordinates
from htvae.utils.bar import show_bar
from htvae.utils.files import atomic_write, path_inside
from htvae.utils.text import list_names

LOG = "repairs.csv"

log = logging.getLogger(__name__)


def repair_folder(data_dir: Path, output_dir: Path, config: DataConfig, kinds: Sequence[str]) -> list[Change]:
    """Write a repaired copy of a folder; if nothing is found that is to be repaired, nothing is written.

    Args:
        data_dir: folder of recordings in any format.
        output_dir: folder to write to; it must hold no CSV files.
        config: the reading settings, and ``fps`` for recordings whose rate is unknown.
        kinds: faults to repair, see `htvae.io.repair.KINDS`.

    Returns:
        All changes, by recording.

    Raises:
        FileExistsError: the output folder holds CSV files.
        ValueError: the output folder lies in the folder that is read, or a recording is called like a table.
        FileNotFoundError, DataError: as for `htvae.io.folder.read_folder`.
    """
    check_output(data_dir, output_dir)
    read = _read(data_dir, config)
    repairs = {
        sequence.name: repair_recording(sequence, kinds) for _, own in read for sequence in own.sequences
    }
    changes = [change for repair in repairs.values() for change in repair.changes]
    if not changes:
        return []
    are_own = all(named.format is pose_csv_format.FORMAT for named, _ in read)
    is_copy = are_own and config.time_unit == "frame" and not config.rename and not config.individual_prefix
    check_file_names([f"{fit_name(name)}.csv" for name in repairs], (*TABLES, LOG))
    output_dir.mkdir(parents=True, exist_ok=True)
    if is_copy:
        for named, own in show_bar(read, "Writing"):
            for sequence in own.sequences:
                _copy_cells(output_dir, named.source, repairs[sequence.name])
        for name in TABLES:
            if (data_dir / name).is_file():
                shutil.copyfile(data_dir / name, output_dir / name)
    else:
        _report_columns([named.source for named, _ in read if named.format is pose_csv_format.FORMAT])
        _write_anew(output_dir, repairs, are_own)
        write_skeleton(data_dir, output_dir, [repair.sequence for repair in repairs.values()], config)
    _write_log(output_dir / LOG, changes)
    return changes


def _read(data_dir: Path, config: DataConfig) -> list[tuple[NamedSource, ReadSource]]:
    """Return the sources of a folder, and what was read of each, with the data of the tables.

    Raises:
        DataError: with all faults.
    """
    found = find_sources(data_dir, list_folder(data_dir).files, config)
    read = [(named, read_source(named, config)) for named in show_bar(found.sources, "Reading")]
    sequences = [sequence for _, own in read for sequence in own.sequences]
    names = [name for _, own in read for name in (own.name, *(s.name for s in own.sequences))]
    completed, faults = join_metadata(sequences, names, data_dir, config.fps)
    faults += [*found.faults, *find_repeated_names([own for _, own in read])]
    faults += [fault for _, own in read for fault in own.faults]
    if faults:
        raise DataError(faults)
    by_name = {sequence.name: sequence for sequence in completed}
    return [(named, replace(own, sequences=[by_name[s.name] for s in own.sequences])) for named, own in read]


def _report_columns(sources: Sequence[Source]) -> None:
    """Log which columns of pose CSVs are not written anew."""
    columns = dict.fromkeys(cell.strip() for s in sources for cell in s.head_lines[0].split(","))
    left_out = [column for column in columns if column not in (*COLUMNS, DEPTH)]
    if left_out:
        log.warning(
            "The recordings are written anew, without the columns %s. To keep them, repair without --rename, "
            "--individual_prefix and --time_unit, and give these to training.",
            list_names(left_out),
        )


def _write_anew(output_dir: Path, repairs: Mapping[str, Repair], keeps_coordinates: bool) -> None:
    """Write repaired recordings with their tables; unless they were pose CSVs, with y up."""
    sequences = [repair.sequence for repair in repairs.values()]
    if not keeps_coordinates:
        sequences = [replace(sequence, coordinates=Coordinates()) for sequence in sequences]
    write_folder(output_dir, sequences, is_exact=True, show_progress=True)


def _copy_cells(output_dir: Path, source: Source, repair: Repair) -> None:
    """Copy a pose CSV; cells of wrong points are emptied, those of exchanged landmarks change places."""
    rows = [cells for _, cells in split_rows(source.read_text(), source.shown)]
    header = [cell.strip() for cell in rows[0]]
    keys = [header.index(column) for column in COLUMNS[:2]]
    axes = [header.index(axis) for axis in (*COLUMNS[2:], DEPTH) if axis in header]
    others = [place for place in range(len(header)) if place not in keys]
    sequence = repair.sequence
    for cells in rows[1:]:
        cells += [""] * (len(header) - len(cells))
    row_of = {(int(float(cells[keys[0]])), cells[keys[1]].strip()): cells for cells in rows[1:]}
    before = {key: list(cells) for key, cells in row_of.items()}
    own = np.arange(len(sequence.landmarks))
    for t, i in zip(*((repair.source != own) | repair.removed).nonzero(), strict=True):
        frame, name = sequence.first_frame + int(t), sequence.landmarks[i]
        origin = before.get((frame, sequence.landmarks[repair.source[t, i]]), [""] * len(header))
        if (frame, name) not in row_of:
            row_of[frame, name] = [""] * len(header)
            row_of[frame, name][keys[0]], row_of[frame, name][keys[1]] = str(frame), name
            rows.append(row_of[frame, name])
        for place in others:
            is_lost = repair.removed[t, i] and place in axes
            row_of[frame, name][place] = "" if is_lost else origin[place]
    path = path_inside(output_dir, f"{fit_name(sequence.name)}.csv")
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def _write_log(path: Path, changes: Sequence[Change]) -> None:
    header = ["recording", "kind", "first_frame", "last_frame", "points", "landmarks", "what"]
    rows = [
        [c.recording, c.kind, c.first_frame, c.last_frame, c.points, " ".join(c.landmarks), c.what]
        for c in changes
    ]
    write_table(path, header, rows)
