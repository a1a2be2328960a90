"""A file lock that the system releases when its process ends, even if the process is killed."""

import errno
import logging
import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from htvae.utils.files import naming_errors

logger = logging.getLogger(__name__)

_HELD = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
_FAR_BEYOND = 1 << 30  # Windows locks bytes, which no other process may then read


class LockHeldError(OSError):
    """Another process holds the lock. The message names that process, the time, and what to do."""


@contextmanager
def hold_lock(path: Path, advice: str = "Wait until it has ended.", wait: float = 0.0) -> Iterator[None]:
    """Hold a lock file during the block. The file names the process that holds the lock, and is not removed.

    Children that are forked during the block do not hold the lock, since children of a killed process may
    live on for a while.

    Args:
        path: the lock file; its folder must exist.
        advice: sentence that tells the user what to do if another process holds the lock.
        wait: time to keep trying (s).

    Raises:
        LockHeldError: another process holds the lock.
        OSError: the file cannot be written.
    """
    deadline = time.monotonic() + wait
    with path.open("a+b", buffering=0) as file:
        while not _try_to_lock(file.fileno(), path):
            if time.monotonic() >= deadline:
                file.seek(0)
                holder = file.read().decode(errors="replace").strip() or "another process"
                raise LockHeldError(
                    f"{path.parent} must not be in use, but {holder} is at work in it. {advice}"
                )
            time.sleep(0.05)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=file.close)
        now = datetime.now().strftime("%Y-%m-%d %H:%M:%S")
        with naming_errors(path):
            file.truncate(0)
            file.write(f"process {os.getpid()} on {platform.node()} (since {now})\n".encode())
        yield


def _try_to_lock(descriptor: int, path: Path) -> bool:
    """Lock an open file; return False if another process holds the lock.

    A file system without locks gives a warning and True.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, _FAR_BEYOND, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        logger.warning(
            "%s cannot be locked (%s). Make sure that no other process uses its folder.",
            path,
            error.strerror,
        )
    return True
