"""Series made when asked for: the same numbers as all at once, whatever is kept."""

import dataclasses

import numpy as np
import pytest

import htvae
from htvae.analysis import motion_series
from htvae.analysis.motion_series import group_recordings, make_series
from htvae.analysis.series_source import SeriesSource
from htvae.data.lazy import LazyRecordings


@pytest.fixture(scope="module")
def model(trained):
    return htvae.load(trained.checkpoint, "cpu")


@pytest.fixture(scope="module")
def recordings(model, trained):
    """Recordings with holes."""
    processed = [model.process(r) for r in trained.recordings]
    holed = [dataclasses.replace(p, pose=p.pose.copy()) for p in processed]
    for p in holed:
        p.pose[3:9, 1] = np.nan
    return holed


@pytest.mark.parametrize("kind", ["filled", "decoded", "pose", "latent"])
@pytest.mark.parametrize("kept_bytes", [0, 20_000, 2**30])
def test_series_are_the_same_each_time(model, recordings, kind, kept_bytes, monkeypatch):
    monkeypatch.setattr(motion_series, "BATCH_RECORDINGS", 2)
    expected = make_series(model, recordings, kind)
    source = SeriesSource(model, recordings, kind, kept_bytes)
    for _ in range(2):
        found = list(source)
        assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))
    assert np.array_equal(source[-1], expected[-1])
    assert all(np.array_equal(a, b) for a, b in zip(source[1:3], expected[1:3], strict=True))
    assert len(source) == len(expected) and source.room >= 0


def test_groups_are_few_recordings_of_few_frames(recordings, monkeypatch):
    lengths = [len(p.pose) for p in recordings]
    assert group_recordings(recordings) == [range(len(recordings))]
    monkeypatch.setattr(motion_series, "BATCH_FRAMES", lengths[0] + lengths[1])
    groups = group_recordings(recordings)
    assert groups[0] == range(2) and [i for own in groups for i in own] == list(range(len(lengths)))
    monkeypatch.setattr(motion_series, "BATCH_FRAMES", 1)
    assert [len(own) for own in group_recordings(recordings)] == [1] * len(recordings)
    assert group_recordings([]) == []


def test_lazy_recordings_give_the_same_motifs(model, trained):
    lazy = LazyRecordings(model.processor, trained.recordings)
    first, second = (model.find_motifs(x, num_motifs=2) for x in (lazy, list(lazy)))
    for name, value in first.segmenter.state_dict().items():
        assert np.array_equal(value, second.segmenter.state_dict()[name])
