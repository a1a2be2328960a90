"""Ending long work between two steps, when Ctrl-C or the system asks for it."""

import logging
import signal
import threading
from typing import Any

logger = logging.getLogger(__name__)


class EndRequest:
    """Listens for SIGINT and SIGTERM; a second Ctrl-C ends at once."""

    def __init__(self) -> None:
        self.asked = False
        self._handlers: dict[signal.Signals, Any] = {}

    def listen(self) -> None:
        """Begin to listen. Where other threads than the main one work, Python lets nobody listen."""
        self.asked = False
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._handlers[number] = signal.signal(number, self._ask)

    def stop_listening(self) -> None:
        """Give the signals back."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}

    def __enter__(self) -> "EndRequest":
        self.listen()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop_listening()

    def _ask(self, number: int, frame: Any) -> None:
        if self.asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.asked = True
        logger.info("Ending after this step; Ctrl-C once more ends at once.")
