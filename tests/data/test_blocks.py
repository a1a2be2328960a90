"""Long recordings made a block at a time: the numbers of the whole, for any size of block."""

import numpy as np
import pytest

from htvae.config import DataConfig
from htvae.data.blocks import BlockPose
from htvae.data.processing import PoseDataProcessor
from htvae.io.pose_store import StoredPose
from htvae.poses.sequence import PoseSequence

NUM_FRAMES = 371
CASES = {
    "plain": {},
    "resampled to fewer frames": {"fps": 41.0},
    "resampled to nearly as many": {"fps": 29.4},
    "resampled to more frames": {"fps": 12.5},
    "later in its source": {"first_frame": 1000},
    "other landmarks": {"landmarks": "LEFT_SHOULDER TAIL RIGHT_HIP LEFT_HIP NOSE RIGHT_SHOULDER".split()},
    "without a shoulder": {"landmarks": "LEFT_WRIST TAIL RIGHT_HIP LEFT_HIP NOSE RIGHT_SHOULDER".split()},
    "three coordinates": {"num_coordinates": 3},
    "turned": {"heading": ("LEFT_HIP", "NOSE")},
    "centred": {"centred": True},
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def case(request, make_walk):
    """A fitted processor, and a recording with gaps in every landmark."""
    known = dict(request.param)
    heading, landmarks = known.pop("heading", None), known.pop("landmarks", None)
    centred, size = known.pop("centred", False), known.pop("num_coordinates", 2)
    walk = make_walk(3, NUM_FRAMES, num_coordinates=size, **known)
    pose = walk.pose.copy()
    if centred:
        pose -= pose[:, 3:5].mean(axis=1, keepdims=True)
    pose[np.random.default_rng(0).random(pose.shape[:2]) < 0.2] = np.nan
    pose[100:140] = np.nan
    fitted = PoseSequence.from_array(np.nan_to_num(pose), walk.landmarks, "fitted", 30.0)
    processor = PoseDataProcessor(DataConfig(heading=heading)).fit([fitted])
    processor._prepared.clear()
    known = {"fps": walk.fps, "first_frame": walk.first_frame}
    return processor, PoseSequence.from_array(pose, landmarks or walk.landmarks, "walk", **known)


def whole(processor, sequence):
    return PoseDataProcessor.from_state_dict(processor.state_dict(), processor.config).transform(sequence)


@pytest.mark.parametrize("block_frames", [1, 7, 64, 270])
def test_any_block_is_a_part_of_the_whole(case, block_frames):
    processor, sequence = case
    expected = whole(processor, sequence)
    found = processor.transform_in_blocks(sequence, block_frames)
    assert len(found.pose) == len(expected.pose)
    if "LEFT_SHOULDER" not in sequence.landmarks:  # its size follows from all landmarks
        assert isinstance(found.pose, np.ndarray)
        return
    assert isinstance(found.pose, BlockPose)
    for start, stop in ((0, None), (0, 1), (1, 2), (99, 140), (150, 151), (-5, None), (17, 1000)):
        np.testing.assert_array_equal(found.pose[start:stop], expected.pose[start:stop])
    for name, value in vars(expected.record).items():
        np.testing.assert_array_equal(getattr(found.record, name), value)


def test_recordings_read_when_they_are_sliced_are_the_same(case):
    processor, sequence = case
    expected = whole(processor, sequence)
    stored = StoredPose(lambda start, stop: sequence.pose[start:stop], sequence.pose.shape).as_array()
    found = processor.transform_lazily(sequence.with_metadata(pose=stored))
    assert not isinstance(found.pose, np.ndarray)
    assert len(found.pose) == len(expected.pose)
    for key in (slice(None), slice(99, 140), slice(0, None, 7), (slice(None), slice(2))):
        np.testing.assert_array_equal(found.pose[key], expected.pose[key])
    np.testing.assert_array_equal(np.asarray(found.pose), expected.pose)
    for name, value in vars(expected.record).items():
        np.testing.assert_array_equal(getattr(found.record, name), value)


def test_what_is_fitted_does_not_depend_on_when_recordings_are_read(make_walks):
    walks = make_walks([40, 90, 33])
    lazy = [
        w.with_metadata(pose=StoredPose(lambda a, b, w=w: w.pose[a:b], w.pose.shape).as_array())
        for w in walks
    ]
    plain, streamed = (PoseDataProcessor(DataConfig()).fit(s) for s in (walks, lazy))
    assert plain.state_dict() == streamed.state_dict()
    assert not streamed._prepared  # no poses are kept
    for walk, sequence in zip(walks, lazy, strict=True):
        np.testing.assert_array_equal(streamed.transform_lazily(sequence).pose[:], plain.transform(walk).pose)


def test_recordings_that_fit_into_a_block_are_arrays(case):
    processor, sequence = case
    assert isinstance(processor.transform_in_blocks(sequence, 10_000).pose, np.ndarray)


def test_latents_are_the_same_for_any_block(trained, make_walk):
    import htvae

    model, walk = htvae.load(trained.checkpoint, "cpu"), make_walk(2, 500)
    [expected] = model.encode_all([model.processor.transform(walk)])
    for block_frames in (10, 100, 499):
        [found] = model.encode_all([model.processor.transform_in_blocks(walk, block_frames)])
        for name in ("sequence_latent", "sequence_logvar", "chunk_latents", "chunk_logvars", "chunk_frames"):
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
