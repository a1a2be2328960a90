"""Recordings that are transformed when they are asked for."""

import numpy as np

import htvae
from htvae.data.lazy import LazyRecordings, without_poses


def test_they_are_what_the_processor_makes(trained):
    processor = htvae.load(trained.checkpoint, "cpu").processor
    lazy = LazyRecordings(processor, trained.recordings)
    expected = [processor.transform(r) for r in trained.recordings]
    assert len(lazy) == len(expected)
    for a, b in zip([*lazy, lazy[-1], *lazy[1:3]], [*expected, expected[-1], *expected[1:3]], strict=True):
        assert a.name == b.name and np.array_equal(a.pose, b.pose, equal_nan=True)


def test_without_poses_frames_keep_their_places(trained):
    processor = htvae.load(trained.checkpoint, "cpu").processor
    (full,) = LazyRecordings(processor, trained.recordings[:1])
    (bare,) = without_poses([full])
    assert bare.pose.size == bare.record.anchor.size == 0 and bare.pose.base is None
    assert np.array_equal(bare.record.source_frames, full.record.source_frames)
    assert bare.source is full.source and bare.name == full.name
