"""Saving what users make: never over a file of theirs."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from htvae.analysis.groups.motif_measures import NamedMotifs
from htvae.analysis.search.clicks import Quality
from htvae.analysis.search.detector import Detector
from htvae.inference.model import TrainedModel


@dataclass(frozen=True)
class Savers:
    """How the commands write the files that they read again."""

    detector: Callable[[Path, Detector, Quality, TrainedModel], None]
    motifs: Callable[[Path, NamedMotifs, TrainedModel], None]
    """Writes fitted motifs to a file, without names and merges."""


@dataclass(frozen=True)
class Shelf:
    """Files that were saved since the start: these may be replaced, all others are kept."""

    _own: dict[Path, tuple[int, int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def save(self, path: Path, write: Callable[[Path], object]) -> Path | None:
        """Write a file; one that is there and was not saved here, or was changed since, gets another name.

        Returns:
            That other name's path; None where nothing was in the way.
        """
        with self._lock:
            is_foreign = path.exists() and self._own.get(path) != _stamp(path)
            kept = _keep(path) if is_foreign else None
            write(path)
            self._own[path] = _stamp(path)
            return kept


def say_saved(path: Path, *kept: Path | None) -> str:
    """Return in words where something was saved."""
    names = [own.name for own in kept if own is not None]
    further = f" What was there is now {' and '.join(names)}." if names else ""
    return f"Saved as {path.resolve()}.{further}"


def _keep(path: Path) -> Path:
    """Give a file another name in its folder, and return that."""
    number = 1
    while (other := path.with_name(f"{path.stem}.earlier-{number}{path.suffix}")).exists():
        number += 1
    return path.rename(other)


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size
