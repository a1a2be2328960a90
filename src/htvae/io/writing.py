"""Recordings to a folder that `read_folder` reads again: CSVs, ``manifest.csv``, ``frame_labels.csv``."""

import csv
from collections.abc import Sequence
from pathlib import Path

from htvae.io.metadata import FRAME_LABELS, MANIFEST
from htvae.io.pose_csv import write_pose_csv
from htvae.poses.sequence import PoseSequence
from htvae.utils.files import atomic_write, path_inside


def write_folder(folder: Path, sequences: Sequence[PoseSequence]) -> list[Path]:
    """Write recordings and both tables; files of the same names are replaced.

    Returns:
        The files of the recordings.

    Raises:
        ValueError: a sequence has other than two coordinates, or a name that leads out of the folder.
    """
    files = [path_inside(folder, f"{sequence.name}.csv") for sequence in sequences]
    for path, sequence in zip(files, sequences, strict=True):
        write_pose_csv(path, sequence)
    columns = list(dict.fromkeys(column for s in sequences for column in s.covariates))
    rows = [
        [
            f"{s.name}.csv",
            s.label or "",
            s.subject or "",
            "" if s.fps is None else f"{s.fps:g}",
            *(s.covariates.get(column, "") for column in columns),
        ]
        for s in sequences
    ]
    _write_table(folder / MANIFEST, ["file", "label", "subject", "fps", *columns], rows)
    labels = [
        [f"{s.name}.csv", span.start, span.stop, span.label] for s in sequences for span in s.frame_labels
    ]
    _write_table(folder / FRAME_LABELS, ["file", "start", "stop", "label"], labels)
    return files


def _write_table(path: Path, header: list[str], rows: Sequence[Sequence[object]]) -> None:
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
