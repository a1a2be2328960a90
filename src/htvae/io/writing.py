"""Writing recordings to a folder for `read_folder`: CSVs, ``manifest.csv`` and ``frame_labels.csv``."""

import csv
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from htvae.io.faults import DataError
from htvae.io.pose_csv import write_pose_csv
from htvae.io.tables import FRAME_LABELS, MANIFEST, TABLES, read_table
from htvae.poses.sequence import PoseSequence
from htvae.utils.bar import show_bar
from htvae.utils.files import LONGEST_NAME, atomic_write, path_inside, shorten_name
from htvae.utils.text import printable

MANIFEST_COLUMNS = ("file", "label", "subject", "fps")
"""Columns that a manifest always has."""
SPAN_COLUMNS = ("file", "start", "stop", "label")
LONGEST_OWN_NAME = 255 - 14
"""Longest file name (bytes) that keeps a recording's full name: file systems allow 255 bytes, of which a
temporary name needs 14."""


def write_folder(
    folder: Path,
    sequences: Sequence[PoseSequence],
    is_exact: bool = False,
    show_progress: bool = False,
    further: Mapping[str, Mapping[str, str]] | None = None,
    keeps_others: bool = False,
) -> list[Path]:
    """Write recordings and both tables; existing files of these names are replaced.

    `read_folder`, with the settings of their coordinates, gives the sequences back, unless a name had to be
    shortened.

    Args:
        folder: the folder to write to.
        sequences: recordings of different names.
        is_exact: see `write_pose_csv`.
        show_progress: whether to show a bar on a terminal.
        further: further cells of the manifest, by name of the recording and column.
        keeps_others: whether rows of other files stay in tables that are there.

    Returns:
        The paths of the recordings' files.

    Raises:
        ValueError: a sequence has neither two nor three coordinates, its name leads out of the folder or is a
            table's, or a table that is there cannot be read (DataError).
    """
    names = [f"{fit_name(sequence.name)}.csv" for sequence in sequences]
    check_file_names(names, TABLES)
    files = [path_inside(folder, name) for name in names]
    for path, sequence in show_bar(list(zip(files, sequences, strict=True)), "Writing", show_progress):
        write_pose_csv(path, sequence, is_exact)
    write_tables(folder, dict(zip(names, sequences, strict=True)), further, keeps_others)
    return files


def check_file_names(names: Sequence[str], tables: Collection[str]) -> None:
    """Raise ValueError if the file of a recording would have the name of a table."""
    for name in names:
        own = name.rpartition("/")[2]
        if own.casefold() in tables:
            raise ValueError(
                f"A recording must not be written as {own}, but {printable(name.removesuffix('.csv'))} would "
                "be. Rename its file."
            )


def check_output(data_dir: Path, output_dir: Path) -> None:
    """Make sure that recordings of a folder can be written to another.

    Raises:
        FileExistsError: it holds CSV files.
        ValueError: it lies in the folder that is read.
    """
    taken = sorted(output_dir.rglob("*.csv")) if output_dir.is_dir() else []
    if taken:
        raise FileExistsError(
            f"{printable(output_dir)} must hold no CSV files yet, but has {len(taken)} "
            f"({printable(taken[0].name)}, ...). Give another --output_dir, so that nothing is overwritten."
        )
    if data_dir.is_dir() and output_dir.resolve().is_relative_to(data_dir.resolve()):
        raise ValueError(
            f"output_dir must lie outside of the folder that is read, but {printable(output_dir)} lies in "
            f"{printable(data_dir)}. Give another, so that copies are not read as recordings."
        )


def write_tables(
    folder: Path,
    sequences: Mapping[str, PoseSequence],
    further: Mapping[str, Mapping[str, str]] | None = None,
    keeps_others: bool = False,
) -> None:
    """Write ``manifest.csv`` and ``frame_labels.csv``.

    Args:
        folder: the folder to write to.
        sequences: recordings by file, relative to the folder.
        further: see `write_folder`.
        keeps_others: see `write_folder`.

    Raises:
        DataError: a table that is there cannot be read.
    """
    rows: list[Mapping[str, object]] = [
        {"file": file} | _describe(s) | dict((further or {}).get(s.name, {})) for file, s in sequences.items()
    ]
    spans: list[Mapping[str, object]] = [
        {"file": file, "start": span.start, "stop": span.stop, "label": span.label}
        for file, sequence in sequences.items()
        for span in sequence.frame_labels
    ]
    for name, own, columns in ((MANIFEST, rows, MANIFEST_COLUMNS), (FRAME_LABELS, spans, SPAN_COLUMNS)):
        known = _read_others(folder / name, columns[0], sequences) if keeps_others else []
        table = [*known, *own]
        header = list(dict.fromkeys([*columns, *(column for row in table for column in row)]))
        write_table(folder / name, header, [[row.get(column, "") for column in header] for row in table])


def _read_others(path: Path, key: str, sequences: Collection[str]) -> list[dict[str, object]]:
    rows, faults = read_table(path, (key,))
    if faults:
        raise DataError(faults)
    return [dict(row) for _, row in rows if row[key] not in sequences]


def _describe(sequence: PoseSequence) -> dict[str, str]:
    """Return a recording's manifest cells by column; ``split`` only where the recording has one."""
    cells = {
        "label": sequence.label or "",
        "subject": sequence.subject or "",
        "fps": format_rate(sequence.fps),
    }
    split = {"split": sequence.split} if sequence.split else {}
    return cells | split | dict(sequence.covariates)


def fit_name(name: str, ending: str = "") -> str:
    """Return the name of an output: the recording's name, subfolder included, and an ending.

    A name that is too long for a file system is cut and gets a hash of the full name, so that different names
    stay different; see `shorten_name`.

    Args:
        name: name of the recording.
        ending: text such as ``_continued_0``. Empty: the name is cut only above `LONGEST_OWN_NAME`.
    """
    folder, slash, own = name.rpartition("/")
    most_bytes = LONGEST_NAME if ending else LONGEST_OWN_NAME
    if len(f"{own}{ending}.csv".encode()) <= most_bytes:
        return name + ending
    return folder + slash + shorten_name(own, ending, LONGEST_NAME - len(".csv"))


def format_rate(fps: float | None) -> str:
    """Return a frame rate as text with all its digits, empty where unknown."""
    return "" if fps is None else repr(float(fps)).removesuffix(".0")


def write_table(path: Path, header: list[str], rows: Sequence[Sequence[object]]) -> None:
    """Write a table as CSV."""
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
