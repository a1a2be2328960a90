"""Base of the guards: each says a thing once, in the first process."""

import logging

from htvae.training.loop import Callback, Loop

logger = logging.getLogger(__name__)


class Guard(Callback):
    """A callback that looks out for a fault and describes it in words while a run goes on."""

    def __init__(self) -> None:
        self.said: set[str] = set()

    def warn(self, loop: Loop, topic: str, message: str) -> None:
        """Log a warning, unless this run has said something on the topic or another process speaks."""
        if topic not in self.said and loop.world.rank == 0:
            logger.warning(message)
        self.said.add(topic)
