"""Surprise and motif of a streamed chunk are those of an excerpt, taken for a recording of its own."""

from dataclasses import replace

import numpy as np
import pytest

import htvae
from htvae.analysis.motifs.motifs import apply_motifs
from htvae.analysis.surprise.measures import measure_recordings
from tests.conftest import BODY

TOLERANCE = 1e-4
"""Rounding of the way there and back between coordinates."""


@pytest.fixture(scope="module")
def model(trained):
    return htvae.load(trained.checkpoint, "cpu")


@pytest.fixture(scope="module")
def walk(make_walk):
    walk = make_walk(2, 100)
    walk.pose[0, 0] = walk.pose[0, 1]
    return walk


@pytest.fixture(scope="module")
def scale(model, trained):
    return model.fit_surprise(trained.recordings)


@pytest.fixture(scope="module")
def motifs(model, trained):
    return model.find_motifs(trained.recordings, num_motifs=3, bout_seconds=1.0)


def cut(processed, start, stop):
    record = processed.record
    part = replace(record, anchor=record.anchor[start:stop], source_frames=record.source_frames[start:stop])
    return replace(processed, pose=processed.pose[start:stop], record=part)


def stream_all(model, walk, unit, **options):
    stream = model.stream(landmarks=BODY, unit=unit, **options)
    return [chunk for frame in walk.pose for chunk in stream.push(frame)] + stream.finish()


@pytest.mark.parametrize("context", [2, 5])
def test_chunks_are_scored_and_named_as_in_the_excerpt(model, walk, scale, motifs, context):
    processed, grid = model.process(walk), model.grid
    chunks = stream_all(
        model, walk, processed.record.unit, surprise=scale, motifs=motifs, context_chunks=context
    )
    assert len(chunks) == grid.num_chunks(100) and len({tuple(c.surprise) for c in chunks}) == 1
    for chunk in chunks:
        last = chunk.index >= grid.num_chunks(100) - 2
        stop = 100 if last else grid.num_frames(chunk.index + 2)
        excerpt = cut(processed, max(0, stop - grid.num_frames(context)), stop)
        first = chunk.index * grid.stride - (stop - len(excerpt.pose))
        own = slice(first, first + chunk.frames[1] - chunk.frames[0])
        (measures,) = measure_recordings(model, [excerpt], scale.usual)
        for kind, values in scale.score(measures).frames.items():
            seen = values[own][np.isfinite(values[own])]
            expected = seen.max() if len(seen) else np.nan
            np.testing.assert_allclose(chunk.surprise[kind], expected, atol=TOLERANCE, rtol=TOLERANCE)
        (found,) = apply_motifs(model, [excerpt], motifs.segmenter, motifs.kind).segmentations
        labels = found.labels[own]
        assert chunk.motif == np.unique(labels)[np.unique(labels, return_counts=True)[1].argmax()]
        if chunk.motif >= 0:
            expected = found.confidence[own][labels == chunk.motif].mean()
            assert chunk.motif_confidence == pytest.approx(expected, abs=TOLERANCE)


def test_latents_do_not_depend_on_the_analyses(model, walk, scale, motifs):
    plain = stream_all(model, walk, 2.0)
    full = stream_all(model, walk, 2.0, surprise=scale, motifs=motifs)
    assert plain[3].surprise is None and plain[3].motif is None
    for a, b in zip(plain, full, strict=True):
        np.testing.assert_allclose(a.chunk_latent, b.chunk_latent, atol=TOLERANCE)
        assert a.frames == b.frames


def test_a_jump_is_a_surprise(model, walk, scale):
    other = replace(walk, pose=walk.pose.copy())
    other.pose[46, 5] += 30
    plain, jumping = (stream_all(model, own, 2.0, surprise=scale) for own in (walk, other))
    (index,) = {c.index for c in plain if c.frames[0] < 46 < c.frames[1] - 3}
    assert jumping[index].surprise["acceleration"] > 1 > plain[index].surprise["acceleration"]


def test_an_excerpt_without_points_has_no_score(model, scale, motifs):
    stream = model.stream(surprise=scale, motifs=motifs)
    chunks = stream.push(np.full((30, 6, 2), np.nan)) + stream.finish()
    assert all(np.isnan(list(chunk.surprise.values())).all() for chunk in chunks)


def test_the_excerpt_has_the_look_ahead(model):
    with pytest.raises(ValueError, match="context_chunks must be at least 2, but got 1"):
        model.stream(context_chunks=1)
    with pytest.raises(ValueError, match="reference must hold at least one recording"):
        model.fit_surprise([])
