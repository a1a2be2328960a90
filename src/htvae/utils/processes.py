"""Signs of life of several processes that share work through a folder.

- While a process works, it touches a file of its own in the folder every few seconds.
- A process whose file no longer changes has ended, whatever the reason.
- This works on every system, and across machines that share the folder; processes do not communicate
  otherwise.
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
"""Time (s) between two signs of life."""
PATIENCE = 30.0
"""Time (s) without a sign of life, or without a first one, after which a process counts as ended."""


@contextlib.contextmanager
def interrupt_on_terminate() -> Iterator[None]:
    """Let SIGTERM, by which torchrun and clusters end processes, raise KeyboardInterrupt as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield
        return
    earlier = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, earlier)


class SignsOfLife:
    """Shows other processes that this one is alive, and watches them. A single process does nothing.

    Use it as a context manager. It makes the folder, and removes the folder at the end if it is empty.

    Args:
        folder: folder that all processes share.
        world: rank of this process and number of processes.
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
            with contextlib.suppress(OSError):  # other processes still work there
                self.folder.rmdir()

    def wait_for(self, needed: Callable[[], Collection[int]]) -> None:
        """Block until every process in ``needed()`` has finished or died."""
        while {index for index in needed() if self._is_alive(index)}:
            time.sleep(INTERVAL / 4)

    def _is_alive(self, index: int) -> bool:
        """Return whether a process shows signs of life, may still be starting, or stopped only just now."""
        try:
            stamp = self._path(index).stat().st_mtime_ns
        except OSError:
            stamp = None
        now = time.monotonic()
        earlier, since = self._seen.setdefault(index, (stamp, now))
        if stamp != earlier:
            since = -math.inf if stamp is None else now  # a process that ends regularly removes its file
            self._seen[index] = (stamp, since)
        return now - since < PATIENCE

    def _keep_touching(self) -> None:
        while not self._ended.wait(INTERVAL):
            with contextlib.suppress(OSError):  # the last process to finish has removed the folder
                self._path(self.world.rank).touch()

    def _path(self, index: int) -> Path:
        return self.folder / f"process-{index}.alive"
