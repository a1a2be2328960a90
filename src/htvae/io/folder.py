"""Reading a folder of recordings: pose CSVs, or the files of trackers.

- Every file that some format recognises is read, except ``manifest.csv`` and ``frame_labels.csv``.
- The name of a recording is its file's path relative to the folder, without suffix; individuals of one file
  are ``file/individual``.
- Large folders are read by several processes in parallel.
- All faults of all files are reported at once.
"""

import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from htvae.config import DataConfig, ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats.base import NamedSource
from htvae.io.listing import Listing, list_folder
from htvae.io.metadata import join_metadata
from htvae.io.recordings import build_recordings
from htvae.io.sources import find_sources
from htvae.poses.sequence import PoseSequence
from htvae.utils.text import list_names, printable

_POOL_SECONDS = 3.0
"""Estimated reading time (s) above which starting a pool of processes saves time."""
_SECONDS_PER_FILE = 2e-3
_SECONDS_PER_FRAME_FILE = 2e-4
_SECONDS_PER_BYTE = 1.2e-8
_SECONDS_BETWEEN_LINES = 10.0
"""Time (s) between two log lines about progress."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ReadSource:
    """Result of reading one source: its recordings, or its faults."""

    name: str
    file: str
    """The file, or the folder of single frames, for messages."""
    format: str
    """Name of the format."""
    sequences: list[PoseSequence] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Messages about what is unusual, but accepted."""
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class ReadFolder:
    """Result of reading a folder, without manifest and labels."""

    sources: list[ReadSource]
    """Sorted by name, faulty ones too."""
    passed_over: list[str]
    """Sentences about files that are not read."""
    faults: list[str]
    """Faults of files that are no source."""
    listing: Listing

    @property
    def sequences(self) -> list[PoseSequence]:
        """All recordings, sorted by name."""
        return sorted((s for source in self.sources for s in source.sequences), key=lambda s: s.name)

    @property
    def all_faults(self) -> list[str]:
        """All faults, those of single sources last."""
        repeated = find_repeated_names(self.sources)
        return [*self.faults, *repeated, *(fault for source in self.sources for fault in source.faults)]

    @property
    def names(self) -> list[str]:
        """Names of all sources and recordings."""
        return [name for s in self.sources for name in (s.name, *(own.name for own in s.sequences))]


def find_repeated_names(sources: Sequence[ReadSource]) -> list[str]:
    """Return a fault for each name that several recordings of a folder have."""
    files: dict[str, list[str]] = {}
    for source in sources:
        for sequence in source.sequences:
            files.setdefault(sequence.name, []).append(source.file)
    return [
        f"recordings must have different names, but {len(own)} of {list_names(dict.fromkeys(own))} are "
        f"called {printable(name)}. Rename a file or an individual."
        for name, own in files.items()
        if len(own) > 1
    ]


def read_folder(
    data_dir: Path, config: DataConfig, num_processes: int | None = None, show_progress: bool = True
) -> list[PoseSequence]:
    """Read all recordings of a folder, sorted by name, and add manifest and frame labels to them.

    Args:
        data_dir: the folder.
        config: the reading settings, and ``fps`` for recordings whose rate is unknown.
        num_processes: number of processes that read in parallel. None: one per processor, or this process
            alone where there is little to read. New processes import the calling script, so a script that
            reads a large folder needs ``if __name__ == "__main__":``.
        show_progress: whether to show a bar on a terminal, or to log a line every 10 s elsewhere.

    Raises:
        FileNotFoundError: no such folder, or no file of recordings in it.
        DataError: with all faults of all files.
    """
    return complete(read_sources(data_dir, config, num_processes, show_progress), data_dir, config)


def complete(read: ReadFolder, data_dir: Path, config: DataConfig) -> list[PoseSequence]:
    """Return the recordings with manifest and frame labels, sorted by name; log what is unusual.

    Raises:
        DataError: with all faults of all files.
    """
    completed, metadata_faults = join_metadata(read.sequences, read.names, data_dir, config.fps)
    if read.all_faults or metadata_faults:
        raise DataError([*metadata_faults, *read.all_faults])
    report_notes(read)
    return completed


