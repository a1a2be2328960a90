"""Progress of long work: a bar on a terminal, plain lines elsewhere; both with rate and time left.

Where somebody listens (`htvae.utils.listening`), it is told to them alone.
"""

import logging
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TypeVar

from tqdm import tqdm

from htvae.utils.listening import is_heard, tell
from htvae.utils.text import format_duration

logger = logging.getLogger(__name__)

Item = TypeVar("Item")
LINE_INTERVAL = 20.0
"""Seconds between two plain lines."""


class Progress:
    """Counts units of some work.

    Args:
        name: the work.
        total: units in all.
        done: units done before.
        unit: word for the units.
    """

    def __init__(self, name: str, total: int, done: int = 0, unit: str = "steps") -> None:
        self.name, self.total, self.start, self.done, self.unit = name, total, done, done, unit
        self.began = self.last_line = time.monotonic()
        self.bar = (
            tqdm(total=total, initial=done, desc=name, unit=f" {unit}", unit_scale=total >= 10_000)
            if sys.stderr.isatty() and not is_heard()
            else None
        )

    def update(self, done: int, figures: str = "") -> None:
        """Show how far the work is; without a bar, figures always make a line."""
        self.done = done
        if is_heard():
            tell(done / max(self.total, 1))
            return
        if self.bar is not None:
            self.bar.update(done - self.bar.n)
            if figures:
                self.bar.set_postfix_str(figures)
            return
        now = time.monotonic()
        if figures or now - self.last_line >= LINE_INTERVAL:
            logger.info(
                "%s: %3.0f %%  %s of %s %s%s%s",
                self.name,
                min(100, 100 * done / max(self.total, 1)),
                _count(done, self.total),
                _count(self.total, self.total),
                self.unit,
                self._describe_rate(done, now),
                f"  {figures}" if figures else "",
            )
            self.last_line = now

    def _describe_rate(self, done: int, now: float) -> str:
        """Return rate and time left in words; empty before anything was done."""
        if done == self.start:
            return ""
        rate = (done - self.start) / max(now - self.began, 1e-9)
        words = f"{rate:,.0f}" if rate >= 100 else f"{rate:.2g}"
        return f"  {words}/s  {format_duration(max(0, self.total - done) / rate)} left"

    def close(self) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None

    def describe(self) -> str:
        """Return how much was done in what time."""
        seconds, count = time.monotonic() - self.began, self.done - self.start
        rate = count / max(seconds, 1e-9)
        return f"{count:,} {self.unit} in {format_duration(seconds)} ({rate:,.{0 if rate >= 100 else 1}f}/s)"


def track(name: str, items: Sequence[Item], costs: Sequence[int] | None = None) -> Iterator[Item]:
    """Yield items and show how much is done: the number of items, or the sum of their ``costs``."""
    costs = [1] * len(items) if costs is None else costs
    progress = Progress(name, sum(costs))
    try:
        for item, done in zip(items, accumulate(costs), strict=True):
            yield item
            progress.update(done)
    finally:
        progress.close()


def _count(number: int, total: int) -> str:
    return f"{number / 1e6:.2f} M" if total >= 1_000_000 else f"{number:,}"
