"""Rows of a padded batch: what is packed comes back to its place."""

import pytest
import torch

from htvae.models.packing import Rows

MASK = torch.tensor([[True, True, False, False], [False, True, True, False], [False] * 4])


def test_packed_positions_come_back_to_their_places():
    positions = torch.arange(24.0).reshape(3, 4, 2) + 1
    rows = Rows.of(MASK)
    packed = rows.pack(positions)
    assert packed.tolist() == [[1, 2], [3, 4], [11, 12], [13, 14]]
    torch.testing.assert_close(rows.unpack(packed), positions * MASK[..., None])


def test_each_row_gets_what_its_sequence_has():
    assert Rows.of(MASK).spread(torch.tensor([7, 8, 9])).tolist() == [7, 7, 8, 8]


@pytest.mark.parametrize(("multiple", "count"), [(1, 4), (3, 6), (4, 4), (7, 7), (100, 12)])
def test_masked_positions_fill_rows_up_and_come_last(multiple, count):
    rows = Rows.of(MASK, multiple)
    assert len(rows.places) == len(set(rows.places.tolist())) == count
    assert MASK.flatten()[rows.places].tolist() == [True] * 4 + [False] * (count - 4)


def test_gradients_reach_the_rows_alone():
    positions = torch.ones(3, 4, 2, requires_grad=True)
    rows = Rows.of(MASK)
    rows.unpack(2 * rows.pack(positions)).sum().backward()
    torch.testing.assert_close(positions.grad, 2 * MASK[..., None].expand(3, 4, 2).float())
