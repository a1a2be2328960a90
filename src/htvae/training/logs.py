"""Where a run's figures go: ``logs/metrics.csv``, and TensorBoard."""

import csv
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, TextIO

import numpy as np

from htvae.utils.files import atomic_write, naming_errors

ROWS_HELD = 100
"""Rows that are kept back until they are written together."""


class Log(Protocol):
    """Takes figures."""

    def write(self, figures: Mapping[str, float], step: int) -> None:
        """Note figures of a step."""

    def save(self) -> None:
        """Put everything noted so far on the disk."""

    def close(self) -> None:
        """Release what is held open, at the end of a run."""


class MetricsLog:
    """The run's table: one row for each note, one column a figure. It survives kills.

    Args:
        path: the table.
        last_step: step that a run resumes after; rows of later steps, which a killed run may have left, are
            dropped. None: the table begins anew.
    """

    def __init__(self, path: Path, last_step: int | None = None) -> None:
        self.path = path
        self.columns: list[str] = []
        self.waiting: list[Mapping[str, Any]] = []
        self._begin([] if last_step is None else [row for row in _read(path) if row["step"] <= last_step])

    def write(self, figures: Mapping[str, float], step: int) -> None:
        """Note a row."""
        self.waiting.append({**figures, "step": step})
        if len(self.waiting) >= ROWS_HELD:
            self.save()

    def save(self) -> None:
        """Write the rows that wait: at the end, or with the whole table where columns are new."""
        if not self.waiting:
            return
        if {key for row in self.waiting for key in row} <= set(self.columns):
            with naming_errors(self.path), self.path.open("a", encoding="utf-8", newline="") as file:
                self._write(file, self.waiting)
        else:
            self._begin([*_read(self.path), *self.waiting])
        self.waiting = []

    def close(self) -> None:
        """Do nothing: the table is open only while it is written."""

    def _begin(self, rows: list[Mapping[str, Any]]) -> None:
        """Replace the table by these rows, in one go."""
        self.columns = sorted({key for row in rows for key in row})
        with atomic_write(self.path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerow(self.columns)
            self._write(file, rows)

    def _write(self, file: TextIO, rows: Iterable[Mapping[str, Any]]) -> None:
        csv.DictWriter(file, self.columns, lineterminator="\n").writerows(rows)
        file.flush()
        os.fsync(file.fileno())


class TensorBoardLog:
    """The same figures for TensorBoard.

    Args:
        folder: its folder.
        last_step: step that a run resumes after; TensorBoard hides later ones of the run before.
    """

    def __init__(self, folder: Path, last_step: int | None = None) -> None:
        from torch.utils.tensorboard import SummaryWriter

        first = None if last_step is None else last_step + 1
        with naming_errors(folder):
            self.writer = SummaryWriter(str(folder), purge_step=first)

    def write(self, figures: Mapping[str, float], step: int) -> None:
        """Note figures, one curve each."""
        for name, value in figures.items():
            self.writer.add_scalar(name, value, step)

    def write_picture(self, name: str, picture: np.ndarray, step: int) -> None:
        """Note a picture (height, width, 3) of bytes."""
        self.writer.add_image(name, picture, step, dataformats="HWC")

    def save(self) -> None:
        """Write what is noted."""
        self.writer.flush()

    def close(self) -> None:
        """Close the file and end the thread that writes it."""
        self.writer.close()


def _read(path: Path) -> list[dict[str, Any]]:
    """Return the whole rows of a table; none where there is no table. A row that was cut off has no end."""
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    rows = list(csv.DictReader(line for line in lines if line.endswith("\n")))
    return [{**row, "step": int(row["step"])} for row in rows if (row.get("step") or "").isdecimal()]
