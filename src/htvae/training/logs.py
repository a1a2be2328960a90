"""The run's log files and its time limit, where Lightning's own forget or remember too much on resuming."""

import csv
import warnings
from pathlib import Path
from typing import Any

from lightning.pytorch.callbacks import Timer
from lightning.pytorch.loggers import CSVLogger


class TimeLimit(Timer):
    """Ends training after a time that counts from each start, so that a resumed run has it anew."""

    def state_dict(self) -> dict[str, Any]:
        """Return nothing: time that is gone is not carried over."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up nothing."""


def open_csv_log(folder: Path, go_on: bool) -> CSVLogger:
    """Return the logger of ``logs/metrics.csv``; with ``go_on`` it adds to what the file holds."""
    path = folder / "logs" / "metrics.csv"
    earlier = path.read_text(encoding="utf-8") if go_on and path.is_file() else ""
    logger = CSVLogger(folder, name="logs", version="")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the earlier file is deleted: it is written back
        experiment = logger.experiment
    if earlier:
        path.write_text(earlier, encoding="utf-8")
        experiment.metrics_keys = next(csv.reader([earlier.splitlines()[0]]))
    return logger
