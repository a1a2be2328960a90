"""Several processes that share work through a folder: which of the others are alive.

They do not talk to each other. While it works, each touches a file of its own in the folder every few
seconds; one whose file no longer changes has ended, however that came about. This holds on any system and
across machines that share the folder.
"""

import contextlib
import math
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from htvae.utils.world import World

INTERVAL = 2.0
"""Seconds between two signs of life."""
PATIENCE = 30.0
"""Seconds without a sign of life (not even a first one) after which a process counts as ended."""


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
        world: the place of this process.
    """

    def __init__(self, folder: Path, world: World) -> None:
        self.folder = folder
        self.world = world
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep_touching, daemon=True)
        self._seen: dict[int, tuple[int | None, float]] = {}

    def __enter__(self) -> "SignsOfLife":
        if self.world.size > 1:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._path(self.world.rank).touch()
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.world.size > 1:
            self._ended.set()
            self._thread.join()
            self._path(self.world.rank).unlink(missing_ok=True)
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
                self._path(self.world.rank).touch()

    def _path(self, index: int) -> Path:
        return self.folder / f"process-{index}.alive"
