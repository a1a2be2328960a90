"""Positions of a padded batch packed into rows, so that no time goes into padding.

Axes: ``B`` batch, ``N`` positions (chunks, or tokens), ``R`` rows.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Rows(NamedTuple):
    """The positions of a padded batch that count, sequence after sequence."""

    places: Tensor
    """Place (R,), int64, of each row among the B * N positions."""
    shape: tuple[int, int]
    """B and N."""

    @classmethod
    def of(cls, mask: Tensor, multiple: int = 1) -> "Rows":
        """Return the positions where mask (B, N) is True.

        Positions where it is False follow until R is a multiple of ``multiple``, as far as there are any.
        """
        places = mask.flatten().nonzero()[:, 0]
        if multiple > 1:
            others = mask.logical_not().flatten().nonzero()[:, 0]
            places = torch.cat([places, others[: -len(places) % multiple]])
        return cls(places, (mask.shape[0], mask.shape[1]))

    def pack(self, positions: Tensor) -> Tensor:
        """Return the rows (R, ...) of positions (B, N, ...)."""
        return positions.flatten(0, 1).index_select(0, self.places)

    def unpack(self, rows: Tensor) -> Tensor:
        """Return positions (B, N, ...) from their rows (R, ...); 0 at all others."""
        batch, length = self.shape
        positions = rows.new_zeros(batch * length, *rows.shape[1:])
        return positions.index_copy_(0, self.places, rows).unflatten(0, self.shape)

    def spread(self, sequences: Tensor) -> Tensor:
        """Return for each row (R, ...) what its sequence has (B, ...)."""
        return sequences.index_select(0, self.places // self.shape[1])
