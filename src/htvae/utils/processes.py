"""Several processes that share work through a folder: which one this is, and which others are alive.

They do not talk to each other. While it works, each touches a file of its own in the folder every few
seconds; one whose file no longer changes has ended, however that came about. This holds on any system and
across machines that share the folder.
"""

import contextlib
import math
import os
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

INTERVAL = 2.0
"""Seconds between two signs of life."""
PATIENCE = 30.0
"""Seconds without a sign of life (not even a first one) after which a process counts as ended."""


@dataclass(frozen=True)
class Rank:
    """Which process this is, of how many."""

    index: int
    count: int

    def __str__(self) -> str:
        return f"process {self.index + 1} of {self.count}"


def find_rank() -> Rank:
    """Return this process's place among those that torchrun started; alone, where nothing started several.

    Raises:
        ValueError: ``RANK`` and ``WORLD_SIZE`` in the environment do not fit each other.
    """
    texts = os.environ.get("RANK"), os.environ.get("WORLD_SIZE")
    if texts == (None, None):
        return Rank(0, 1)
    index, count = (int(text) if text and text.isdecimal() else -1 for text in texts)
    if not 0 <= index < count:
        raise ValueError(
            "RANK and WORLD_SIZE in the environment must be whole numbers, 0 <= RANK < WORLD_SIZE, as "
            f"torchrun sets them, but are {texts[0]!r} and {texts[1]!r}. Unset both, or set both."
        )
    return Rank(index, count)


@contextlib.contextmanager
def interrupt_on_terminate() -> Iterator[None]:
    """Let SIGTERM, by which torchrun and clusters end processes, raise KeyboardInterrupt as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():  # Python sets handlers in that one alone
        yield
        return
    earlier = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, earlier)


class SignsOfLife:
    """Shows the others in a folder that this process is alive, and watches them; alone, it does nothing.

    Used as a context manager. The folder is made; it is removed in the end if nothing else is in it.

    Args:
        folder: that all processes share.
        rank: of this process.
    """

    def __init__(self, folder: Path, rank: Rank) -> None:
        self.folder = folder
        self.rank = rank
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep_touching, daemon=True)
        self._seen: dict[int, tuple[int | None, float]] = {}

    def __enter__(self) -> "SignsOfLife":
        if self.rank.count > 1:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._path(self.rank.index).touch()
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.rank.count > 1:
            self._ended.set()
            self._thread.join()
            self._path(self.rank.index).unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # others are at work there
                self.folder.rmdir()

    def wait_for(self, needed: Callable[[], Collection[int]]) -> None:
        """Wait while ``needed()`` names processes that are alive; so, in the end, for none or the dead."""
        while {index for index in needed() if self._is_alive(index)}:
            time.sleep(INTERVAL / 4)

    def _is_alive(self, index: int) -> bool:
        """Return whether a process shows itself, may still be starting, or has only just fallen silent."""
        try:
            stamp = self._path(index).stat().st_mtime_ns
        except OSError:
            stamp = None
        now = time.monotonic()
        earlier, since = self._seen.setdefault(index, (stamp, now))
        if stamp != earlier:
            since = -math.inf if stamp is None else now  # without its file: it has ended in an orderly way
            self._seen[index] = (stamp, since)
        return now - since < PATIENCE

    def _keep_touching(self) -> None:
        while not self._ended.wait(INTERVAL):
            with contextlib.suppress(OSError):  # whoever finished last has removed the folder
                self._path(self.rank.index).touch()

    def _path(self, index: int) -> Path:
        return self.folder / f"process-{index}.alive"
