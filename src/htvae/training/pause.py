"""Ending a run so that it can go on exactly: on Ctrl-C, when the system asks for it, or when time is up."""

import time
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.callbacks import Checkpoint

from htvae.utils.callbacks import Paused, is_between_steps
from htvae.utils.interruption import EndRequest


class Pause(Checkpoint):
    """Raises `Paused` after the step, or the validation, during which the end was asked for.

    A second Ctrl-C ends at once; what the last validation saved is then what a run goes on from. It counts as
    a Checkpoint so that Lightning runs it last, after everything is saved.

    Args:
        minutes: time (minutes) from the start of training after which it ends. None: no limit.
    """

    def __init__(self, minutes: float | None = None) -> None:
        self.seconds = float("inf") if minutes is None else 60 * minutes
        self.start = time.monotonic()
        self.started = False
        self.request = EndRequest()

    @property
    def asked(self) -> bool:
        """Whether the end was asked for, other than by the clock."""
        return self.request.asked

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock, and listen."""
        self.start, self.started = time.monotonic(), True
        self.request.listen()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """End here if it was asked for."""
        if is_between_steps(trainer):
            self._end_if_wanted(trainer)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """End here if it was asked for."""
        self._end_if_wanted(trainer)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Listen no more."""
        self.request.stop_listening()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Listen no more."""
        self.request.stop_listening()

    def _end_if_wanted(self, trainer: pl.Trainer) -> None:
        wanted = self.asked or time.monotonic() - self.start >= self.seconds
        if trainer.strategy.reduce_boolean_decision(wanted, all=False):
            raise Paused
