"""netCDF files as named arrays: netCDF-4, which is HDF5, and netCDF-3 (`netcdf3`).

Only the variables that are asked for are read. Names along an axis (xarray's coordinates of text) are lists.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from htvae.io.faults import DataError
from htvae.io.formats.hdf5 import open_hdf5
from htvae.io.formats.netcdf3 import SIGNATURES, ClassicFile
from htvae.io.opening import Source
from htvae.utils.text import shorten


@dataclass(frozen=True, eq=False)
class Variable:
    """An array with a name for each axis."""

    values: np.ndarray
    axes: tuple[str, ...]


@dataclass(frozen=True)
class NetCDF:
    """Some variables and the attributes of a file."""

    variables: dict[str, Variable] = field(default_factory=dict)
    labels: dict[str, list[str]] = field(default_factory=dict)
    """Variables of text with one axis."""
    attributes: dict[str, str | float] = field(default_factory=dict)


def is_netcdf3(source: Source) -> bool:
    """Whether a file is netCDF-3, by its first bytes."""
    return source.head[:4] in SIGNATURES


def read_netcdf(source: Source, names: Sequence[str], attributes: Sequence[str]) -> NetCDF:
    """Return variables and attributes of a file by their names; those that are absent are left out.

    Raises:
        DataError: the file is damaged or claims too much.
    """
    if is_netcdf3(source):
        return _read_netcdf3(source, names, attributes)
    found = NetCDF()
    with open_hdf5(source) as root:
        for name in names:
            kind = root.kind(name)
            if kind in ("S", "O"):
                found.labels[name] = root.strings(name)
            elif kind:
                found.variables[name] = Variable(root.numbers(name), root.dimensions(name))
        for name in attributes:
            value = root.number(name) if root.number(name) is not None else root.attribute(name)
            if isinstance(value, str | float):
                found.attributes[name] = value
    return found


def read_netcdf3_header(source: Source) -> ClassicFile | None:
    """Return the header of a netCDF-3 file, None for other and for damaged files."""
    try:
        return ClassicFile(source.head) if is_netcdf3(source) else None
    except (ValueError, struct.error):
        return None


def _read_netcdf3(source: Source, names: Sequence[str], attributes: Sequence[str]) -> NetCDF:
    found = NetCDF()
    try:
        file = ClassicFile(source.read_bytes())
        for name in names:
            values = file.array(name) if name in file else np.empty(0)
            if values.dtype.kind == "S" and values.ndim == 2:
                texts = [row.tobytes().split(b"\0")[0] for row in values]
                found.labels[name] = [text.decode("utf-8", "replace") for text in texts]
            elif name in file and values.dtype.kind in "if":
                found.variables[name] = Variable(values, file.axes(name))
    except (ValueError, struct.error) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            [
                f"{source.shown}: must be a whole netCDF file, but cannot be read ({shorten(str(error))}). "
                "Copy it again, or save it again."
            ]
        ) from error
    found.attributes.update({name: file.attributes[name] for name in attributes if name in file.attributes})
    return found
