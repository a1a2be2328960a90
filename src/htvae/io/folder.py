"""Reading a folder of pose CSVs.

- Every ``*.csv`` below the folder is a recording, except ``manifest.csv`` and ``frame_labels.csv``.
- The name of a recording is its path relative to the folder, without suffix.
- Large folders are read by several processes in parallel.
- All faults of all files are reported at once.
"""

import logging
import os
import stat
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from htvae.config import DataConfig
from htvae.io.faults import DataError, describe_os_error, name_faults
from htvae.io.metadata import (
    FRAME_LABELS,
    MANIFEST,
    join_metadata,
    recording_name,
)
from htvae.io.pose_csv import parse_pose_csv
from htvae.poses.sequence import PoseSequence
from htvae.utils.text import printable

_POOL_SECONDS = 3.0
"""Estimated reading time (s) above which starting a pool of processes saves time."""
_SECONDS_PER_FILE = 2e-3
_SECONDS_PER_BYTE = 1.2e-8
_SECONDS_BETWEEN_LINES = 10.0
"""Time (s) between two log lines about progress."""

log = logging.getLogger(__name__)


class RecordingFile(NamedTuple):
    """A file that holds a recording."""

    name: str
    """Name of the recording."""
    relative: str
    """Path relative to the data folder, with slashes."""
    size: int
    """Bytes."""
    changed: int
    """Time of the last change (ns since 1970)."""


@dataclass(frozen=True, kw_only=True)
class ReadRecording:
    """Result of reading one file: a sequence, or faults."""

    name: str
    sequence: PoseSequence | None
    notes: list[str]
    """Messages about what is unusual, but accepted."""
    faults: list[str]


def list_recordings(data_dir: Path) -> list[Path]:
    """Return the paths of `find_recordings`."""
    return [data_dir / file.relative for file in find_recordings(data_dir)]


def find_recordings(data_dir: Path) -> list[RecordingFile]:
    """Return the CSV files of the recordings, sorted by name. Names that begin with a dot are skipped.

    Raises:
        FileNotFoundError: no such folder, or no recording in it.
        DataError: folders that cannot be read, or file names that cannot be used.
    """
    shown = printable(data_dir)
    _check_is_folder(data_dir, shown)
    found: dict[str, list[str]] = {}
    faults: list[str] = []
    for relative in _walk(data_dir, faults):
        folder, _, file = relative.rpartition("/")
        if file not in (MANIFEST, FRAME_LABELS):
            found.setdefault(recording_name(relative), []).append(relative)
        elif folder:
            faults.append(
                f"{printable(relative)}: must lie in {shown} itself, but lies in a subfolder. "
                f"Add its rows to the {file} there, with `file` relative to {shown}."
            )
    recordings = []
    for name, paths in sorted(found.items()):
        faults += _check_name(name, paths)
        for relative in paths:
            try:
                status = os.stat(f"{data_dir}/{relative}")
            except OSError as error:
                faults.append(describe_os_error(printable(relative), error))
            else:
                recordings.append(RecordingFile(name, relative, status.st_size, status.st_mtime_ns))
    if faults:
        raise DataError(faults)
    if not recordings:
        raise FileNotFoundError(
            f"No *.csv files in {shown} (looked also in its subfolders). Put one CSV per recording there, "
            "or try: python -m htvae demo"
        )
    return recordings


def read_folder(
    data_dir: Path, config: DataConfig, num_processes: int | None = None, show_progress: bool = True
) -> list[PoseSequence]:
    """Read all recordings of a folder, sorted by name, and add manifest and frame labels to them.

    Args:
        data_dir: the folder.
        config: the reading settings.
        num_processes: number of processes that read in parallel. None: one per processor, or this process
            alone where there is little to read. New processes import the calling script, so a script that
            reads a large folder needs ``if __name__ == "__main__":``.
        show_progress: whether to show a bar on a terminal, or to log a line every 10 s elsewhere.

    Raises:
        FileNotFoundError: no such folder, or no recording in it.
        DataError: with all faults of all files.
    """
    recordings = read_recordings(data_dir, config, num_processes, show_progress)
    sequences = [recording.sequence for recording in recordings if recording.sequence is not None]
    faults = [fault for recording in recordings for fault in recording.faults]
    completed, metadata_faults = join_metadata(
        sequences, [recording.name for recording in recordings], data_dir
    )
    if faults or metadata_faults:
        raise DataError([*metadata_faults, *faults])
    report_notes(recordings)
    return completed


