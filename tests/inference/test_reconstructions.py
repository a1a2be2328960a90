"""Reconstructions that are made when they are read are those that are made at once.

The tiny model sees windows of 11 chunks of 8 frames, which start every 6; windows start every 9 chunks.
"""

from itertools import pairwise

import numpy as np
import pytest

import htvae
from htvae.inference import reconstructions
from htvae.inference.reconstructions import LongReconstruction, Reconstructions

CLOSE = {"rtol": 1e-4, "atol": 1e-4}  # windows pass through the model in other batches, float32


@pytest.fixture(scope="module")
def model(trained):
    return htvae.load(trained.checkpoint, "cpu")


@pytest.mark.parametrize("fps", [30.0, 60.0, 24.0])
@pytest.mark.parametrize("refine_steps", [0, 2])
def test_any_parts_of_a_long_recording_are_those_of_the_whole(model, make_walk, fps, refine_steps):
    source = make_walk(1, 313, first_frame=7, fps=fps)
    whole = model.reconstruct(source, refine_steps).pose
    long = LongReconstruction(model, model.process(source), refine_steps)
    for parts in ([0, 313], [0, 50, 51, 190, 313], range(0, 314)):
        read = [long.read(start, stop) for start, stop in pairwise(parts)]
        np.testing.assert_allclose(np.concatenate(read), whole, **CLOSE)
    np.testing.assert_allclose(long.read(20, 30), whole[20:30], **CLOSE)  # backwards


def test_model_frames_are_those_of_the_whole(model, make_walk):
    processed = model.process(make_walk(1, 313))
    (whole,) = model.reconstruct_all([processed])
    long = LongReconstruction(model, processed, 0)
    for start, stop in ((0, 3), (60, 75), (200, 313), (10, 11)):
        np.testing.assert_allclose(long.join(start, stop), whole.pose[start:stop], **CLOSE)


def test_every_window_is_made_once_and_forgotten(model, make_walk, monkeypatch):
    made = []
    make = type(model.windowed).reconstruct_batch
    monkeypatch.setattr(
        type(model.windowed),
        "reconstruct_batch",
        lambda self, batch, *given: made.append(len(batch)) or make(self, batch, *given),
    )
    monkeypatch.setattr(model, "batch_frames", 140)  # two windows of 68 frames
    long = LongReconstruction(model, model.process(make_walk(0, 400)), 0)
    for start in range(0, 400, 5):
        long.read(start, start + 5)
        assert len(long.answers) <= 3
    assert sum(made) == len(long.windows) and max(made) == 2


def test_short_recordings_pass_together_and_long_ones_alone(model, make_walks, monkeypatch):
    monkeypatch.setattr(reconstructions, "BLOCK_FRAMES", 100)
    monkeypatch.setattr(reconstructions, "GROUP_FRAMES", 150)
    lengths = [60, 70, 80, 300, 90, 50, 1]
    assert reconstructions._group(lengths) == [
        *[range(0, 2)] * 2,
        range(2, 3),
        range(3, 4),
        *[range(4, 7)] * 3,
    ]
    walks, told = make_walks(lengths), []
    made = Reconstructions(model, walks, 0, told.append).sequences()
    for walk, own in zip(walks, made, strict=True):
        expected = model.reconstruct(walk, 0)
        assert own.landmarks == expected.landmarks and own.pose.shape == expected.pose.shape
        assert (own.name, own.fps, own.first_frame) == (walk.name, walk.fps, walk.first_frame)
        np.testing.assert_allclose(own.pose[:], expected.pose, **CLOSE)
    assert told == np.cumsum(lengths).tolist()
