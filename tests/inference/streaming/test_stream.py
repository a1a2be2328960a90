"""A stream equals the encoding of one window offline, and forgets what is behind it."""

import numpy as np
import pytest

import htvae
from htvae.inference.model import TrainedModel
from htvae.poses.sequence import PoseSequence
from tests.conftest import BODY

TOLERANCE = 1e-4
"""Rounding of batches of other sizes; it is about 1e-6 here."""


@pytest.fixture(scope="module")
def model(trained):
    return htvae.load(trained.checkpoint, "cpu")


def encode_offline(model: TrainedModel, pose: np.ndarray, index: int):
    """Return what the window that ends with the chunk after ``index`` says: z, and the chunk's latent."""
    grid = model.grid
    stop = min(index + 2, grid.num_chunks(len(pose)))
    # At the end of the recording all chunks that are left come from its last window.
    frames = min(grid.num_frames(stop), len(pose))
    if grid.num_frames(stop) >= len(pose):
        stop, frames = grid.num_chunks(len(pose)), len(pose)
    start = max(0, stop - grid.window)
    (output,) = model.windowed.encode([pose[start * grid.stride : frames]])[0]
    return output.sequence, output.chunks.mu[index - start], output.chunks.logvar[index - start]


def assert_equal_to_offline(model, pose, chunks):
    assert [chunk.index for chunk in chunks] == list(range(model.grid.num_chunks(len(pose))))
    for chunk in chunks:
        sequence, mu, logvar = encode_offline(model, pose, chunk.index)
        np.testing.assert_allclose(chunk.sequence_latent, sequence.mu, atol=TOLERANCE)
        np.testing.assert_allclose(chunk.sequence_logvar, sequence.logvar, atol=TOLERANCE)
        np.testing.assert_allclose(chunk.chunk_latent, mu, atol=TOLERANCE)
        np.testing.assert_allclose(chunk.chunk_logvar, logvar, atol=TOLERANCE)


def push_in_parts(stream, pose, sizes, seed=0):
    """Push frames in parts of random sizes, single frames without an axis among them."""
    rng, found, start = np.random.default_rng(seed), [], 0
    while start < len(pose):
        size = int(rng.integers(*sizes))
        found += stream.push(pose[start] if size == 1 else pose[start : start + size])
        start += size
    return found + stream.finish()


@pytest.mark.parametrize("num_frames", [1, 7, 8, 9, 14, 20, 62, 64, 65, 151])
def test_each_chunk_is_that_of_the_window_that_ends_after_it(model, make_walk, num_frames):
    walk = make_walk(2, num_frames)
    walk.pose[3:6, 3] = walk.pose[9:12, 4] = np.nan  # hips, inside the blocks of frames 0 to 7 and 8 to 13
    processed = model.process(walk)
    stream = model.stream(fps=30, landmarks=BODY, unit=processed.record.unit)
    chunks = push_in_parts(stream, walk.pose, (1, 20))
    assert stream.finish() == []
    assert_equal_to_offline(model, processed.pose, chunks)


@pytest.mark.parametrize("num_frames", [151, 300])
def test_windows_move_on(model, make_walk, num_frames):
    """Hips are always seen, so that preprocessing is that of the whole recording."""
    walk = make_walk(3, num_frames)
    walk.pose[0, 0] = walk.pose[0, 1]
    processed = model.process(walk)
    stream = model.stream(landmarks=BODY, unit=processed.record.unit, first_frame=walk.first_frame)
    chunks = push_in_parts(stream, walk.pose, (1, 40))
    assert model.grid.num_chunks(num_frames) > 2 * model.grid.window
    assert_equal_to_offline(model, processed.pose, chunks)
    whole = model.encode(walk)
    np.testing.assert_array_equal([chunk.frames for chunk in chunks], whole.chunk_frames)
    np.testing.assert_allclose([chunk.seconds for chunk in chunks], whole.chunk_seconds)


def test_a_recording_within_one_window_ends_as_offline(model, make_walk):
    walk = make_walk(1, 40)
    processed = model.process(walk)
    last = push_in_parts(model.stream(landmarks=BODY, unit=processed.record.unit), walk.pose, (1, 9))[-1]
    whole = model.encode(walk)
    np.testing.assert_allclose(last.sequence_latent, whole.sequence_latent, atol=TOLERANCE)
    np.testing.assert_allclose(last.chunk_latent, whole.chunk_latents[-1], atol=TOLERANCE)
    assert last.frames == tuple(whole.chunk_frames[-1])


def test_a_chunk_comes_with_the_last_frame_of_the_next(model, make_walk):
    walk, stream, grid = make_walk(1, 40), model.stream(), model.grid
    for frame in range(40):
        found = stream.push(walk.pose[frame])
        done = (frame + 1 - grid.chunk_size) % grid.stride == 0 and frame + 1 > grid.chunk_size
        assert len(found) == done
    assert stream.look_ahead == 1


