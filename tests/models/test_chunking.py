"""Cutting and joining: exact inverses, no influence of padding."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from htvae.models.chunking import (
    compute_chunk_mask,
    compute_num_chunks,
    cross_fade,
    label_places,
    merge_chunks,
    split_into_chunks,
)
from htvae.models.packing import Rows


@st.composite
def grids(draw):
    size = draw(st.integers(1, 12))
    return draw(st.integers(1, 60)), size, draw(st.integers(0, size - 1))


@given(grids())
@settings(max_examples=60, deadline=None)
def test_merge_is_the_inverse_of_split(grid):
    num_frames, size, overlap = grid
    frames = torch.randn(2, num_frames, 3)
    mask = torch.ones(2, compute_num_chunks(num_frames, size, overlap), dtype=torch.bool)
    chunks = split_into_chunks(frames, Rows.of(mask), size, overlap).unflatten(0, mask.shape)
    merged = merge_chunks(chunks, mask, num_frames, overlap)
    torch.testing.assert_close(merged, frames, rtol=0, atol=1e-5)  # two float32 products and a quotient


@given(grids())
@settings(max_examples=60, deadline=None)
def test_number_of_chunks_covers_every_frame_and_no_chunk_is_empty(grid):
    num_frames, size, overlap = grid
    count, stride = compute_num_chunks(num_frames, size, overlap), size - overlap
    assert (count - 1) * stride + size >= num_frames
    assert count == 1 or (count - 2) * stride + size < num_frames
    assert compute_num_chunks(torch.tensor([num_frames]), size, overlap).tolist() == [count]


def test_chunk_holds_the_frames_it_should():
    frames, rows = torch.arange(1.0, 11.0), Rows.of(torch.ones(1, 3, dtype=torch.bool))
    chunks = split_into_chunks(frames[None], rows, chunk_size=4, chunk_overlap=1)
    assert chunks.tolist() == [[1, 2, 3, 4], [4, 5, 6, 7], [7, 8, 9, 10]]


def test_only_chunks_that_are_asked_for_are_cut_out():
    frames = torch.stack([torch.arange(1.0, 11.0), torch.arange(11.0, 21.0)])
    rows = Rows.of(torch.tensor([[False, False, True], [True, False, False]]))
    chunks = split_into_chunks(frames, rows, chunk_size=4, chunk_overlap=1)
    assert chunks.tolist() == [[7, 8, 9, 10], [11, 12, 13, 14]]


def test_last_chunk_is_padded_with_zeros_and_not_dropped():
    rows = Rows.of(torch.ones(1, 2, dtype=torch.bool))
    chunks = split_into_chunks(torch.ones(1, 5), rows, chunk_size=4, chunk_overlap=0)
    assert chunks.tolist() == [[1, 1, 1, 1], [1, 0, 0, 0]]


def test_chunks_beyond_a_sequence_leave_no_trace_in_it():
    chunks = torch.ones(1, 3, 4, 1)
    chunks[:, 1:] = 99.0
    mask = compute_chunk_mask(torch.tensor([4]), 3, 4, 2)
    assert mask.tolist() == [[True, False, False]]
    assert merge_chunks(chunks, mask, 8, 2)[0, :, 0].tolist() == [1, 1, 1, 1, 0, 0, 0, 0]


def test_cross_fade_of_neighbours_rises_as_the_other_falls():
    weight = cross_fade(8, 3)
    torch.testing.assert_close(weight[-3:] + weight[:3], torch.ones(3))
    assert (weight > 0).all()


def test_merge_fades_linearly_between_two_chunks():
    chunks = torch.stack([torch.zeros(4, 1), torch.ones(4, 1)])[None]
    merged = merge_chunks(chunks, torch.ones(1, 2, dtype=torch.bool), 6, 2)
    assert merged[0, :, 0].tolist() == pytest.approx([0, 0, 1 / 3, 2 / 3, 1, 1])


def test_labels_lie_at_the_middles_of_a_chunks_quarters():
    """Chunks of 64 frames every 48; the second reaches frame 111, but the last frame is 99."""
    assert label_places(100, 64, 16).tolist() == [[8, 24, 40, 56], [56, 72, 88, 99]]
    assert label_places(1, 64, 16).tolist() == [[0] * 4]
