"""Blocks of a stream are normalised as the whole recording is, where that needs no look ahead."""

import numpy as np
import pytest

from htvae.config import DataConfig
from htvae.data.processing import PoseDataProcessor
from htvae.inference.streaming.normalising import CausalNormaliser
from htvae.inference.streaming.resampling import CausalResampler
from htvae.poses.sequence import PoseSequence


def normalise(processor, pose, sizes, unit=None):
    normaliser, blocks, start = CausalNormaliser(processor.normalisation, unit), [], 0
    for size in sizes:
        blocks.append(normaliser.apply(pose[start : start + size]))
        start += size
    return normaliser, blocks


@pytest.fixture
def walks(make_walk):
    walks = [make_walk(i, 60) for i in (1, 2)]
    for walk in walks:
        walk.pose[0, 0] = 0
    return walks


@pytest.mark.parametrize("heading", [None, ("LEFT_HIP", "LEFT_SHOULDER")])
def test_blocks_are_parts_of_the_whole(walks, heading):
    processor = PoseDataProcessor(DataConfig(heading=heading)).fit(walks)
    whole = processor.transform(walks[0])
    _, blocks = normalise(processor, walks[0].pose, (8, 6, 1, 45), whole.record.unit)
    np.testing.assert_allclose(np.concatenate([b.pose for b in blocks]), whole.pose, atol=1e-6)
    np.testing.assert_allclose(np.concatenate([b.anchor for b in blocks]), whole.record.anchor, atol=1e-6)


@pytest.mark.parametrize("heading", [None, ("NOSE", "TAIL")])
def test_an_animal_without_hips(heading):
    """The centroid and the spread; a landmark is hidden for a while inside a block."""
    rng = np.random.default_rng(0)
    pose = (rng.normal(size=(1, 4, 2)) + rng.normal(size=(40, 4, 2)).cumsum(0) / 20 + 5).astype(np.float32)
    pose[12:15, 2] = np.nan
    animal = PoseSequence.from_array(pose, ("NOSE", "NECK", "BACK", "TAIL"))
    processor = PoseDataProcessor(DataConfig(heading=heading)).fit([animal])
    whole = processor.transform(animal)
    _, blocks = normalise(processor, animal.pose, (10, 10, 20), whole.record.unit)
    np.testing.assert_allclose(np.concatenate([b.pose for b in blocks]), whole.pose, atol=1e-5)


def test_the_unit_is_that_of_the_first_block_that_shows_the_body(walks):
    processor, pose = PoseDataProcessor(DataConfig()).fit(walks), walks[0].pose.copy()
    pose[:11], pose[20:] = np.nan, 2 * pose[20:]
    normaliser, blocks = normalise(processor, pose, (10, 4, 6, 40))
    assert normaliser.unit == pytest.approx(2)  # frames 11 to 13; what comes later is twice as large
    assert np.isnan(blocks[0].pose).all()
    np.testing.assert_allclose(np.nanmax(blocks[3].pose[:, 1:5, 1]), 2, atol=1e-5)


def test_a_gap_at_the_end_of_a_block_is_held_and_then_joined(walks):
    processor, pose = PoseDataProcessor(DataConfig()).fit(walks), walks[0].pose.copy()
    pose[8:12, 3] = np.nan
    _, (first, second) = normalise(processor, pose, (10, 50))
    assert (first.anchor[8:] == first.anchor[7]).all()
    steps = np.diff(np.concatenate([first.anchor[-1:], second.anchor[:3]]), axis=0)
    np.testing.assert_allclose(steps, np.broadcast_to(steps[0], steps.shape), atol=1e-6)
    missing = np.isnan(np.concatenate([first.pose, second.pose])[:, -1, 0])
    assert missing.nonzero()[0].tolist() == [0, 8, 9, 10, 11, 12]


@pytest.mark.parametrize("step", [1.0, 2.0, 0.3, 1 / 3, 30000 / 1001 / 30, 1.7, 90.5])
def test_resampled_frames_are_those_of_the_whole(step):
    values = np.random.default_rng(1).normal(size=(200, 3, 2)).astype(np.float32)
    values[50, 1] = np.nan
    resampler, frames, places = CausalResampler(step), [], []
    for start in range(0, 200, 7):
        part = resampler.push(values[start : start + 7])
        frames.append(part[0])
        places.append(part[1])
        assert len(resampler._kept) <= max(7, step) + 1
    part = resampler.finish()
    found, positions = np.concatenate([*frames, part[0]]), np.concatenate([*places, part[1]])
    count = int(199 / step + 1e-6) + 1
    np.testing.assert_array_equal(positions, np.minimum(step * np.arange(count), 199))
    low = np.floor(positions).astype(int)
    share = (positions - low)[:, None, None]
    high = np.minimum(low + 1, 199)
    expected = np.where(share > 0, values[low] * (1 - share) + values[high] * share, values[low])
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_stream_without_frames_has_none():
    assert [len(part) for part in CausalResampler(2.0).finish()] == [0, 0]
