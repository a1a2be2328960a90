"""``htvae repair``: a folder's recordings with the repairs that were asked for, as new files.

- A pose CSV is copied cell by cell: only x, y and z of repaired points differ from the source.
- Recordings of other formats are written as `htvae.io.importing` writes them.
- ``repairs.csv`` lists every change. manifest.csv, frame_labels.csv and skeleton.csv are copied.
"""

import csv
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from htvae.config import ReadingConfig
from htvae.io.faults import DataError, split_rows
from htvae.io.folder import read_source
from htvae.io.formats import pose_csv as pose_csv_format
from htvae.io.formats.base import NamedSource
from htvae.io.listing import list_folder
from htvae.io.pose_csv import COLUMNS, DEPTH, write_pose_csv
from htvae.io.repair import Change, Repair, repair_recording
from htvae.io.sources import find_sources
from htvae.io.tables import TABLES
from htvae.io.writing import fit_name, write_table
from htvae.poses.sequence import Coordinates
from htvae.utils.bar import show_bar
from htvae.utils.files import atomic_write, path_inside
from htvae.utils.text import printable

LOG = "repairs.csv"


def repair_folder(
    data_dir: Path, output_dir: Path, config: ReadingConfig, kinds: Sequence[str]
) -> list[Change]:
    """Write a repaired copy of a folder; if nothing is found that is to be repaired, nothing is written.

    Args:
        data_dir: folder of recordings in any format.
        output_dir: folder to write to; it must hold no CSV files.
        config: the reading settings.
        kinds: faults to repair, see `htvae.io.repair.KINDS`.

    Returns:
        All changes, by recording.

    Raises:
        FileExistsError: the output folder holds CSV files.
        FileNotFoundError, DataError: as for `htvae.io.folder.read_folder`.
    """
    if output_dir.is_dir() and any(output_dir.rglob("*.csv")):
        raise FileExistsError(
            f"{printable(output_dir)} must hold no CSV files yet, but has some. Give another --output_dir, "
            "so that nothing is overwritten."
        )
    found = find_sources(data_dir, list_folder(data_dir).files, config)
    read = [(named, read_source(named, config)) for named in show_bar(found.sources, "Reading")]
    faults = [*found.faults, *(fault for _, own in read for fault in own.faults)]
    if faults:
        raise DataError(faults)
    repairs = [(named, [repair_recording(s, kinds) for s in own.sequences]) for named, own in read]
    changes = [change for _, own in repairs for repair in own for change in repair.changes]
    if not changes:
        return []
    for named, own in show_bar(repairs, "Writing"):
        _write(output_dir, named, own, keeps_cells=config.time_unit == "frame" and not config.rename)
    for name in TABLES:
        if (data_dir / name).is_file():
            shutil.copyfile(data_dir / name, output_dir / name)
    _write_log(output_dir / LOG, changes)
    return changes


def _write(output_dir: Path, named: NamedSource, repairs: Sequence[Repair], keeps_cells: bool) -> None:
    for repair in repairs:
        sequence = repair.sequence
        path = path_inside(output_dir, f"{fit_name(sequence.name)}.csv")
        if named.format is pose_csv_format.FORMAT and keeps_cells:
            _copy_cells(path, named.source.read_text(), repair, named.source.shown)
        else:
            write_pose_csv(path, replace(sequence, coordinates=Coordinates()), is_exact=True)


def _copy_cells(path: Path, text: str, repair: Repair, shown: str) -> None:
    """Copy a pose CSV; cells of repaired points are emptied, or taken from the landmark they belong to."""
    rows = [cells for _, cells in split_rows(text, shown)]
    header = [cell.strip() for cell in rows[0]]
    frame_at, name_at = header.index(COLUMNS[0]), header.index(COLUMNS[1])
    places = [header.index(axis) for axis in (*COLUMNS[2:], DEPTH) if axis in header]
    sequence = repair.sequence
    index = {name: i for i, name in enumerate(sequence.landmarks)}
    row_of = {(_frame(cells[frame_at]), cells[name_at].strip()): cells for cells in rows[1:]}
    taken = {key: [_cell(cells, place) for place in places] for key, cells in row_of.items()}
    for t, i in zip(*((repair.source != list(index.values())) | repair.removed).nonzero(), strict=True):
        key = (sequence.first_frame + int(t), sequence.landmarks[i])
        other = taken.get((key[0], sequence.landmarks[repair.source[t, i]]))
        new = [""] * len(places) if repair.removed[t, i] or other is None else other
        if key not in row_of:
            row_of[key] = [""] * len(header)
            row_of[key][frame_at], row_of[key][name_at] = str(key[0]), key[1]
            rows.append(row_of[key])
        cells = row_of[key]
        cells += [""] * (len(header) - len(cells))
        for place, cell in zip(places, new, strict=True):
            cells[place] = cell
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def _frame(cell: str) -> int:
    return int(float(cell))


def _cell(cells: Sequence[str], place: int) -> str:
    return cells[place] if place < len(cells) else ""


def _write_log(path: Path, changes: Sequence[Change]) -> None:
    header = ["recording", "kind", "first_frame", "last_frame", "points", "landmarks", "what"]
    rows = [
        [c.recording, c.kind, c.first_frame, c.last_frame, c.points, " ".join(c.landmarks), c.what]
        for c in changes
    ]
    write_table(path, header, rows)
