"""The classic netCDF format, of which xarray writes version 2 where the netCDF4 library is absent.

A header lists dimensions, attributes, and variables with the place of their content. Numbers are big-endian.
Nothing is copied: an array is a view of the content, so that no header can claim memory.

Source: "NetCDF Classic Format Specification", Unidata.
"""

import math
import struct

import numpy as np

SIGNATURES = (b"CDF\x01", b"CDF\x02")
"""First bytes: offsets of 32 bits, and of 64."""
_DIMENSIONS, _VARIABLES, _ATTRIBUTES, _ABSENT = 10, 11, 12, 0
_KINDS = {1: "i1", 2: "S1", 3: ">i2", 4: ">i4", 5: ">f4", 6: ">f8"}


class ClassicFile:
    """A file's header, and its arrays by name.

    Raises:
        ValueError: the header is damaged, or an array lies outside the content.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._place = 4
        self._has_long_offsets = content[:4] == SIGNATURES[1]
        self._number()  # of records
        self.dimensions = [(self._name(), self._number()) for _ in range(self._count(_DIMENSIONS))]
        self.attributes = self._read_attributes()
        self._variables = dict(self._read_variable() for _ in range(self._count(_VARIABLES)))

    def __contains__(self, name: str) -> bool:
        return name in self._variables

    def axes(self, name: str) -> tuple[str, ...]:
        """Return the names of a variable's axes."""
        return tuple(self.dimensions[index][0] for index in self._variables[name][0])

    def array(self, name: str) -> np.ndarray:
        """Return a variable's content; characters are ``S1``."""
        indices, kind, begin = self._variables[name]
        shape = tuple(self.dimensions[index][1] for index in indices)
        if 0 in shape:
            raise ValueError(f"{name} has an unlimited dimension")
        size = math.prod(shape)
        if begin + size * np.dtype(kind).itemsize > len(self._content):
            raise ValueError(f"{name} lies outside the file")
        return np.frombuffer(self._content, kind, size, begin).reshape(shape)

    def _read_attributes(self) -> dict[str, str | float]:
        """Return texts and single numbers; lists of numbers are left out."""
        found: dict[str, str | float] = {}
        for _ in range(self._count(_ATTRIBUTES)):
            name, kind, length = self._name(), self._kind(), self._number()
            value = self._take(length * np.dtype(kind).itemsize)
            if kind == "S1":
                found[name] = value.decode("utf-8", "replace")
            elif length == 1:
                found[name] = float(np.frombuffer(value, kind)[0])
        return found

    def _read_variable(self) -> tuple[str, tuple[list[int], str, int]]:
        """Return a variable's name with the indices of its dimensions, its kind and its place."""
        name = self._name()
        indices = [self._number() for _ in range(self._bounded(self._number()))]
        if any(index >= len(self.dimensions) for index in indices):
            raise ValueError(f"{name} has an unknown dimension")
        self._read_attributes()
        kind = self._kind()
        self._number()  # size, which is redundant
        begin = struct.unpack(">Q", self._take(8))[0] if self._has_long_offsets else self._number()
        return name, (indices, kind, begin)

    def _count(self, expected: int) -> int:
        """Return the length of a list, after the tag that says what it lists."""
        tag, count = self._number(), self._number()
        if tag not in (expected, _ABSENT):
            raise ValueError("a list is absent")
        return self._bounded(count if tag else 0)

    def _bounded(self, count: int) -> int:
        """Return the length of a list in the header, whose entries take 4 bytes at least."""
        if 4 * count > len(self._content) - self._place:
            raise ValueError("a list is longer than the file")
        return count

    def _kind(self) -> str:
        number = self._number()
        if number not in _KINDS:
            raise ValueError("a kind of numbers is unknown")
        return _KINDS[number]

    def _name(self) -> str:
        return self._take(self._number()).decode("utf-8", "replace")

    def _number(self) -> int:
        return int(struct.unpack(">I", self._take(4))[0])

    def _take(self, length: int) -> bytes:
        """Return the next bytes, and pass over those that fill up four."""
        taken = self._content[self._place : self._place + length]
        if len(taken) < length:
            raise ValueError("it ends too early")
        self._place += -(-length // 4) * 4
        return taken
