"""Opening HDF5 files from others, packed or not; `hdf5_group` reads them."""

import contextlib
import io
import os
from collections.abc import Callable, Iterator
from typing import IO

from htvae.io.faults import DataError
from htvae.io.formats.base import Refusal
from htvae.io.formats.hdf5_checks import Budget
from htvae.io.formats.hdf5_group import FAILURES, Group
from htvae.io.opening import Source
from htvae.utils.text import shorten

SUFFIXES = (".h5", ".hdf5")


@contextlib.contextmanager
def open_hdf5(source: Source) -> Iterator[Group]:
    """Open a file, packed or not, and yield its root.

    Raises:
        DataError: the file cannot be read or is no HDF5.
    """
    import h5py

    with contextlib.ExitStack() as stack:
        try:
            raw: IO[bytes] = (
                io.BytesIO(source.read_bytes())
                if source.is_packed
                else stack.enter_context(open(source.path, "rb"))
            )
            size = raw.seek(0, os.SEEK_END)
            file = stack.enter_context(h5py.File(raw if source.is_packed else source.path, "r"))
        except FAILURES as error:
            if isinstance(error, DataError):
                raise
            raise DataError(
                [
                    f"{source.shown}: must be a whole HDF5 file, but cannot be opened "
                    f"({shorten(str(error))}). Copy it again, or export it again."
                ]
            ) from error

        def read(offset: int, num_bytes: int) -> bytes:
            raw.seek(offset)
            return raw.read(min(num_bytes, size))

        yield Group(file, Budget.of_file(size, read, source.shown))


def look_inside(source: Source, look: Callable[[Group], str]) -> str:
    """Return what ``look`` sees in the root of a file; an empty text for damaged and other files."""
    try:
        if not source.is_hdf5:
            return ""
        with open_hdf5(source) as root:
            return look(root)
    except DataError:
        return ""


def _is_damaged(source: Source) -> str:
    try:
        if source.is_hdf5:
            with open_hdf5(source):
                return ""
        return ""
    except DataError as error:
        return str(error)


DAMAGED = Refusal(
    name="damaged HDF5 files",
    suffixes=(*SUFFIXES, ".slp", ".nwb", ".nc"),
    recognise=_is_damaged,
    remedy="They cannot be opened: copy them again, or export them again.",
    is_fault=True,
)
