"""The two files of a run: its best model, and the state from which it resumes."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from htvae.utils.files import read_tensors, save_tensors


class ModelCheckpoint:
    """Saves and loads a run's best model and its state.

    Both files are written under a temporary name and renamed, so an earlier file survives whatever happens.

    Args:
        folder: folder of both files.
        best: name of the best model's file.
        last: name of the state's file.
    """

    def __init__(self, folder: str | Path, best: str = "best_model.pt", last: str = "last_model.pt") -> None:
        self.best_path, self.last_path = Path(folder) / best, Path(folder) / last
        self.best_value = math.inf
        self.best_step = 0

    def is_better(self, value: float) -> bool:
        """Return whether a figure beats all that were saved; lower is better, NaN counts as the newest."""
        return value < self.best_value or math.isnan(value)

    def save_best(self, write: Callable[[Path], None], value: float, step: int) -> None:
        """Write a model as the best.

        Args:
            write: writes the model to the path that it is given, whole or not at all.
            value: its figure. NaN where there is none: the newest model then counts as the best.
            step: optimiser steps that it has taken.
        """
        write(self.best_path)
        self.best_step = step
        if not math.isnan(value):
            self.best_value = value

    def save_state(self, values: dict[str, Any]) -> None:
        """Write the state of training: tensors and plain values."""
        save_tensors(self.last_path, values)

    def load_state(self) -> dict[str, Any]:
        """Read the state of training.

        Raises:
            FileNotFoundError: no such file.
            ValueError: the file is damaged, or holds anything but tensors and plain values.
        """
        return read_tensors(self.last_path)

    def state_dict(self) -> dict[str, Any]:
        """Return which model is the best so far."""
        return {"best_value": self.best_value, "best_step": self.best_step}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore which model is the best so far, wherever its folder lies now."""
        self.best_value, self.best_step = float(state["best_value"]), int(state["best_step"])
