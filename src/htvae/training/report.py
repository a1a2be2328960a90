"""What a user sees of a run: a bar on a terminal, plain lines elsewhere."""

import logging

from htvae.metrics.units import TORSO_LENGTHS
from htvae.training.loop import Callback, Loop
from htvae.utils.progress import Progress

logger = logging.getLogger(__name__)

SHOWN = {
    "mpjpe": "error {:.4f} {unit}",
    "loss": "loss {:.4f} {loss_unit}",
    "frechet": "Frechet distance {:.1f}",
}
"""Figures of a validation that progress shows."""


class ProgressReport(Callback):
    """Shows how far a run is: rate, time left and the newest figures.

    Args:
        unit: of distances, see `htvae.metrics.units`.
    """

    def __init__(self, unit: str = TORSO_LENGTHS) -> None:
        self.unit = unit
        self.progress: Progress | None = None

    def on_train_start(self, loop: Loop) -> None:
        """Start the clock."""
        task = loop.task
        self.progress = Progress(task.name.capitalize(), task.total, task.done, task.unit)

    def on_step_end(self, loop: Loop) -> None:
        """Move on."""
        if self.progress is not None:
            self.progress.update(loop.task.done)

    def on_validation_end(self, loop: Loop) -> None:
        """Show the figures of the validation."""
        shown = [
            words.format(loop.figures[name], unit=self.unit, loss_unit=loop.task.loss_unit)
            for name, words in SHOWN.items()
            if name in loop.figures
        ]
        if self.progress is not None and shown:
            self.progress.update(loop.task.done, ", ".join(shown))

    def on_train_end(self, loop: Loop) -> None:
        """Say how long it took."""
        self._close()

    def on_exception(self, loop: Loop, error: BaseException) -> None:
        """Take the bar away."""
        self._close()

    def _close(self) -> None:
        if self.progress is not None:
            self.progress.close()
            if self.progress.done > self.progress.start:
                logger.info("%s: %s.", self.progress.name, self.progress.describe())
            self.progress = None
