"""Writing recordings to a folder for `read_folder`: CSVs, ``manifest.csv`` and ``frame_labels.csv``."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from htvae.io.metadata import FRAME_LABELS, MANIFEST
from htvae.io.pose_csv import write_pose_csv
from htvae.poses.sequence import PoseSequence
from htvae.utils.bar import show_bar
from htvae.utils.files import LONGEST_NAME, atomic_write, path_inside, shorten_name

MANIFEST_COLUMNS = ("file", "label", "subject", "fps")
"""Columns that a manifest always has."""
LONGEST_OWN_NAME = 255 - 14
"""Longest file name (bytes) that keeps a recording's full name: file systems allow 255 bytes, of which a
temporary name needs 14."""


def write_folder(
    folder: Path,
    sequences: Sequence[PoseSequence],
    is_exact: bool = False,
    show_progress: bool = False,
    further: Mapping[str, Mapping[str, str]] | None = None,
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

    Returns:
        The paths of the recordings' files.

    Raises:
        ValueError: a sequence has neither two nor three coordinates, or its name leads out of the folder.
    """
    names = [f"{fit_name(sequence.name)}.csv" for sequence in sequences]
    files = [path_inside(folder, name) for name in names]
    for path, sequence in show_bar(list(zip(files, sequences, strict=True)), "Writing", show_progress):
        write_pose_csv(path, sequence, is_exact)
    own = further or {}
    rows = [
        {"file": name} | _describe(s) | dict(own.get(s.name, {}))
        for name, s in zip(names, sequences, strict=True)
    ]
    columns = list(dict.fromkeys([*MANIFEST_COLUMNS, *(column for row in rows for column in row)]))
    write_table(folder / MANIFEST, columns, [[row.get(column, "") for column in columns] for row in rows])
    labels = [
        [name, span.start, span.stop, span.label]
        for name, s in zip(names, sequences, strict=True)
        for span in s.frame_labels
    ]
    write_table(folder / FRAME_LABELS, ["file", "start", "stop", "label"], labels)
    return files


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