def read_sources(
    data_dir: Path,
    config: ReadingConfig,
    num_processes: int | None = None,
    show_progress: bool = True,
    read: Callable[..., "ReadSource"] | None = None,
) -> ReadFolder:
    """Read all files, faulty ones too, without manifest and labels.

    Args:
        data_dir: the folder.
        config: the reading settings.
        num_processes: see `read_folder`.
        show_progress: see `read_folder`.
        read: function that reads one source, called in other processes, too. None: `read_source`.
    """
    listing = list_folder(data_dir)
    found = find_sources(data_dir, listing.files, config)
    sources = found.sources
    read_one = partial(read or read_source, config=config)
    processes = _count_processes(sources) if num_processes is None else num_processes
    results: list[ReadSource] | None = None
    if processes > 1:
        try:
            results = list(_show(_map_in_pool(read_one, sources, processes), len(sources), show_progress))
        except BrokenProcessPool:
            log.warning(
                "The processes that read in parallel ended early; this process reads on alone. "
                'Does the script lack `if __name__ == "__main__":`?'
            )
    if results is None:
        results = list(_show(map(read_one, sources), len(sources), show_progress))
    return ReadFolder(sources=results, passed_over=found.passed_over, faults=found.faults, listing=listing)


def read_source(named: NamedSource, config: ReadingConfig) -> ReadSource:
    """Read one source; its faults become part of the result."""
    name, source, known = named
    result = ReadSource(name=name, file=source.shown, format=known.name)
    try:
        sequences, notes = build_recordings(known.read(source, config), config, name, source.shown)
    except DataError as error:
        return replace(result, faults=error.faults)
    return replace(result, sequences=sequences, notes=notes)


def report_notes(read: ReadFolder) -> None:
    """Log what is unusual, but accepted: one line per kind, not per file."""
    for sentence in read.passed_over:
        log.warning("%s", sentence)
    kinds = Counter(note for source in read.sources for note in source.notes)
    for note, count in kinds.items():
        first = next(source.name for source in read.sources if note in source.notes)
        log.warning(
            "%s: %s%s", printable(first), note, f" (and {count - 1:,} more files)" if count > 1 else ""
        )


def _count_processes(sources: Sequence[NamedSource]) -> int:
    """Return the number of processors, or 1 where starting processes would take longer than reading."""
    seconds = sum(map(_estimate_seconds, sources))
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(processors, len(sources)) if seconds > _POOL_SECONDS else 1


def _estimate_seconds(named: NamedSource) -> float:
    files = named.source.frame_files
    if files:
        return _SECONDS_PER_FILE + _SECONDS_PER_FRAME_FILE * len(files)
    return _SECONDS_PER_FILE + _SECONDS_PER_BYTE * named.source.path.stat().st_size


def _map_in_pool(
    read: "partial[ReadSource]", sources: Sequence[NamedSource], num_processes: int
) -> Iterator[ReadSource]:
    # Fresh processes, not forks: a fork of a process with threads (torch has them) can hang.
    chunk = max(1, min(32, len(sources) // (4 * num_processes)))
    pool = ProcessPoolExecutor(num_processes, mp_context=get_context("spawn"))
    try:
        yield from pool.map(read, sources, chunksize=chunk)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _show(results: Iterable[ReadSource], total: int, show_progress: bool) -> Iterator[ReadSource]:
    """Yield the results; show a bar on a terminal, or log a line from time to time elsewhere."""
    import tqdm

    on_terminal = show_progress and os.isatty(2)
    last_line = time.monotonic()
    for count, result in enumerate(
        tqdm.tqdm(results, "Reading", total, unit="file", disable=not on_terminal), 1
    ):
        if show_progress and not on_terminal and time.monotonic() - last_line > _SECONDS_BETWEEN_LINES:
            log.info("Read %d of %d recordings.", count, total)
            last_line = time.monotonic()
        yield result
