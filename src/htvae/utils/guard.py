"""A callback that warns: each thing once, by one process."""

import logging

import lightning.pytorch as pl
from lightning.pytorch.callbacks import Callback

logger = logging.getLogger(__name__)


class Guard(Callback):
    """Base of callbacks that look out for something and say it in words while a run goes on."""

    def __init__(self) -> None:
        self.said: set[str] = set()

    def warn(self, trainer: pl.Trainer, topic: str, message: str) -> None:
        """Log a warning, unless something was said on this topic in this run or another process speaks."""
        if topic not in self.said and trainer.is_global_zero:
            logger.warning(message)
        self.said.add(topic)
