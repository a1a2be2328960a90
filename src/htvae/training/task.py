"""What the training loop asks of whatever it trains."""

from pathlib import Path
from typing import Any, Protocol

from torch import Tensor, nn


class Task(Protocol):
    """What is trained."""

    name: str
    """Word for messages, such as "the prior"."""
    unit: str
    """What progress counts, such as "frames"."""
    loss_unit: str
    """Unit of the validation loss."""
    followed: str
    """Validation figure that the best model and patience follow; lower is better."""
    model: nn.Module
    """Network whose weights move."""

    total_steps: int
    """Optimiser steps of the whole run."""
    done: int
    """Units done so far."""
    total: int
    """Units of the whole run."""

    @property
    def growth(self) -> float:
        """How many times the data of the first steps the step has whose data was drawn last."""

    def is_done(self, step: int) -> bool:
        """Return whether a run that has taken these steps has come to its end."""

    def draw(self, step: int) -> Any:
        """Return the data of a step."""

    def compute_gradients(self, batch: Any, step: int) -> dict[str, float]:
        """Add up this process's gradients of a step, and return the parts of the loss over all processes."""

    def finish_step(self, losses: dict[str, float]) -> dict[str, float]:
        """Note that a step is done, and return further figures to log."""

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Return figures of a model over all processes, the loss and the followed one among them.

        There are none without data.
        """

    def write_model(self, path: Path, state: dict[str, Tensor], figures: dict[str, float]) -> None:
        """Write a model file."""

    def identity(self) -> dict[str, Any]:
        """Return plain values that a resumed run must share."""

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed run needs beside weights and optimiser."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a saved state."""
