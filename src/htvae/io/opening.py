"""A source of recordings on disk: one file, packed or not, or the files of single frames."""

import gzip
import io
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from lzma import LZMAError
from pathlib import Path
from typing import IO

from htvae.io.faults import DataError, decode_text, describe_os_error

PACKED = (".gz", ".zip")
"""Suffixes of packed files, which are read like the files inside."""
HEAD_BYTES = 1 << 16
"""Bytes of a file that tell its format."""
LARGEST_RATIO, ALWAYS_UNPACKED = 200, 1 << 26
"""A packed file is refused if its content is larger than ALWAYS_UNPACKED and LARGEST_RATIO times the file:
text packs to a twentieth, a bomb to a thousandth."""
LARGEST_CONTENT = 1 << 34
"""Largest content (bytes) of a file."""


def suffix_of(name: str) -> str:
    """Return the suffix of a file name in lower case, of the file inside a packed file."""
    name = name.lower()
    for packed in PACKED:
        name = name.removesuffix(packed)
    return os.path.splitext(name)[1]


_DAMAGES = (
    *(EOFError, zlib.error, LZMAError, UnicodeDecodeError),
    *(zipfile.BadZipFile, RuntimeError),
)
"""What unpacking damaged content, or content packed in an unknown way, raises."""


@dataclass(frozen=True)
class Source:
    """One file, or the files of a recording's single frames, that a reader is given."""

    path: Path
    """The file; for a recording of a file per frame, the first of them."""
    shown: str
    """Name in messages."""
    frame_files: tuple[Path, ...] = ()
    """Files of single frames in their natural order, for formats of a file per frame."""

    @cached_property
    def suffix(self) -> str:
        """Suffix in lower case, of the file inside a packed file."""
        return suffix_of(self.path.name)

    @property
    def is_packed(self) -> bool:
        """Whether the file is packed by gzip or zip."""
        return self.path.suffix.lower() in PACKED

    @cached_property
    def head(self) -> bytes:
        """The first `HEAD_BYTES` of the content.

        Raises:
            DataError: the file cannot be read or unpacked.
        """
        with self.open() as file:
            return file.read(HEAD_BYTES)

    @cached_property
    def head_text(self) -> str:
        """The first lines as text; bytes that are no UTF-8 become U+FFFD."""
        text = self.head.decode("utf-8", "replace").removeprefix("\ufeff")
        return text.replace("\r\n", "\n").replace("\r", "\n")

    @cached_property
    def head_lines(self) -> list[str]:
        """The lines of the head; the last may be cut off."""
        return self.head_text.split("\n")

    @property
    def is_hdf5(self) -> bool:
        """Whether the file is HDF5, by its signature."""
        return self.head[:8] == b"\x89HDF\r\n\x1a\n"

    def read_bytes(self) -> bytes:
        """Return the content, unpacked.

        Raises:
            DataError: the file cannot be read or unpacked, or its content is out of all proportion.
        """
        most = LARGEST_CONTENT
        if self.is_packed:
            most = max(ALWAYS_UNPACKED, LARGEST_RATIO * self.path.stat().st_size)
        with self.open() as file:  # which makes room for all that is asked for
            content = file.read(most + 1 if self.is_packed else min(most, self.path.stat().st_size) + 1)
        if len(content) > most:
            raise DataError(
                [
                    f"{self.shown}: its content must be in proportion, but is larger than {most / 1e6:,.0f} "
                    "MB. Unpack it yourself if you trust it, and cut it into several files."
                ]
            )
        return content

    def read_text(self) -> str:
        """Return the content as text without byte order mark.

        Raises:
            DataError: as for `read_bytes`, or the content is not UTF-8.
        """
        return decode_text(self.read_bytes(), self.shown)

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open the content for reading; failures become `DataError`."""
        try:
            with open(self.path, "rb") as raw, _unpack(raw, self.path.suffix.lower(), self.shown) as file:
                yield file
        except OSError as error:
            if isinstance(error, gzip.BadGzipFile):
                raise DataError([_damaged(self.shown, error)]) from error
            raise DataError([describe_os_error(self.shown, error)]) from error
        except _DAMAGES as error:
            raise DataError([_damaged(self.shown, error)]) from error


@contextmanager
def _unpack(raw: IO[bytes], suffix: str, shown: str) -> Iterator[IO[bytes]]:
    if suffix == ".gz":
        with gzip.GzipFile(fileobj=raw) as file:
            yield io.BufferedReader(file)
    elif suffix == ".zip":
        with zipfile.ZipFile(raw) as archive:
            members = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(members) != 1:
                raise DataError(
                    [f"{shown}: a zip must hold one recording's file, but holds {len(members)}. Unpack it."]
                )
            with archive.open(members[0]) as member:
                yield member
    else:
        yield raw


def _damaged(shown: str, error: Exception) -> str:
    return f"{shown}: must be readable, but unpacking it failed ({error}). Copy it again, or unpack it."
