"""When training ends before its last step."""

import math
from typing import Any


class EarlyStopping:
    """Counts validations that brought nothing better.

    Args:
        patience: validations without a better result before training should end.
        start_step: optimiser step from which validations count. Before it a warm-up would look like a
            standstill.
    """

    def __init__(self, patience: int = 20, start_step: int = 0) -> None:
        self.patience = patience
        self.start_step = start_step
        self.best = math.inf
        self.wait_count = 0

    @property
    def should_stop(self) -> bool:
        """Whether patience has run out."""
        return self.wait_count >= self.patience

    def update(self, value: float, step: int) -> None:
        """Count a validation.

        Args:
            value: the figure that is followed; lower is better.
            step: optimiser steps taken so far.
        """
        if step < self.start_step:
            return
        self.wait_count = 0 if value < self.best else self.wait_count + 1
        self.best = min(self.best, value)

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed run needs."""
        return {"best": self.best, "wait_count": self.wait_count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the wait count, but keep this run's patience."""
        self.best, self.wait_count = float(state["best"]), int(state["wait_count"])
