"""Continuing: first frame, coordinates, and no jump at the seam."""

import dataclasses

import numpy as np
import pytest

import htvae
from htvae.generation.continuation import _join, _smooth, continue_recording, cut_tail
from htvae.models.chunking import ChunkGrid

GRID = ChunkGrid(chunk_size=8, chunk_overlap=2, window=8)


@pytest.fixture(scope="module")
def model(trained_with_prior):
    return htvae.load(trained_with_prior.checkpoint, "cpu")


@pytest.mark.parametrize(("length", "expected"), [(8, 8), (13, 8), (14, 14), (200, 6 * 5 + 8)])
def test_the_tail_is_covered_by_full_chunks_and_ends_with_the_recording(length, expected):
    pose = np.arange(length, dtype=np.float32)[:, None, None]
    tail = cut_tail(pose, GRID)
    assert len(tail) == expected and tail[-1] == length - 1


def test_a_short_recording_gets_missing_frames_before_it():
    tail = cut_tail(np.ones((3, 2, 2), np.float32), GRID)
    assert len(tail) == 8 and np.isnan(tail[:5]).all() and (tail[5:] == 1).all()


def test_there_is_no_jump_in_place_or_velocity():
    frames = np.arange(40.0)[:, None, None]
    tail = 0.5 * frames[:20] - 3.7  # half a unit a frame
    decoded = 0.3 * frames  # a little elsewhere, and slower
    joined = _join(tail, decoded, rate=20.0)
    assert joined.shape == (21, 1, 1) and joined[0] == pytest.approx(tail[-1])
    path = np.concatenate([tail[:-1], joined])[:, 0, 0]
    assert np.abs(np.diff(path)[18:21] - 0.5).max() < 0.1  # a fade that begins level
    np.testing.assert_allclose(joined[10:], decoded[29:], rtol=1e-5)  # nothing is left of the difference


def test_a_point_that_is_missing_at_the_end_keeps_its_last_difference():
    tail = np.full((20, 2, 1), 4.0)
    tail[15:, 1] = np.nan
    joined = _join(tail, np.zeros((30, 2, 1)), rate=20.0)
    np.testing.assert_allclose(joined[:, 1], joined[:, 0])
    assert joined[0] == pytest.approx(4.0) and not joined[10:].any()
    assert not _join(np.full((20, 1, 1), np.nan), np.zeros((30, 1, 1)), 20.0).any()


def test_jitter_is_smoothed_at_the_seam_and_nowhere_else():
    decoded = np.resize([1.0, -1.0], 60)[:, None, None]
    joined = _join(np.zeros((20, 1, 1)), decoded, rate=40.0)[:, 0, 0]
    assert np.abs(np.diff(joined[:3])).max() < 0.2
    np.testing.assert_array_equal(joined[20:], decoded[39:, 0, 0])


def test_smoothing_leaves_a_straight_line_and_takes_a_spike_down():
    line = np.arange(40.0)[:, None, None]
    np.testing.assert_allclose(_smooth(line, 1.5)[5:-5], line[5:-5])
    spike = np.zeros((21, 1, 1))
    spike[10] = 1
    smoothed = _smooth(spike, 2.0)
    assert smoothed.sum() == pytest.approx(1) and smoothed.max() == pytest.approx(0.2, abs=0.005)


def test_the_frames_follow_the_recording(model, make_walk):
    walk = make_walk(0, 50, first_frame=7, label="a")
    sequences = continue_recording(model, walk, 33, num_samples=2, seed=3)
    assert [s.name for s in sequences] == ["walk_00_continued_0", "walk_00_continued_1"]
    for s in sequences:
        assert (s.first_frame, s.num_frames, s.fps, s.label) == (57, 33, 30.0, "a")
        assert np.isfinite(s.pose).all()
        before = walk.pose[-1, [walk.landmarks.index(name) for name in s.landmarks]]
        assert np.abs(s.pose[0] - before).max() < 1.0  # near where it ended, though walks begin at x = 3
    assert not np.array_equal(sequences[0].pose, sequences[1].pose)
    again = continue_recording(model, walk, 33, num_samples=2, seed=3)
    assert all(np.array_equal(a.pose, b.pose) for a, b in zip(sequences, again, strict=True))


def test_another_frame_rate_is_kept(model, make_walk):
    slow, fast = make_walk(0, 40, fps=15.0), make_walk(0, 120, fps=60.0)
    for walk in (slow, fast):
        (new,) = continue_recording(model, walk, 31)
        assert (new.num_frames, new.fps, new.first_frame) == (31, walk.fps, walk.num_frames)
        assert np.isfinite(new.pose).all()


@pytest.mark.parametrize("length", [120, 121])
def test_no_frame_is_held_between_two_model_frames(model, make_walk, length, monkeypatch):
    """A body that moves evenly, recorded at twice the model's rate, continues so from the first new frame."""
    walk = make_walk(0, length, fps=60.0)

    def draw(model, tail, count, num_samples, seed):
        moves = np.array([1.0] * 6 + [0.0], np.float32)[:, None] * np.ones(2, np.float32)  # the root rests
        return np.arange(len(tail) + count)[None, :, None, None] * moves

    monkeypatch.setattr("htvae.generation.continuation._draw", draw)
    (new,) = continue_recording(model, walk, 80)
    steps = np.diff(
        new.pose[40:, 0, 0]
    )  # one unit (a torso of 2) per two frames, where the difference is gone
    np.testing.assert_allclose(steps, 1.0, rtol=1e-3)
    assert np.abs(np.diff(new.pose[:3, 0, 0])).min() > 0


@pytest.mark.parametrize("length", [1, 3, 300])
def test_recordings_of_any_length(model, make_walk, length):
    (new,) = continue_recording(model, make_walk(2, length), 20)
    assert new.pose.shape == (20, 6, 2) and np.isfinite(new.pose).all()


def test_missing_frames_at_the_end_are_drawn_and_left_out(model, make_walk):
    walk = make_walk(0, 60)
    pose = walk.pose.copy()
    pose[-15:] = np.nan
    (new,) = continue_recording(model, dataclasses.replace(walk, pose=pose), 10)
    assert (new.first_frame, new.num_frames) == (60, 10)


def test_faulty_requests_are_refused(model, make_walk):
    with pytest.raises(ValueError, match="num_frames and num_samples must be at least 1, but got 0 and 1"):
        continue_recording(model, make_walk(0, 40), 0)
    nothing = dataclasses.replace(make_walk(0, 9), pose=np.full((9, 6, 2), np.nan, np.float32))
    with pytest.raises(ValueError, match="must have an observed point to continue from"):
        continue_recording(model, nothing, 5)
    others = htvae.PoseSequence.from_array(np.zeros((9, 2, 2)), ["A", "B"])
    with pytest.raises(ValueError, match="must share landmarks with the model"):
        continue_recording(model, others, 5)
