"""What a format is: how it is recognised and read. What a refusal is: files that are no recordings."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from htvae.config import ReadingConfig
from htvae.io.opening import Source
from htvae.io.tracks import Content


@dataclass(frozen=True, kw_only=True)
class Format:
    """One format of pose files."""

    name: str
    """Name for ``--source``."""
    title: str
    """Name in sentences, e.g. DeepLabCut."""
    suffixes: tuple[str, ...]
    """Suffixes of files that may have the format; the content decides."""
    recognise: Callable[[Source], str]
    """Return what in the content shows the format, as a phrase; an empty text for other files.

    It looks at the head of the content (or opens HDF5), never at the file's name alone, and never fails on
    files of other formats.
    """
    read: Callable[[Source, ReadingConfig], Content]
    """Return the content. Raises DataError with one sentence a fault for files that are damaged."""
    is_per_frame: bool = False
    """Whether a file holds one frame, so that a folder of such files is a recording."""
    is_one_of_many: bool = False
    """Whether a tracker writes several files of one video (raw, filtered, CSV, H5), of which one is read."""
    reads_times: bool = False
    """Whether frame numbers may be times, as ``time_unit`` says."""


class NamedSource(NamedTuple):
    """A source, its format and the name of its recording."""

    name: str
    source: Source
    format: Format


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Files that belong to a tracker, or look like poses, but are no recordings."""

    name: str
    """What the files are, in the plural, e.g. hand labels of DeepLabCut."""
    suffixes: tuple[str, ...]
    recognise: Callable[[Source], str]
    """As for `Format`."""
    remedy: str
    """What to do with such a file: one sentence."""
    is_fault: bool = False
    """Whether the file must be mended, even beside recordings, because it cannot be left out in silence."""
