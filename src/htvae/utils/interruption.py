"""Ending long work between two steps: on Ctrl-C, when the system asks for it, or when time is up."""

import logging
import math
import signal
import threading
import time
from typing import Any

logger = logging.getLogger(__name__)


class EndRequest:
    """Listens for SIGINT and SIGTERM, and watches the clock. A second Ctrl-C ends at once.

    Args:
        seconds: time from the start of listening after which the work should end. None: no limit.
    """

    def __init__(self, seconds: float | None = None) -> None:
        self.seconds = math.inf if seconds is None else seconds
        self.asked = False
        self._start = time.monotonic()
        self._handlers: dict[signal.Signals, Any] = {}

    @property
    def wanted(self) -> bool:
        """Whether the work should end now, asked for or out of time."""
        return self.asked or time.monotonic() - self._start >= self.seconds

    def read(self) -> tuple[bool, bool]:
        """Return `asked` and `wanted` of one moment."""
        asked = self.asked
        return asked, asked or self.wanted

    def __enter__(self) -> "EndRequest":
        """Begin to listen and start the clock. Python lets only the main thread listen."""
        self.asked, self._start = False, time.monotonic()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._handlers[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *exception: object) -> None:
        """Give the signals back."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}

    def _ask(self, number: int, frame: Any) -> None:
        if self.asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.asked = True
        logger.info("Ending after this step; Ctrl-C once more ends at once.")
