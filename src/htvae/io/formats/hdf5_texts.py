"""Texts and attributes of HDF5 files: bounded before the library makes room for them."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from htvae.io.formats.hdf5_bytes import longest_in_attribute, longest_in_dataset
from htvae.io.formats.hdf5_checks import Budget, check_claim
from htvae.utils.text import shorten

LARGEST_TEXTS = 1 << 24
"""Most bytes of a list of texts, or of an attribute."""


def decode(value: object) -> str:
    """Return a text of h5py as text; bytes that are no UTF-8 become U+FFFD."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def read_texts(dataset: Any, name: str, budget: Budget) -> list[str]:
    """Return the texts of a dataset in a row.

    Raises:
        DataError: it holds something else, or texts that are too long.
    """
    if not math.prod(dataset.shape):
        return []
    if dataset.dtype.kind == "S":
        check_claim(dataset, name, (), budget)
        return [decode(value) for value in np.ravel(dataset[()])]
    if not _is_text(dataset.dtype):
        raise budget.fault(f"{shorten(name)} must hold texts, but does not")
    longest = longest_in_dataset(dataset, budget.read)
    if longest is None:
        raise budget.fault(f"the texts of {shorten(name)} must be whole and not compressed, but are not")
    budget.check(longest, name, min(LARGEST_TEXTS, budget.size))
    return list(_read_one_by_one(dataset, name, budget))


def _read_one_by_one(dataset: Any, name: str, budget: Budget) -> Iterator[str]:
    """Yield texts of any length one by one: all of them may be the same long text."""
    left = LARGEST_TEXTS
    for place in np.ndindex(*dataset.shape):
        text = decode(dataset[place])
        left -= len(text) + 16
        if left < 0:
            raise budget.fault(f"{shorten(name)} must hold short texts, but holds long ones")
        yield text


def read_attribute(owner: Any, name: str, budget: Budget) -> Any:
    """Return an attribute that holds texts or numbers, a single value as such; None for others.

    A text whose length cannot be seen is None: where there are many attributes, they are stored elsewhere.

    Raises:
        DataError: it is too long.
    """
    import h5py

    if name not in owner.attrs:
        return None
    stored = owner.attrs.get_id(name)
    kind = stored.dtype.kind
    is_single = stored.shape in ((), (1,))
    if stored.shape is None or not (kind in "biufS" or (_is_text(stored.dtype) and is_single)):
        return None
    if stored.get_storage_size() > LARGEST_TEXTS:
        raise budget.fault(f"the attribute {shorten(name)} must be short, but is not")
    if kind == "O":
        address = h5py.h5o.get_info(owner.id).addr
        longest = longest_in_attribute(address, name, budget.read)
        if longest is None:
            return None
        budget.check(longest, name, min(LARGEST_TEXTS, budget.size))
    value = owner.attrs[name]
    return value.ravel()[0] if isinstance(value, np.ndarray) and value.size == 1 else value


def scaled_axes(scale: Any, dataset: Any) -> list[int]:
    """Return the axes of a dataset that have this dimension scale.

    The scale's own list is asked: a dataset's list of scales has lengths that cannot be seen before.
    """
    if "REFERENCE_LIST" not in scale.attrs:
        return []
    stored = scale.attrs.get_id("REFERENCE_LIST")
    kind = stored.dtype
    if stored.get_storage_size() > LARGEST_TEXTS or kind.kind != "V" or len(kind.names) != 2:
        return []
    if kind[0].kind != "O" or kind[1].kind not in "iu" or "ref" not in (kind[0].metadata or {}):
        return []
    pairs = scale.attrs["REFERENCE_LIST"]
    return [int(axis) for reference, axis in np.ravel(pairs) if scale.file[reference] == dataset]


def _is_text(kind: np.dtype) -> bool:
    import h5py

    return kind.kind == "O" and h5py.check_string_dtype(kind) is not None
