"""The run's table of figures, ``logs/metrics.csv``, which outlives kills and is gone on with exactly."""

import csv
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO

from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only

from htvae.utils.files import atomic_write, naming_errors

ROWS_HELD = 100  # rows that are kept back until they are written together


class MetricsLog(Logger):
    """Writes one row for each time that something is logged, one column a figure.

    Args:
        path: the table.
        next_step: a run goes on with this step; rows from it on, which a killed run may have left, are
            dropped. None: the table is begun anew.
    """

    def __init__(self, path: Path, next_step: int | None = None) -> None:
        super().__init__()
        self.path = path
        self.columns: list[str] = []
        self.waiting: list[Mapping[str, Any]] = []
        self._begin([] if next_step is None else [row for row in _read(path) if row["step"] < next_step])

    @property
    def name(self) -> str:
        """Name of the logger."""
        return "metrics"

    @property
    def version(self) -> str:
        """Empty: a folder holds one run."""
        return ""

    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Pass over settings: config.json has them."""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Take up a row."""
        self.waiting.append({**metrics, "step": step})
        if len(self.waiting) >= ROWS_HELD:
            self.save()

    @rank_zero_only
    def save(self) -> None:
        """Write the rows that are waiting: added at the end, or with the whole table if columns are new."""
        if not self.waiting:
            return
        if {key for row in self.waiting for key in row} <= set(self.columns):
            with naming_errors(self.path), self.path.open("a", encoding="utf-8", newline="") as file:
                self._write(file, self.waiting)
        else:
            self._begin([*_read(self.path), *self.waiting])
        self.waiting = []

    @rank_zero_only
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


def _read(path: Path) -> list[dict[str, Any]]:
    """Return the whole rows of a table; none where there is no table. A row that was cut off has no end."""
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    rows = list(csv.DictReader(line for line in lines if line.endswith("\n")))
    return [{**row, "step": int(row["step"])} for row in rows if (row.get("step") or "").isdecimal()]
