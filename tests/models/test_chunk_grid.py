"""One chunk grid a recording, and its windows."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from htvae.config import Config
from htvae.models.chunking import ChunkGrid


@st.composite
def grids(draw):
    size = draw(st.integers(1, 12))
    return ChunkGrid(size, draw(st.integers(0, size - 1)), draw(st.integers(1, 20)))


@given(grid=grids(), num_frames=st.integers(1, 400))
def test_every_frame_and_every_chunk_is_kept_by_one_window(grid, num_frames):
    windows = grid.cut(num_frames)
    frames = [frame for w in windows for frame in range(w.keep_start, w.keep_stop)]
    chunks = [chunk for w in windows for chunk in range(*w.kept_chunks)]
    assert frames == list(range(num_frames))
    assert chunks == list(range(grid.num_chunks(num_frames)))
    for w in windows:
        assert w.start <= w.keep_start < w.keep_stop <= w.stop
        assert w.chunks[0] <= w.kept_chunks[0] < w.kept_chunks[1] <= w.chunks[1]
        assert list(range(*w.chunks))[w.kept_part] == list(range(*w.kept_chunks))


@given(grid=grids(), num_frames=st.integers(1, 400))
def test_windows_hold_whole_chunks_and_are_full(grid, num_frames):
    spans, windows = grid.spans(num_frames), grid.cut(num_frames)
    for w in windows:
        first, stop = w.chunks
        assert (w.start, w.stop) == (spans[first, 0], spans[stop - 1, 1])
        assert stop - first == min(grid.window, grid.num_chunks(num_frames))
        assert w.num_frames == grid.num_frames(stop - first) or w is windows[-1]


@given(grid=grids(), num_frames=st.integers(1, 400))
def test_neighbours_share_a_quarter_and_meet_in_its_middle(grid, num_frames):
    windows = grid.cut(num_frames)
    for left, right in pairwise(windows):
        shared = left.chunks[1] - right.chunks[0]
        assert right.chunks[0] > left.chunks[0]
        assert shared >= max(grid.window // 4, min(1, grid.window - 1))
        if right is not windows[-1]:  # the last one is moved back
            assert shared == max(grid.window // 4, min(1, grid.window - 1))
        border = right.kept_chunks[0]
        assert 0 <= (left.chunks[1] - border) - (border - right.chunks[0]) <= 1
        assert right.keep_start == border * grid.stride + grid.chunk_overlap // 2


@given(grid=grids(), num_frames=st.integers(1, 400), more=st.integers(1, 100))
def test_a_longer_recording_begins_with_the_same_chunks_and_windows(grid, num_frames, more):
    """Only the last chunk, which may reach beyond the end, and the last window depend on the length."""
    assert (
        grid.spans(num_frames + more)[:, 0][: grid.num_chunks(num_frames)] == grid.spans(num_frames)[:, 0]
    ).all()
    shorter, longer = grid.cut(num_frames), grid.cut(num_frames + more)
    assert [w.chunks for w in longer[: len(shorter) - 1]] == [w.chunks for w in shorter[:-1]]


def test_a_cut_by_hand():
    """Chunks of 8 start every 6 frames, 4 make a window of 26 frames; 45 frames have 8 chunks."""
    windows = ChunkGrid(8, 2, 4).cut(45)
    assert [w.chunks for w in windows] == [(0, 4), (3, 7), (4, 8)]
    assert [(w.start, w.stop) for w in windows] == [(0, 26), (18, 44), (24, 45)]
    assert [w.kept_chunks for w in windows] == [(0, 3), (3, 5), (5, 8)]
    assert [(w.keep_start, w.keep_stop) for w in windows] == [(0, 19), (19, 31), (31, 45)]


def test_windows_of_one_chunk():
    windows = ChunkGrid(8, 2, 1).cut(15)
    assert [(w.start, w.stop, w.keep_start, w.keep_stop) for w in windows] == [
        (0, 8, 0, 7),
        (6, 14, 7, 13),
        (12, 15, 13, 15),
    ]


@pytest.mark.parametrize(("max_frames", "window"), [(56, 1), (57, 2), (512, 11), (4096, 86)])
def test_a_window_has_the_chunks_of_max_frames(max_frames, window):
    """Chunks of 56 frames start every 48."""
    assert ChunkGrid.of(Config().replace(max_frames=max_frames)) == ChunkGrid(56, 8, window)


def test_frames_and_chunks():
    grid = ChunkGrid(8, 2, 4)
    assert (grid.stride, grid.num_chunks(8), grid.num_chunks(9), grid.num_frames(3)) == (6, 1, 2, 20)
    assert grid.spans(21).tolist() == [[0, 8], [6, 14], [12, 20], [18, 21]]
