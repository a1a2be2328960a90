"""Listing the files of a data folder, before any of them is opened."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from htvae.io.faults import DataError, describe_os_error
from htvae.io.formats.registry import SUFFIXES
from htvae.io.opening import suffix_of
from htvae.io.tables import SKELETON, TABLES
from htvae.utils.text import printable


class ListedFile(NamedTuple):
    """A file that may hold recordings."""

    relative: str
    """Path relative to the data folder, with slashes."""
    size: int
    """Bytes."""
    changed: int
    """Time of the last change (ns since 1970)."""


@dataclass(frozen=True)
class Listing:
    """The files of a data folder, sorted by path. Names that begin with a dot are skipped."""

    files: list[ListedFile]
    """Files whose suffix some format has, without the tables about recordings."""
    others: list[str]
    """Relative paths of files of other kinds."""


def list_folder(data_dir: Path) -> Listing:
    """Return the files of a folder and its subfolders; links are followed, each folder is visited once.

    Raises:
        FileNotFoundError: no such folder, or no file in it that may hold recordings.
        DataError: folders that cannot be read, or tables that lie in a subfolder.
    """
    shown = printable(data_dir)
    _check_is_folder(data_dir, shown)
    faults: list[str] = []
    files, others = [], []
    for relative in sorted(_walk(data_dir, faults)):
        folder, _, name = relative.rpartition("/")
        if name in TABLES:
            if folder:
                how = "." if name == SKELETON else f", with `file` relative to {shown}."
                faults.append(
                    f"{printable(relative)}: must lie in {shown} itself, but lies in a subfolder. "
                    f"Add its rows to the {name} there{how}"
                )
        elif suffix_of(name) not in SUFFIXES:
            others.append(relative)
        else:
            try:
                status = os.stat(f"{data_dir}/{relative}")
            except OSError as error:
                faults.append(describe_os_error(printable(relative), error))
            else:
                files.append(ListedFile(relative, status.st_size, status.st_mtime_ns))
    if faults:
        raise DataError(faults)
    if not files:
        raise FileNotFoundError(describe_empty(data_dir, others))
    return Listing(files, others)


def describe_empty(data_dir: Path, others: list[str]) -> str:
    """Return the sentence on a folder without recordings, which has ``others`` files."""
    found = f", but {len(others):,} of other kinds, such as {printable(others[0])}" if others else ""
    return (
        f"No *.csv files in {printable(data_dir)} (looked also in its subfolders), nor a tracker's{found}. "
        "Put one CSV per recording there, or give a folder of one of the formats in docs/formats.md, or try: "
        "python -m htvae demo"
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
    """Yield the relative paths of all files below a folder."""
    visited = set()

    def note_error(error: OSError) -> None:
        faults.append(describe_os_error(printable(error.filename), error))

    for folder, subfolders, files in os.walk(data_dir, onerror=note_error, followlinks=True):
        real = os.path.realpath(folder)
        if real in visited:
            subfolders.clear()
            continue
        visited.add(real)
        subfolders[:] = sorted(
            (name for name in subfolders if not name.startswith(".")),
            key=lambda name: (os.path.islink(os.path.join(folder, name)), name),
        )
        relative = Path(folder).relative_to(data_dir).as_posix()
        above = "" if relative == "." else f"{relative}/"
        for name in files:
            if not name.startswith("."):
                yield above + name
