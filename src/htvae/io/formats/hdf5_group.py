"""A group of an HDF5 file, as readers see it, without following what it points at.

- Only hard links are followed: a soft or an external link, and a dataset whose content lies in another file
  (external or virtual storage), may point anywhere on the disk.
- A header may claim any shape, and unwritten chunks cost nothing: the bytes read from one file are counted
  and limited, see `hdf5_checks`.
- Every failure of the library becomes a `DataError`.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from htvae.io.faults import DataError
from htvae.io.formats.hdf5_bytes import find_danger
from htvae.io.formats.hdf5_checks import Budget, check_claim, check_storage
from htvae.io.formats.hdf5_texts import decode, read_attribute, read_texts, scaled_axes
from htvae.utils.text import shorten

MOST_SCALES = 1000
"""Most members of a group that are asked whether they are dimension scales."""
FAILURES = (OSError, RuntimeError, ValueError, KeyError, TypeError, IndexError, OverflowError, SystemError)
"""What h5py raises for damaged files."""


class Group:
    """A group of an HDF5 file. Methods take the names of its members; a path leads to members of members."""

    def __init__(self, group: Any, budget: Budget) -> None:
        self._group = group
        self._budget = budget

    @property
    def shown(self) -> str:
        """Name of the file in messages."""
        return self._budget.shown

    @property
    def name(self) -> str:
        """Name without the path before it."""
        return str(self._group.name or "").rsplit("/", 1)[-1]

    @property
    def address(self) -> int:
        """Place in the file: the same for a group that has several names."""
        import h5py

        with self._guard("a group"):
            return int(h5py.h5o.get_info(self._group.id).addr)

    def names(self) -> list[str]:
        """Return the names of the groups and datasets in it; links to elsewhere are no members."""
        with self._guard("its list of groups"):
            return [name for name in self._group if self._is_hard(self._group, name)]

    def group(self, name: str) -> "Group | None":
        """Return a group, None if there is none of this name."""
        import h5py

        found = self._find(name)
        return Group(found, self._budget) if isinstance(found, h5py.Group) else None

    def shape(self, name: str) -> tuple[int, ...] | None:
        """Return the shape that a dataset claims, None if there is none of this name."""
        import h5py

        found = self._find(name)
        with self._guard(name):
            return found.shape if isinstance(found, h5py.Dataset) else None

    def kind(self, name: str) -> str:
        """Return numpy's letter for the kind of a dataset; empty if there is none of this name."""
        if self.shape(name) is None:
            return ""
        with self._guard(name):
            return str(self._find(name).dtype.kind)

    def columns(self, name: str) -> dict[str, str]:
        """Return numpy's letters for the kinds of a table's columns, by name; empty for anything else."""
        if self.shape(name) is None:
            return {}
        with self._guard(name):
            kind = self._find(name).dtype
            return {column: kind[column].base.kind for column in kind.names or ()}

    def numbers(self, name: str, part: Any = ()) -> np.ndarray:
        """Return a dataset of numbers or truth values, or a part of it.

        Args:
            name: name of the dataset.
            part: index or slices of the first axes, as for numpy.

        Raises:
            DataError: there is no such dataset, it holds something else, or claims too much.
        """
        part = part if isinstance(part, tuple) else (part,)
        dataset = self._dataset(name)
        with self._guard(name):
            if dataset.dtype.kind not in "biuf":
                raise self._budget.fault(f"{shorten(name)} must hold numbers, but does not")
            check_claim(dataset, name, part, self._budget)
            return np.asarray(dataset[part])

    def table(self, name: str, columns: tuple[str, ...]) -> dict[str, np.ndarray]:
        """Return columns of numbers of a table (compound dataset). Raises DataError as for `numbers`."""
        dataset = self._dataset(name)
        kinds = self.columns(name)
        with self._guard(name):
            if dataset.dtype.hasobject or any(kinds.get(column, "O") not in "biuf" for column in columns):
                raise self._budget.fault(
                    f"{shorten(name)} must have columns of numbers, {', '.join(columns)}"
                )
            check_claim(dataset, name, (), self._budget)
            rows = dataset[()]
            return {column: np.asarray(rows[column]) for column in columns}

    def strings(self, name: str) -> list[str]:
        """Return the texts of a dataset in a row. Raises DataError as for `numbers`."""
        dataset = self._dataset(name)
        with self._guard(name):
            return read_texts(dataset, name, self._budget)

    def attribute(self, name: str, of: str = "") -> Any:
        """Return an attribute of the group, or of a member: a text, a number, or an array of numbers.

        Attributes that are absent or hold anything else are None.

        Raises:
            DataError: it is too long.
        """
        value = self._attribute(name, of)
        if isinstance(value, bytes | str):
            return decode(value)
        return value if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biuf" else None

    def number(self, name: str, of: str = "") -> float | None:
        """Return an attribute that is a single finite number, None for others."""
        value = self.attribute(name, of)
        is_number = isinstance(value, np.generic) and math.isfinite(float(value))
        return float(value) if is_number else None

    def raw_attribute(self, name: str, of: str = "") -> bytes | None:
        """Return an attribute of the group, or of a member, that holds bytes; else as `attribute`."""
        value = self._attribute(name, of)
        if isinstance(value, str):
            return value.encode("utf-8", "surrogateescape")
        return bytes(value) if isinstance(value, bytes) else None

    def _attribute(self, name: str, of: str) -> Any:
        owner = self._find(of) if of else self._group
        with self._guard(name):
            return None if owner is None else read_attribute(owner, name, self._budget)

    def dimensions(self, name: str) -> tuple[str, ...]:
        """Return the names of the dimension scales of a dataset; empty where an axis has none."""
        dataset = self._dataset(name)
        axes = [""] * len(dataset.shape)
        for scale in self.names()[:MOST_SCALES]:
            with self._guard(f"the dimension {scale}"):
                for axis in scaled_axes(self._find(scale), dataset):
                    if 0 <= axis < len(axes):
                        axes[axis] = scale
        return tuple(axes)

    def _find(self, path: str) -> Any:
        """Return the object that hard links of these names lead to, None otherwise."""
        import h5py

        found = self._group
        with self._guard(path):
            for name in path.split("/"):
                if not isinstance(found, h5py.Group) or name not in found or not self._is_hard(found, name):
                    return None
                address = found.id.links.get_info(name.encode()).u
                danger = find_danger(address, self._budget.read)
                if danger:
                    raise self._budget.fault(f"{shorten(path)} {danger}")
                found = found[name]
            return found

    @staticmethod
    def _is_hard(group: Any, name: str) -> bool:
        import h5py

        try:
            return isinstance(group.get(name, getlink=True), h5py.HardLink)
        except TypeError:  # a kind of link that h5py does not know
            return False

    def _dataset(self, name: str) -> Any:
        import h5py

        found = self._find(name)
        if not isinstance(found, h5py.Dataset):
            raise self._budget.fault(f"must have {shorten(name)}, but has not")
        with self._guard(name):
            check_storage(found, name, self.shown)
        return found

    @contextmanager
    def _guard(self, what: str) -> Iterator[None]:
        try:
            yield
        except DataError:
            raise
        except FAILURES as error:
            raise DataError(
                [
                    f"{self.shown}: must be whole, but {shorten(what)} cannot be read "
                    f"({shorten(str(error))}). Copy it again, or export it again."
                ]
            ) from error
