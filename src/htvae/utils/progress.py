"""Progress of long work: a bar on a terminal, plain lines elsewhere; rate and time left in both."""

import logging
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

from tqdm import tqdm

from htvae.utils.text import format_duration

logger = logging.getLogger(__name__)

Item = TypeVar("Item")
LINE_INTERVAL = 20.0  # seconds between plain lines


class Progress:
    """Counts steps of some work.

    Args:
        name: what is done.
        total: steps in all.
        done: steps that were done before.
    """

    def __init__(self, name: str, total: int, done: int = 0) -> None:
        self.name, self.total, self.start = name, total, done
        self.began = self.last_line = time.monotonic()
        self.bar = tqdm(total=total, initial=done, desc=name) if sys.stderr.isatty() else None

    def update(self, done: int, figures: str = "") -> None:
        """Show that so many steps are done."""
        if self.bar is not None:
            self.bar.update(done - self.bar.n)
            if figures:
                self.bar.set_postfix_str(figures)
            return
        now = time.monotonic()
        if figures or now - self.last_line >= LINE_INTERVAL:
            rate = max(done - self.start, 1e-9) / max(now - self.began, 1e-9)
            logger.info(
                "%s: %3.0f %%  step %d of %d  %.2f steps/s  %s left%s",
                *(self.name, 100 * done / max(self.total, 1), done, self.total, rate),
                *(format_duration((self.total - done) / rate), f"  {figures}" if figures else ""),
            )
            self.last_line = now

    def close(self) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.close()


def track(name: str, items: Sequence[Item]) -> Iterator[Item]:
    """Yield items and show how many of them are done."""
    progress = Progress(name, len(items))
    try:
        for done, item in enumerate(items, 1):
            yield item
            progress.update(done)
    finally:
        progress.close()