def test_a_window_of_one_chunk_needs_no_look_ahead(model, make_walk):
    from dataclasses import replace

    other = TrainedModel.__new__(TrainedModel)
    vars(other).update(vars(model) | {"grid": replace(model.grid, window=1)})
    walk = make_walk(1, 50)
    walk.pose[0, 0] = 0
    processed = model.process(walk)
    stream = other.stream(landmarks=BODY, unit=processed.record.unit)
    assert stream.look_ahead == 0 and len(stream.push(walk.pose[:8])) == 1
    chunks = stream.push(walk.pose[8:]) + stream.finish()
    for chunk in chunks:
        start = chunk.index * model.grid.stride
        (output,) = other.windowed.encode([processed.pose[start : start + 8]])[0]
        np.testing.assert_allclose(chunk.chunk_latent, output.chunks.mu[0], atol=TOLERANCE)


@pytest.mark.parametrize("fps", [60.0, 25.0, 29.97, 12.3, 100.0])
def test_other_frame_rates(model, make_walk, fps):
    walk = make_walk(1, 120)
    walk.pose[0, 0] = 0
    source = PoseSequence.from_array(walk.pose, walk.landmarks, fps=fps, first_frame=10)
    processed = model.process(source)
    stream = model.stream(fps=fps, landmarks=BODY, unit=processed.record.unit, first_frame=10)
    chunks = push_in_parts(stream, walk.pose, (1, 9))
    assert_equal_to_offline(model, processed.pose, chunks)
    np.testing.assert_array_equal([chunk.frames for chunk in chunks], model.encode(source).chunk_frames)


def test_other_landmarks_and_unit(model, make_walk):
    """Landmarks in another order, one more, one less; the unit is the first chunk's."""
    walk = make_walk(1, 60)
    walk.pose[0, 0] = 0
    order = [4, 3, 2, 1, 0]
    pose = np.concatenate([walk.pose[:, order], walk.pose[:, :1]], axis=1)
    names = (*(walk.landmarks[i] for i in order), "TAIL")
    stream = model.stream(landmarks=names)
    chunks = stream.push(pose) + stream.finish()
    processed = model.process(PoseSequence.from_array(pose, names, fps=30.0))  # the torso is rigid
    assert_equal_to_offline(model, processed.pose, chunks)


def test_memory_does_not_grow(model, make_walk):
    stream, sizes = model.stream(), []
    for _ in range(6):
        stream.push(make_walk(1, 100).pose)
        parts = (stream._recent.pose, stream._recent.anchor, stream._pending, stream._resampler._kept)
        sizes.append([len(part) for part in parts] + [len(stream._encoder._parts)])
    assert all(own[:2] == sizes[0][:2] and own[2] <= 8 and own[3] <= 1 for own in sizes)
    assert sizes[2][4] == sizes[5][4] == model.grid.window


def test_nothing_is_seen(model):
    stream = model.stream()
    chunks = stream.push(np.full((30, 6, 2), np.nan)) + stream.finish()
    assert len(chunks) == 5 and all(np.isfinite(chunk.chunk_latent).all() for chunk in chunks)
    assert model.stream().finish() == []


def test_three_dimensions(trained_in_3d, make_walk):
    model, walk = htvae.load(trained_in_3d.checkpoint, "cpu"), make_walk(1, 90, num_coordinates=3)
    walk.pose[0, 0] = walk.pose[0, 1]
    processed = model.process(walk)
    stream = model.stream(landmarks=BODY, unit=processed.record.unit)
    assert_equal_to_offline(model, processed.pose, push_in_parts(stream, walk.pose, (1, 20)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fps": 0.0}, "fps must be above 0"),
        ({"unit": -1.0}, 'unit must be "first", "typical" or a number above 0'),
        ({"unit": "last"}, 'unit must be "first"'),
        ({"landmarks": ["A", "B"]}, "must share landmarks with the model"),
        ({"fps": 1e6}, "must be within a factor of 100"),
    ],
)
def test_wrong_options_are_refused(model, options, message):
    with pytest.raises(ValueError, match=message):
        model.stream(**options).push(np.zeros((2, len(options.get("landmarks", range(6))), 2)))


def test_wrong_frames_are_refused(model):
    for frames in (np.zeros((3, 5, 2)), np.zeros((3, 6, 3)), np.full((3, 6, 2), np.inf), np.zeros(6)):
        with pytest.raises(ValueError, match=r"must|finite|coordinates"):
            model.stream().push(frames)
    stream = model.stream()
    stream.finish()
    with pytest.raises(ValueError, match="once it is finished"):
        stream.push(np.zeros((1, 6, 2)))


def test_no_new_frames_finish_nothing_and_change_nothing(model, make_walk):
    walk = make_walk(1, 40)
    plain, paused = model.stream(), model.stream()
    expected = plain.push(walk.pose)
    found = paused.push(walk.pose[:0]) + paused.push(walk.pose[:20]) + paused.push(walk.pose[20:20])
    found += paused.push(walk.pose[20:])
    assert [chunk.index for chunk in found] == [chunk.index for chunk in expected]
    np.testing.assert_allclose(found[-1].chunk_latent, expected[-1].chunk_latent, atol=1e-5)


def test_an_architecture_of_ones_own_is_refused(model):
    class Own(type(model.model)):
        pass

    other = TrainedModel.__new__(TrainedModel)
    vars(other).update(vars(model) | {"model": Own.__new__(Own)})
    with pytest.raises(
        ValueError, match="must have a model of the default architecture, but this one is Own"
    ):
        other.stream()
