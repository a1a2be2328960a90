"""Arrays in files of numpy (npy, npz), read without running anything and without trusting their sizes."""

import ast
import io
import math
import os
import struct
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from htvae.io.faults import DataError
from htvae.io.formats.unpickling import load_restricted
from htvae.io.opening import ALWAYS_UNPACKED, LARGEST_RATIO, Source

MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 10_000
_MOST_ARRAYS = 100
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True)
class Header:
    """What the head of an npy file says of its array."""

    shape: tuple[int, ...]
    dtype: np.dtype
    is_fortran: bool
    """Whether the first axis runs fastest."""
    size: int
    """Bytes of the head."""

    @property
    def is_numbers(self) -> bool:
        """Whether the array holds real numbers."""
        return self.dtype.kind in "fiu"


def read_header(head: bytes) -> Header | None:
    """Return the header of an npy file, or None for other content."""
    if not head.startswith(MAGIC) or len(head) < 12:
        return None
    start, form = (10, "<H") if head[6] == 1 else (12, "<I")
    (length,) = struct.unpack_from(form, head, 8)
    if length > _LONGEST_HEADER or start + length > len(head):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on odd spellings in damaged files
            value = ast.literal_eval(head[start : start + length].decode("latin-1").strip())
            shape, dtype = tuple(value["shape"]), np.dtype(value["descr"])
        is_fortran = value["fortran_order"] is True
    except (ValueError, TypeError, KeyError, SyntaxError, RecursionError, MemoryError):
        return None
    if any(type(n) is not int or not 0 <= n < 2**62 for n in shape):
        return None
    return Header(shape, dtype, is_fortran, start + length)


def header_of(source: Source) -> Header | None:
    """Return the header of a source that is an npy file, or None."""
    return read_header(source.head)


def read_array(content: bytes, shown: str) -> np.ndarray:
    """Return the array of an npy file's content. Arrays of objects may hold plain values and arrays only.

    Raises:
        DataError: the content is damaged, or holds anything else.
    """
    header = read_header(content)
    if header is None:
        raise DataError([f"{shown}: must be an array of numpy, but is not. Save it again with numpy.save."])
    if header.dtype.hasobject:
        value = load_restricted(content[header.size :], shown)
        if not isinstance(value, np.ndarray) or value.shape != header.shape:
            raise DataError(
                [f"{shown}: its objects must be an array of shape {header.shape}. Save it again."]
            )
        return value
    count = math.prod(header.shape)
    if not header.dtype.itemsize or not count:
        raise DataError([f"{shown}: its array must hold something, but is empty. Save it again."])
    if count * header.dtype.itemsize != len(content) - header.size:
        raise DataError(
            [
                f"{shown}: must hold {count} values for its shape {header.shape}, but has "
                f"{len(content) - header.size} bytes for them. Copy it again, or save it again."
            ]
        )
    values = np.frombuffer(content, header.dtype, count, header.size)
    return values.reshape(header.shape, order="F" if header.is_fortran else "C")


@np.errstate(invalid="ignore")  # damaged bytes may be no numbers
def to_points(array: np.ndarray, shown: str) -> np.ndarray:
    """Return an array of numbers in double precision.

    Raises:
        DataError: it holds anything but real numbers.
    """
    if array.dtype.kind not in "fiu":
        raise DataError(
            [f"{shown}: its array must hold real numbers, but holds {array.dtype}. Save it again as numbers."]
        )
    return array.astype(np.float64)


def headers_of(source: Source) -> dict[str, Header]:
    """Return the headers of an npz file's arrays by name; empty for other content."""
    if not source.head.startswith(_ZIP):
        return {}
    headers = {}
    try:
        with _open_archive(source) as archive:
            for member in archive.infolist()[:_MOST_ARRAYS]:
                if member.filename.endswith(".npy"):
                    with archive.open(member) as file:
                        header = read_header(file.read(_LONGEST_HEADER))
                    if header is not None:
                        headers[member.filename.removesuffix(".npy")] = header
    except DataError:
        return {}
    return headers


def read_member(source: Source, name: str) -> np.ndarray:
    """Return an array of an npz file.

    Raises:
        DataError: it is damaged, or holds anything but numbers, texts and plain values.
    """
    with _open_archive(source) as archive, archive.open(f"{name}.npy") as member:
        content = member.read(archive.getinfo(f"{name}.npy").file_size + 1)
    return read_array(content, source.shown)


@contextmanager
def _open_archive(source: Source) -> Iterator[zipfile.ZipFile]:
    """Open an npz file; raise DataError if it is damaged, or unpacks to much more than its size."""
    try:
        with source.open() as file:
            content = io.BytesIO(source.read_bytes()) if source.is_packed else file
            size = content.seek(0, os.SEEK_END)
            with zipfile.ZipFile(content) as archive:
                _check_total(archive, size, source.shown)
                yield archive
    except DataError:
        raise
    except (ValueError, KeyError, OverflowError, struct.error) as error:
        raise DataError([f"{source.shown}: must be a whole npz file, but is not. Copy it again."]) from error


def _check_total(archive: zipfile.ZipFile, size: int, shown: str) -> None:
    total = sum(member.file_size for member in archive.infolist())
    if total > max(ALWAYS_UNPACKED, LARGEST_RATIO * size):
        raise DataError(
            [
                f"{shown}: its arrays must be in proportion to the file, but unpack to {total / 1e6:,.0f} "
                "MB. Save them again if you trust the file."
            ]
        )
