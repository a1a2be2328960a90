"""From the files of a folder to its sources: which files hold a recording, and in which format.

- A file is recognised by its content; files of single frames are joined to one source.
- A tracker may write several files of one video (raw and filtered, CSV and H5): the newest is read.
- Files that are no recordings are passed over and named.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from htvae.config import ReadingConfig
from htvae.io.faults import DataError, name_faults
from htvae.io.formats import pose_csv
from htvae.io.formats.base import Format, NamedSource, Refusal
from htvae.io.formats.registry import find_format, per_frame_suffixes, recognise
from htvae.io.listing import ListedFile, describe_empty
from htvae.io.opening import Source, suffix_of
from htvae.io.tables import recording_name
from htvae.io.versions import choose_newest
from htvae.utils.text import list_names, printable

ALWAYS_MEANT = (".csv", ".trc", ".c3d", ".bvh", ".slp", ".nwb", ".pose", ".skeleton")
"""Suffixes of files that somebody means to be read: an unknown one is a fault. Others (JSON, txt, npy, H5)
may hold anything and are passed over."""
_LAST_NUMBER = re.compile(r"(.*?)([0-9]+)([^0-9]*)", re.DOTALL)


@dataclass
class FoundSources:
    """The sources of a folder, and what was said of its other files."""

    sources: list[NamedSource] = field(default_factory=list)
    """Sorted by name."""
    passed_over: list[str] = field(default_factory=list)
    """Sentences about files that are not read, each with what the files are and what to do."""
    faults: list[str] = field(default_factory=list)


def find_sources(data_dir: Path, files: Sequence[ListedFile], config: ReadingConfig) -> FoundSources:
    """Recognise the files of a folder.

    Args:
        data_dir: the folder.
        files: its files, from `list_folder`.
        config: ``source`` forces a format.
    """
    found = FoundSources()
    refused: dict[Refusal, list[str]] = {}
    unknown: list[str] = []
    found.faults += [fault for file in files for fault in _check_name(file.relative)]
    for name, source in _group(data_dir, [file for file in files if not _check_name(file.relative)]):
        try:
            known = recognise(source) if config.source == "auto" else _forced(source, config.source)
        except DataError as error:
            found.faults += error.faults
            continue
        if isinstance(known, Format):
            found.sources.append(NamedSource(name, source, known))
        elif isinstance(known, Refusal):
            refused.setdefault(known, []).append(source.shown)
        elif source.suffix == ".csv" and config.source == "auto":
            found.sources.append(
                NamedSource(name, source, pose_csv.FORMAT)
            )  # whose reader says what it lacks
        elif source.suffix in ALWAYS_MEANT and config.source == "auto":
            found.faults.append(_unknown(source))
        else:
            unknown.append(source.shown)
    found.sources = choose_newest(found.sources, found.passed_over)
    found.faults += _find_twins(found.sources)
    _report(found, refused, unknown, data_dir)
    return found


def open_file(path: Path, config: ReadingConfig) -> NamedSource:
    """Return a file as a source.

    Raises:
        DataError: the file cannot be read, or is no recording.
    """
    source = Source(path, printable(path))
    name = recording_name(path.name)
    faults = _check_name(path.name)
    if faults:
        raise DataError(faults)
    known = recognise(source) if config.source == "auto" else find_format(config.source)
    if known is None and per_frame_suffixes() and config.source == "auto":
        known = recognise(Source(path, printable(path), (path,)))
        source = Source(path, printable(path), (path,)) if known is not None else source
    if isinstance(known, Refusal):
        raise DataError([f"{source.shown}: must be a recording, but is one of {known.name}. {known.remedy}"])
    if known is None and source.suffix != ".csv":
        raise DataError([_unknown(source)])
    return NamedSource(name, source, known or pose_csv.FORMAT)


def _forced(source: Source, name: str) -> Format | None:
    known = find_format(name)
    fits = source.suffix in known.suffixes and known.is_per_frame == bool(source.frame_files)
    return known if fits else None


def _group(data_dir: Path, files: Sequence[ListedFile]) -> Iterator[tuple[str, Source]]:
    """Yield each source with the name of its recording; files of single frames are joined."""
    numbered: dict[tuple[str, str, str], list[tuple[int, ListedFile]]] = {}
    for file in files:
        folder, _, own = file.relative.rpartition("/")
        match = _LAST_NUMBER.fullmatch(own) if suffix_of(own) in per_frame_suffixes() else None
        if match is None:
            yield recording_name(file.relative), _single(data_dir, file)
        else:
            numbered.setdefault((folder, match[1], match[3]), []).append((int(match[2]), file))
    per_folder = Counter(folder for folder, _, _ in numbered)
    for (folder, before, _), members in numbered.items():
        members.sort(key=lambda member: member[0])
        source = _joined(data_dir, folder, [file for _, file in members])
        try:
            is_per_frame = isinstance(recognise(source), Format)
        except DataError:
            is_per_frame = False  # said of the single file below
        if not is_per_frame:
            yield from ((recording_name(file.relative), _single(data_dir, file)) for _, file in members)
            continue
        prefix = before.rstrip("_-. ")
        own = folder if folder and per_folder[folder] == 1 else "/".join(filter(None, (folder, prefix)))
        yield own or printable(data_dir.resolve().name), source


def _single(data_dir: Path, file: ListedFile) -> Source:
    return Source(data_dir / file.relative, printable(file.relative))


def _joined(data_dir: Path, folder: str, files: Sequence[ListedFile]) -> Source:
    """Return a source of single frames; the format is asked of the first file that is not empty."""
    first = next((file for file in files if file.size), files[0])
    shown = printable(f"{folder}/" if folder else files[0].relative)
    return Source(data_dir / first.relative, shown, tuple(data_dir / file.relative for file in files))


def _check_name(relative: str) -> list[str]:
    """Return the faults of a file's name, which is relative to the data folder and has slashes."""
    shown, name = printable(relative), recording_name(relative)
    faults = []
    if not name or "\\" in relative:
        found = "has one" if name else "is empty"
        faults.append(f"{shown}: a file name must have no backslash, but {found}. Rename the file.")
    return faults + name_faults(name, shown)


def _find_twins(sources: Sequence[NamedSource]) -> list[str]:
    by_name: dict[str, list[str]] = {}
    for name, source, _ in sources:
        by_name.setdefault(name, []).append(source.shown)
    return [
        f"recordings must have different names, but {' and '.join(shown)} have the same one. Rename one."
        for shown in by_name.values()
        if len(shown) > 1
    ]


def _report(
    found: FoundSources, refused: dict[Refusal, list[str]], unknown: list[str], data_dir: Path
) -> None:
    """Add what was refused: to the faults where nothing else is there or where it must be mended."""
    for refusal, names in refused.items():
        sentence = f"{list_names(names)}: {refusal.name}. {refusal.remedy}"
        (found.faults if refusal.is_fault or not found.sources else found.passed_over).append(sentence)
    if unknown and (found.sources or found.faults):
        found.passed_over.append(f"{list_names(unknown)}: no format of recordings.")
    elif unknown:
        found.faults.append(describe_empty(data_dir, unknown))


def _unknown(source: Source) -> str:
    return (
        f"{source.shown}: must be a recording in a known format, but its content is none of them. "
        "docs/formats.md lists what is read; --source NAME forces a format."
    )
