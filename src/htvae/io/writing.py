"""Recordings to a folder that `read_folder` reads again: CSVs, ``manifest.csv``, ``frame_labels.csv``."""

import csv
from collections.abc import Sequence
from pathlib import Path

from htvae.io.metadata import FRAME_LABELS, MANIFEST
from htvae.io.pose_csv import write_pose_csv
from htvae.poses.sequence import PoseSequence
from htvae.utils.files import LONGEST_NAME, atomic_write, path_inside, shorten_name

MANIFEST_COLUMNS = ("file", "label", "subject", "fps")
"""Columns that a manifest always has."""
LONGEST_OWN_NAME = 255 - 14
"""Most bytes of the file that keeps a recording's own name: what systems store, with room for a temporary
name."""


def write_folder(folder: Path, sequences: Sequence[PoseSequence]) -> list[Path]:
    """Write recordings and both tables; files of the same names are replaced.

    `read_folder` gives the sequences back, if it is told their coordinates and no name had to be shortened.

    Returns:
        The files of the recordings.

    Raises:
        ValueError: a sequence has other than two coordinates, or a name that leads out of the folder.
    """
    names = [f"{fit_name(sequence.name)}.csv" for sequence in sequences]
    files = [path_inside(folder, name) for name in names]
    for path, sequence in zip(files, sequences, strict=True):
        write_pose_csv(path, sequence)
    rows = [{"file": name} | _describe(s) for name, s in zip(names, sequences, strict=True)]
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
    """Return the cells of a recording's manifest row by column; a split only where the recording has one."""
    cells = {
        "label": sequence.label or "",
        "subject": sequence.subject or "",
        "fps": format_rate(sequence.fps),
    }
    split = {"split": sequence.split} if sequence.split else {}
    return cells | split | dict(sequence.covariates)


def fit_name(name: str, ending: str = "") -> str:
    """Return the name of what is made from a recording: its name and an ending, in its subfolder.

    A name whose file would be too long for a file system is cut and gets a hash of the whole, so that
    different names stay different; see `shorten_name`.

    Args:
        name: the recording's.
        ending: such as ``_continued_0``. Empty: the recording keeps its name wherever a system stores it.
    """
    folder, slash, own = name.rpartition("/")
    most_bytes = LONGEST_NAME if ending else LONGEST_OWN_NAME
    if len(f"{own}{ending}.csv".encode()) <= most_bytes:
        return name + ending
    return folder + slash + shorten_name(own, ending, LONGEST_NAME - len(".csv"))


def format_rate(fps: float | None) -> str:
    """Return a frame rate as a table has it: all its digits, empty where unknown."""
    return "" if fps is None else repr(float(fps)).removesuffix(".0")


def write_table(path: Path, header: list[str], rows: Sequence[Sequence[object]]) -> None:
    """Write a small table beside the recordings."""
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
