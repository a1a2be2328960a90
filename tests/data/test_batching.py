import dataclasses
from itertools import zip_longest

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from htvae.config import TrainingConfig
from htvae.data.batching import (
    collate,
    collate_step,
    cut_micro_batches,
    frames_per_step,
    pack_steps,
    share_windows,
)
from htvae.data.dataset import WindowSample

LENGTHS = st.lists(st.integers(1, 100), min_size=1, max_size=60)


def sample(length, num_points=5, num_coordinates=2):
    pose = np.arange(length * num_points * num_coordinates, dtype=np.float32)
    pose = pose.reshape(length, num_points, num_coordinates)
    observed = pose[..., 0] % 3 > 0
    return WindowSample(pose * observed[..., None], observed, pose + 1, seed=2**62 + length)


@pytest.mark.parametrize("num_coordinates", [2, 3])
def test_windows_are_padded_to_the_longest(num_coordinates):
    samples = [sample(length, num_coordinates=num_coordinates) for length in (3, 7)]
    batch = collate(samples)
    assert len(batch) == 2
    assert batch.pose.shape == batch.target.shape == (2, 7, 5, num_coordinates)
    assert batch.num_frames.tolist() == [3, 7]
    assert batch.frame_mask.sum(1).tolist() == [3, 7]
    assert batch.seeds.tolist() == [2**62 + 3, 2**62 + 7]
    for i, (pose, observed, target, _) in enumerate(samples):
        length = len(pose)
        np.testing.assert_array_equal(batch.pose[i, :length], pose)
        np.testing.assert_array_equal(batch.observed[i, :length], observed)
        np.testing.assert_array_equal(batch.target[i, :length], target)
    assert (batch.pose[0, 3:] == 0).all()
    assert not batch.observed[0, 3:].any()
    assert batch.target[0, 3:].isnan().all()
    assert (batch.pose.dtype, batch.observed.dtype) == (torch.float32, torch.bool)
    assert (batch.target.dtype, batch.num_frames.dtype) == (torch.float32, torch.int64)


def test_a_batch_moves_as_a_whole():
    batch = collate([sample(3)]).to("meta")
    tensors = (
        batch.pose, batch.observed, batch.target, batch.num_frames, batch.seeds, batch.frame_mask
    )  # fmt: skip
    assert all(tensor.is_meta for tensor in tensors)


@given(lengths=LENGTHS, max_frames=st.integers(1, 500), padding=st.integers(1, 4))
def test_micro_batches_fit_and_hold_each_window_once(lengths, max_frames, padding):
    lengths = sorted(lengths)
    cuts = cut_micro_batches(lengths, max_frames, padding)
    assert [length for cut in cuts for length in lengths[cut]] == lengths
    for cut, following in zip_longest(cuts, cuts[1:]):
        run = lengths[cut]
        assert len(run) == 1 or (sum(run) <= max_frames and len(run) * max(run) <= padding * max_frames)
        if following is not None:  # the next window would not have fitted
            more = [*run, lengths[following][0]]
            assert sum(more) > max_frames or len(more) * max(more) > padding * max_frames


def test_a_step_is_cut_into_micro_batches():
    step = collate_step([sample(length) for length in (9, 2, 3, 8)], micro_batch_frames=18)
    assert [batch.num_frames.tolist() for batch in step] == [[2, 3, 8], [9]]


def test_a_step_with_much_padding_is_cut():
    step = collate_step([sample(length) for length in (1, 1, 1, 1, 14)], micro_batch_frames=17)
    assert [batch.num_frames.tolist() for batch in step] == [[1, 1, 1, 1], [14]]
    step = collate_step([sample(length) for length in (1, 1, 1, 14)], micro_batch_frames=17)
    assert [batch.num_frames.tolist() for batch in step] == [[1, 1, 1, 14]]


def test_no_windows_make_no_batches():
    assert cut_micro_batches([], 10) == []
    assert collate_step([], 10) == []


@given(lengths=LENGTHS, num_ranks=st.integers(1, 5))
def test_shares_hold_each_window_once_and_about_as_many_frames(lengths, num_ranks):
    shares = share_windows(np.array(lengths), num_ranks)
    assert len(shares) == num_ranks
    assert sorted(np.concatenate(shares).tolist()) == list(range(len(lengths)))
    frames = [sum(lengths[i] for i in share) for share in shares]
    assert max(frames) - min(frames) <= max(lengths)
    assert all(share.tolist() == sorted(share.tolist()) for share in shares)


@given(lengths=LENGTHS, batch_size=st.integers(1, 70), seed=st.integers(0, 9))
def test_steps_by_windows(lengths, batch_size, seed):
    num_steps = -(-len(lengths) // batch_size)
    steps = pack_steps(np.array(lengths), num_steps, False, np.random.default_rng(seed))
    assert sorted(np.concatenate(steps)) == list(range(len(lengths)))
    sizes = [len(step) for step in steps]
    assert len(steps) == num_steps
    assert max(sizes) <= batch_size
    assert max(sizes) - min(sizes) <= 1


@given(lengths=LENGTHS, batch_frames=st.integers(1, 1000), seed=st.integers(0, 9))
def test_steps_by_frames(lengths, batch_frames, seed):
    num_steps = -(-sum(lengths) // batch_frames)
    steps = pack_steps(np.array(lengths), num_steps, True, np.random.default_rng(seed))
    assert sorted(np.concatenate(steps)) == list(range(len(lengths)))
    assert 1 <= len(steps) <= num_steps
    for step in steps:
        assert len(step) == 1 or sum(lengths[i] for i in step) <= batch_frames + max(lengths)


@pytest.mark.parametrize(
    ("batch_frames", "sizes"),
    [
        (2048, (2048, 2048, 4096, 4096, 8192)),
        (3000, (3000, 3000, 6000, 6000, 8192)),
        (20_000, (20_000,) * 5),
    ],
)
def test_steps_grow(batch_frames, sizes):
    config, frames = TrainingConfig(batch_frames=batch_frames), (0, 999_999, 1_000_000, 2_999_999, 10**8)
    assert tuple(frames_per_step(config, done) for done in frames) == sizes
    plain = dataclasses.replace(config, batch_growth=False)
    assert {frames_per_step(plain, done) for done in frames} == {batch_frames}


def test_steps_are_of_equal_size_mix_lengths_and_come_in_random_order():
    lengths = np.random.default_rng(0).integers(10, 1000, size=500)
    steps = pack_steps(lengths, 50, True, np.random.default_rng(0))
    sizes = [lengths[step].sum() for step in steps]
    assert max(sizes) < 1.1 * min(sizes)
    assert np.median([lengths[step].max() / lengths[step].min() for step in steps]) > 5
    longest = [lengths[step].max() for step in steps]
    assert abs(np.corrcoef(longest, range(50))[0, 1]) < 0.4  # about three standard deviations
    again = pack_steps(lengths, 50, True, np.random.default_rng(1))
    assert {tuple(step) for step in steps}.isdisjoint(tuple(step) for step in again)