def read_recordings(
    data_dir: Path, config: DataConfig, num_processes: int | None = None, show_progress: bool = True
) -> list[ReadRecording]:
    """Read all recordings, faulty ones too, without manifest and labels. Arguments: see `read_folder`."""
    paths = list_recordings(data_dir)
    read = partial(_read_one, data_dir=data_dir, config=config)
    processes = _count_processes(paths) if num_processes is None else num_processes
    if processes > 1:
        try:
            return list(_show(_map_in_pool(read, paths, processes), len(paths), show_progress))
        except BrokenProcessPool:
            log.warning(
                "The processes that read in parallel ended early; this process reads on alone. "
                'Does the script lack `if __name__ == "__main__":`?'
            )
    return list(_show(map(read, paths), len(paths), show_progress))


def report_notes(recordings: Sequence[ReadRecording]) -> None:
    """Log what is unusual, but accepted: one line per kind, not per file."""
    kinds = Counter(note for recording in recordings for note in recording.notes)
    for note, count in kinds.items():
        first = next(recording.name for recording in recordings if note in recording.notes)
        log.warning(
            "%s: %s%s", printable(first), note, f" (and {count - 1:,} more files)" if count > 1 else ""
        )


def _check_is_folder(data_dir: Path, shown: str) -> None:
    try:
        mode = data_dir.stat().st_mode
    except FileNotFoundError:
        message = (
            f"data_dir must be a folder, but {shown} does not exist (looked from {printable(Path.cwd())})."
        )
        raise FileNotFoundError(f"{message} Correct the path, or try: python -m htvae demo") from None
    except OSError as error:
        raise DataError([describe_os_error(shown, error)]) from error
    if not stat.S_ISDIR(mode):
        raise DataError(
            [f"data_dir must be a folder, but {shown} is a file. Give the folder that it lies in."]
        )


def _walk(data_dir: Path, faults: list[str]) -> Iterator[str]:
    """Yield the relative paths of all CSV files below a folder; follow links, and visit each folder once."""
    visited = set()

    def note_error(error: OSError) -> None:
        faults.append(describe_os_error(printable(error.filename), error))

    for folder, subfolders, files in os.walk(data_dir, onerror=note_error, followlinks=True):
        visited.add(os.path.realpath(folder))
        subfolders[:] = [
            name
            for name in subfolders
            if not name.startswith(".") and os.path.realpath(Path(folder, name)) not in visited
        ]
        relative = Path(folder).relative_to(data_dir).as_posix()
        above = "" if relative == "." else f"{relative}/"
        for name in files:
            if name.lower().endswith(".csv") and not name.startswith("."):
                yield above + name


def _check_name(name: str, paths: Sequence[str]) -> list[str]:
    faults = []
    if len(paths) > 1:
        files = " and ".join(map(printable, paths))
        faults.append(f"recordings must have different names, but {files} have the same one. Rename one.")
    if not name or any("\\" in path for path in paths):
        found = "has one" if name else "is empty"
        faults.append(
            f"{printable(paths[0])}: a file name must have no backslash, but {found}. Rename the file."
        )
    faults += name_faults(name, printable(paths[0]))
    return faults


def _read_one(path: Path, data_dir: Path, config: DataConfig) -> ReadRecording:
    relative = path.relative_to(data_dir)
    name = recording_name(str(relative))
    try:
        sequence, notes = parse_pose_csv(path, config, name, printable(relative))
    except DataError as error:
        return ReadRecording(name=name, sequence=None, notes=[], faults=error.faults)
    return ReadRecording(name=name, sequence=sequence, notes=notes, faults=[])


def _count_processes(paths: Sequence[Path]) -> int:
    """Return the number of processors, or 1 where starting processes would take longer than reading."""
    seconds = sum(_SECONDS_PER_FILE + _SECONDS_PER_BYTE * path.stat().st_size for path in paths)
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(processors, len(paths)) if seconds > _POOL_SECONDS else 1


def _map_in_pool(
    read: "partial[ReadRecording]", paths: Sequence[Path], num_processes: int
) -> Iterator[ReadRecording]:
    # Fresh processes, not forks: a fork of a process with threads (torch has them) can hang.
    chunk = max(1, min(32, len(paths) // (4 * num_processes)))
    pool = ProcessPoolExecutor(num_processes, mp_context=get_context("spawn"))
    try:
        yield from pool.map(read, paths, chunksize=chunk)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _show(results: Iterable[ReadRecording], total: int, show_progress: bool) -> Iterator[ReadRecording]:
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
