"""What a dataset of an HDF5 file must fulfil before it is read: its storage, its filters, its size."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from htvae.io.faults import DataError
from htvae.utils.text import shorten

LARGEST_RATIO, ALWAYS_READ, LARGEST_READ = 2000, 1 << 26, 1 << 32
"""Of a file at most LARGEST_RATIO times its size (bytes) is read, but always ALWAYS_READ, and never above
LARGEST_READ. Gzip packs to a thousandth at best."""


@dataclass
class Budget:
    """Bytes that may still be read from a file."""

    shown: str
    """Name of the file in messages."""
    most: int
    """Most bytes of one piece."""
    left: int
    """Bytes left for all."""
    size: int
    """Size of the file."""
    read: Callable[[int, int], bytes]
    """Return the bytes of the file at an offset; fewer at its end."""

    @classmethod
    def of_file(cls, size: int, read: Callable[[int, int], bytes], shown: str) -> "Budget":
        """Return the budget of a file of a size (bytes)."""
        most = min(max(LARGEST_RATIO * size, ALWAYS_READ), LARGEST_READ)
        return cls(shown, most, most, size, read)

    def fault(self, fault: str) -> DataError:
        """Return the error of a file that must be exported again."""
        return DataError([f"{self.shown}: {fault}. Export the file again."])

    def spend(self, num_bytes: int, name: str) -> None:
        """Count a read. Raises DataError if nothing is left for it."""
        self.check(num_bytes, name, self.left)
        self.left -= num_bytes

    def check(self, num_bytes: int, name: str, most: int) -> None:
        """Raise DataError for more than ``most`` bytes."""
        if num_bytes > most:
            raise DataError(
                [
                    f"{self.shown}: the size of {shorten(name)} must be in proportion to the file, but it "
                    f"claims {num_bytes / 1e6:,.0f} MB. Export the file again."
                ]
            )


def check_storage(dataset: Any, name: str, shown: str) -> None:
    """Raise DataError unless a dataset's content lies in the file, packed by a filter that is there."""
    import h5py

    if dataset.external or dataset.is_virtual:
        raise DataError(
            [f"{shown}: {shorten(name)} must lie in the file, but points at another one. Export it whole."]
        )
    if dataset.shape is None:
        raise DataError([f"{shown}: {shorten(name)} must have content, but has none. Export the file again."])
    created = dataset.id.get_create_plist()
    for index in range(created.get_nfilters()):
        code, *_, label = created.get_filter(index)
        if not h5py.h5z.filter_avail(code):
            known = shorten(label.decode("utf-8", "replace")) or code
            raise DataError(
                [
                    f"{shown}: {shorten(name)} must be compressed by gzip or not at all, but is by {known}. "
                    "Export it again without compression."
                ]
            )


def check_claim(dataset: Any, name: str, part: tuple[Any, ...], budget: Budget) -> None:
    """Count the bytes of a part of a dataset. Raises DataError if they are out of proportion."""
    sizes = [
        len(range(*chosen.indices(length))) if isinstance(chosen, slice) else 1
        for length, chosen in zip(dataset.shape, part, strict=False)
    ]
    size = math.prod(sizes) * math.prod(dataset.shape[len(part) :])
    if size:  # a chunk is unpacked as a whole
        chunk = math.prod(dataset.chunks or (0,))
        budget.check(chunk * dataset.dtype.itemsize, name, budget.most)
    budget.spend(size * dataset.dtype.itemsize, name)
