"""What is hidden, and in which excerpts."""

import numpy as np
import pytest

from htvae.generation.trials import (
    EXCERPT_FRAMES,
    GAPS,
    cut_excerpts,
    hide_bursts,
    hide_gap,
    hide_landmarks,
    hide_points,
    hide_varied_gaps,
    hide_varied_runs,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def lengths_of(hidden):
    edges = np.flatnonzero(np.diff(np.pad(hidden.astype(int), 1)))
    return (edges[1::2] - edges[::2]).tolist()


@pytest.mark.parametrize("num_landmarks", [1, 4, 5, 33])
def test_landmarks_are_hidden_throughout(rng, num_landmarks):
    hidden = hide_landmarks((37, num_landmarks), rng)
    assert (hidden == hidden[0]).all()
    assert hidden[0].sum() == max(1, num_landmarks // 5)


def test_bursts_hide_half_of_half(rng):
    hidden = hide_bursts((6000, 20), rng)
    assert (hidden.any(axis=0)).sum() == 10
    assert hidden[:, hidden.any(axis=0)].mean() == pytest.approx(0.5, abs=0.1)
    assert (hidden[:5990:30] == hidden[29:6000:30]).all()  # bursts of 30 frames
    assert hide_bursts((7, 3), rng).shape == (7, 3)


@pytest.mark.parametrize("length", GAPS)
@pytest.mark.parametrize("num_frames", [4, 5, 23])
def test_gaps_have_their_length_and_frames_around_them(rng, length, num_frames):
    hidden = hide_gap((num_frames * length, 2), rng, length)
    assert (hidden[:, 0] == hidden[:, 1]).all()
    assert not hidden[0].any() and not hidden[-1].any()
    lengths = lengths_of(hidden[:, 0])
    assert len(lengths) >= 1 and lengths[-1] <= length and set(lengths[:-1]) <= {length}
    assert hidden[:, 0].mean() <= 0.3


@pytest.mark.parametrize("num_frames", [45, 64, 200, 512, 1024])
def test_varied_gaps_have_the_lengths_that_are_counted(rng, num_frames):
    counts, found = dict.fromkeys(GAPS, 0), []
    for _ in range(10):
        hidden = hide_varied_gaps((num_frames, 3), rng, counts)
        assert (hidden == hidden[:, :1]).all() and hidden[:, 0].mean() <= 0.5
        assert not hidden[0].any() and not hidden[-1].any()
        found += lengths_of(hidden[:, 0])
    assert {length: found.count(length) for length in GAPS} == counts
    assert set(found) == {n for n in GAPS if n + max(n // 2 - 60, 0) <= num_frames // 2}


def test_varied_gaps_are_as_often_short_as_long_where_there_is_room(rng):
    counts = dict.fromkeys(GAPS, 0)
    for _ in range(20):
        hide_varied_gaps((1024, 2), rng, counts)
    assert min(counts.values()) > 0.7 * max(counts.values()) > 10


def test_varied_runs_hide_half_of_the_landmarks_each_in_its_own_gaps(rng):
    counts = dict.fromkeys(GAPS, 0)
    hidden = hide_varied_runs((512, 7), rng, counts)
    assert hidden.any(axis=0).sum() == 3 and not hidden.all(axis=1).any()
    runs = [length for landmark in hidden.T for length in lengths_of(landmark)]
    assert sorted(runs) == sorted(n for n, count in counts.items() for _ in range(count)) != []


def test_hidden_points_are_not_shown_nor_is_the_root_in_a_gap(as_processed):
    pose = np.zeros((6, 3, 2), np.float32)  # two landmarks and the root's velocity
    hidden = np.zeros((6, 2), bool)
    hidden[1, 0] = hidden[3:5] = True
    seen = ~np.isnan(hide_points(as_processed(pose), hidden).pose[..., 0])
    assert seen[:, 0].tolist() == [True, False, True, False, False, True]
    assert seen[:, 1].tolist() == [True, True, True, False, False, True]
    assert seen[:, 2].tolist() == [True, True, True, False, False, False]  # frame 5 minus frame 4 is unknown
    assert np.isfinite(pose).all()  # the recording stays as it was


def test_excerpts_are_spread_over_all_recordings_and_keep_their_order(as_processed):
    recordings = [as_processed(np.full((n, 2, 2), i, np.float32)) for i, n in enumerate((900, 5000, 520))]
    excerpts = cut_excerpts(recordings, 24, 60)
    assert {int(e.pose[0, 0, 0]) for e in excerpts} == {0, 1, 2}
    assert len(excerpts) <= 24 and {len(e.pose) for e in excerpts} == {EXCERPT_FRAMES}
    assert {len(e.pose) for e in cut_excerpts(recordings[1:2], 24, 960)} == {960}
    (only,) = cut_excerpts([as_processed(np.zeros((60, 2, 2), np.float32))], 24, 60)  # the whole, once
    assert len(only.pose) == 60
    assert len(cut_excerpts(recordings[1:2], 24, 60)) == 5  # of 5,000 frames; half of them are enough
    clips = [as_processed(np.zeros((60, 2, 2), np.float32)) for _ in range(10)]
    assert len(cut_excerpts(clips, 24, 60)) == 10
    assert len(cut_excerpts(clips, 3, 60)) == len(cut_excerpts(recordings[1:2], 3, 60)) == 3
