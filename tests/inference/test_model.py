"""What a trained model says of recordings of any kind and length.

The tiny model sees windows of 11 chunks of 8 frames, which start every 6; windows start every 9 chunks.
"""

import dataclasses

import numpy as np
import pytest
import torch

import htvae
from htvae.inference.checkpoint import load_checkpoint
from htvae.inference.model import TrainedModel
from htvae.io.inputs import read_recording
from htvae.io.pose_csv import write_pose_csv
from htvae.models.latent import Gaussian
from htvae.models.prior import Latents
from htvae.models.vae import HierarchicalTransformerVAE, Posteriors
from htvae.poses.sequence import PoseSequence

CLOSE = {"rtol": 1e-4, "atol": 1e-5}  # sums in another order, float32


@pytest.fixture(scope="module")
def model(trained):
    return htvae.load(trained.checkpoint, "cpu")


def in_order(sequence, landmarks):
    """Return the poses with landmarks in this order; the model has its own."""
    return sequence.pose[:, [sequence.landmarks.index(name) for name in landmarks]]


def middle_of_hips(sequence):
    return in_order(sequence, ["LEFT_HIP", "RIGHT_HIP"]).mean(axis=1)


def test_a_file_a_sequence_and_an_array_are_accepted(model, trained, make_walk, tmp_path):
    path = tmp_path / "walk.csv"
    write_pose_csv(path, make_walk(0, 50))
    sequence = read_recording(path, trained.config.data)
    array = sequence.pose
    assert sequence.landmarks == model.processor.landmarks
    latents = [model.encode(recording).sequence_latent for recording in (path, str(path), sequence, array)]
    assert latents[0].shape == (6,)
    assert all(np.array_equal(latents[0], latent) for latent in latents[1:])
    assert model.encode(path).name == "walk" and model.encode(array).name == "array"


def test_what_is_known_of_a_recording_comes_along(model, make_walk):
    sequence = make_walk(1, 50, label="wave", subject="Ann", covariates={"age": "30"})
    encoding = model.encode(sequence)
    assert (encoding.label, encoding.subject, encoding.covariates) == ("wave", "Ann", {"age": "30"})


def test_shapes_of_a_long_recording(model, make_walk):
    encoding = model.encode(make_walk(0, 200))
    assert encoding.window_latents.shape == (4, 6)  # 33 chunks: from 0, 9, 18 and 22
    assert encoding.sequence_latent.shape == encoding.sequence_logvar.shape == (6,)
    count = len(encoding.chunk_latents)
    assert encoding.chunk_latents.shape == encoding.chunk_logvars.shape == (count, 3)
    assert encoding.chunk_frames.shape == encoding.chunk_seconds.shape == (count, 2)
    assert encoding.chunk_frames.dtype.kind == "i"


def test_a_window_does_not_know_of_the_rest(model, make_walk):
    """The first latent of a long recording equals the first latent of its first window alone."""
    walk = make_walk(0, 200)
    alone = model.encode(dataclasses.replace(walk, pose=walk.pose[:68]))
    whole = model.encode(walk)
    # The processor takes the torso length from the whole recording; this body's is constant.
    np.testing.assert_allclose(whole.window_latents[0], alone.sequence_latent, rtol=1e-3, atol=1e-4)


def test_company_and_size_of_batches_change_no_latent(trained, model, make_walks):
    processed = [model.process(walk) for walk in make_walks([33, 200, 64, 7, 1, 90])]
    together = model.encode_all(processed)
    small = TrainedModel(load_checkpoint(trained.checkpoint), "cpu", batch_frames=64)
    others = [small.encode_all(processed), [model.encode_all([p])[0] for p in processed]]
    others.append(model.encode_all(processed[::-1])[::-1])
    others.append([r.encoding for r in small.reconstruct_all(processed)])
    for other in others:
        for first, second in zip(together, other, strict=True):
            assert first.name == second.name
            np.testing.assert_array_equal(first.chunk_frames, second.chunk_frames)
            for part in ("sequence_latent", "sequence_logvar", "window_latents", "chunk_latents"):
                np.testing.assert_allclose(getattr(first, part), getattr(second, part), **CLOSE)


def test_batches_change_no_reconstruction(trained, model, make_walks):
    processed = [model.process(walk) for walk in make_walks([33, 200, 1])]
    small = TrainedModel(load_checkpoint(trained.checkpoint), "cpu", batch_frames=1)
    for first, second in zip(model.reconstruct_all(processed), small.reconstruct_all(processed), strict=True):
        np.testing.assert_allclose(first.pose, second.pose, **CLOSE)


def test_no_recordings_give_no_encodings(model):
    assert model.encode_all([]) == [] and model.reconstruct_all([]) == []


@pytest.mark.parametrize("num_frames", [1, 7, 8, 9, 64, 65, 72, 73, 200, 345])
def test_chunks_cover_every_frame_and_stand_in_order(model, make_walk, num_frames):
    frames = model.encode(make_walk(0, num_frames)).chunk_frames
    assert frames[0, 0] == 0 and frames[-1, 1] == num_frames
    assert (np.diff(frames, axis=0) > 0).all()
    assert (frames[1:, 0] <= frames[:-1, 1]).all()  # no frame without a chunk
    assert (frames[:, 0] == 6 * np.arange(len(frames))).all()


def test_chunks_of_a_short_recording_are_the_grid(model, make_walk):
    frames = model.encode(make_walk(0, 21)).chunk_frames
    assert frames.tolist() == [[0, 8], [6, 14], [12, 20], [18, 21]]


def test_chunks_have_frames_and_seconds_of_the_source(model, make_walk):
    """At 60 frames per second the model, which has 30, sees every other frame."""
    encoding = model.encode(make_walk(0, 81, first_frame=100, fps=60.0))
    plain = model.encode(make_walk(0, 41)).chunk_frames
    expected = np.stack([100 + 2 * plain[:, 0], 100 + 2 * (plain[:, 1] - 1) + 1], axis=1)
    np.testing.assert_array_equal(encoding.chunk_frames, expected)
    assert encoding.chunk_frames[0, 0] == 100 and encoding.chunk_frames[-1, 1] == 181
    np.testing.assert_allclose(encoding.chunk_seconds, expected / 60)


def test_seconds_are_unknown_without_a_frame_rate(model, make_walk):
    encoding = model.encode(make_walk(0, 30, first_frame=7, fps=None))
    assert encoding.chunk_seconds is None
    assert encoding.chunk_frames[0].tolist() == [7, 15]


def test_sequence_latents_of_windows_are_joined_by_precision(model, make_walk, monkeypatch):
    """Means 1 and 3 with variances 1 and 3: (1 + 3 / 3) / (1 + 1 / 3) = 1.5, variance 3 / 4."""

    def encode(pose, observed, num_frames):
        first = num_frames == 68  # 11 whole chunks; the second window has 64 frames
        mu, variance = torch.where(first, 1.0, 3.0), torch.where(first, 1.0, 3.0)
        chunks = torch.zeros(len(pose), model.model.num_chunks(pose.shape[1]), 3)
        sequence = Gaussian(mu[:, None].expand(-1, 6), variance.log()[:, None].expand(-1, 6))
        return Posteriors(sequence, Gaussian(chunks, chunks), chunks[..., 0] == 0)

    monkeypatch.setattr(model.model, "encode", encode)
    encoding = model.encode(make_walk(0, 100))
    np.testing.assert_allclose(encoding.window_latents[:, 0], [1, 3])
    np.testing.assert_allclose(encoding.sequence_latent, 1.5, rtol=1e-6)
    np.testing.assert_allclose(np.exp(encoding.sequence_logvar), 0.75, rtol=1e-6)


def test_a_single_window_is_its_own_latent(model, make_walk):
    encoding = model.encode(make_walk(0, 40))
    np.testing.assert_allclose(encoding.sequence_latent, encoding.window_latents[0], rtol=1e-6)


def test_reconstruction_has_frames_landmarks_and_coordinates_of_the_source(model, make_walk):
    source = make_walk(2, 150, first_frame=12, label="wave")
    back = model.reconstruct(source)
    assert back.pose.shape == source.pose.shape and back.pose.dtype == np.float32
    assert (back.first_frame, back.fps, back.label, back.name) == (12, 30.0, "wave", source.name)
    assert np.isfinite(back.pose).all()  # also the points that are missing in the source
    assert set(back.landmarks) == set(source.landmarks)
    np.testing.assert_allclose(middle_of_hips(back), middle_of_hips(source), atol=0.8)  # a torso is 2 units


@pytest.mark.parametrize("fps", [60.0, 24.0, 7.5])
def test_reconstruction_is_brought_back_to_the_sources_frames(model, make_walk, fps):
    source = make_walk(2, 77, first_frame=5, fps=fps)
    back = model.reconstruct(source)
    assert back.pose.shape == source.pose.shape and (back.fps, back.first_frame) == (fps, 5)
    # It walks 0.05 a frame, 3.8 in all: with another grid of frames it would be off by more in the end.
    np.testing.assert_allclose(middle_of_hips(back), middle_of_hips(source), atol=0.8)


def test_a_perfect_model_gives_the_source_back(model, make_walk):
    """Processing and windows are undone: this reconstruction is the input itself."""
    for fps, tolerance in ((30.0, 1e-4), (15.0, 1e-4), (60.0, 0.1)):  # every other frame is interpolated
        source = make_walk(0, 131, first_frame=3, fps=fps)
        reconstruction = model.reconstruct_all([model.process(source)])[0]
        perfect = dataclasses.replace(reconstruction, pose=reconstruction.processed.pose)
        back = in_order(model.to_source(perfect), source.landmarks)
        known = source.observed & ~np.isnan(back[..., 0])
        assert known.mean() > 0.95
        assert np.abs(back - source.pose)[known].max() < tolerance


def test_a_landmark_that_is_absent_is_given_back_all_the_same(model, make_walk):
    walk = make_walk(0, 40)
    part = PoseSequence.from_array(walk.pose[:, 1:], walk.landmarks[1:], name="no_nose", fps=30.0)
    back = model.reconstruct(part)
    assert set(back.landmarks) == set(walk.landmarks) and np.isfinite(back.pose).all()


def test_landmarks_may_stand_in_another_order(model, make_walk):
    walk = make_walk(0, 40)
    turned = PoseSequence.from_array(walk.pose[:, ::-1], walk.landmarks[::-1], name="turned", fps=30.0)
    np.testing.assert_allclose(
        model.encode(turned).sequence_latent, model.encode(walk).sequence_latent, **CLOSE
    )


def test_nothing_observed_is_finite(model):
    nothing = np.full((70, 6, 2), np.nan)
    encoding = model.encode(nothing)
    for part in (encoding.sequence_latent, encoding.sequence_logvar, encoding.chunk_latents):
        assert np.isfinite(part).all()
    assert np.isfinite(model.reconstruct(nothing).pose).all()


def test_no_landmark_in_common(model, make_walk):
    paws = PoseSequence.from_array(np.zeros((5, 2, 2)), ["PAW", "TAIL"], name="mouse")
    for use in (model.encode, model.reconstruct):
        with pytest.raises(
            ValueError, match=r"mouse: must share landmarks.*NOSE.*the recording has PAW, TAIL"
        ):
            use(paws)


def test_an_array_of_other_landmarks_or_coordinates(model):
    with pytest.raises(ValueError, match="got 6 names for 5 points"):
        model.encode(np.zeros((10, 5, 2)))
    with pytest.raises(ValueError, match="poses must have 2 coordinates"):
        model.encode(np.zeros((10, 6, 3)))


def test_encode_does_not_decode(model, make_walk, monkeypatch):
    monkeypatch.setattr(model.model, "_decode", lambda *_: pytest.fail("the decoder ran"))
    model.encode(make_walk(0, 100))


def test_decode_returns_what_reconstruct_does(model, make_walk):
    reconstruction = model.reconstruct_all([model.process(make_walk(0, 40))])[0]
    window = reconstruction.windows[0]
    latents = Latents(window.sequence.mu[None], window.chunks.mu[None])
    np.testing.assert_allclose(model.decode_all(latents, 40)[0], reconstruction.pose, **CLOSE)


def test_using_a_model_leaves_it_as_it_is(model, make_walk):
    before = {name: value.clone() for name, value in model.model.state_dict().items()}
    first = model.encode(make_walk(0, 100)).sequence_latent
    model.reconstruct(make_walk(1, 100))
    assert np.array_equal(first, model.encode(make_walk(0, 100)).sequence_latent)
    assert all(torch.equal(value, before[name]) for name, value in model.model.state_dict().items())
    assert not model.model.training


def test_a_model_of_ones_own_needs_its_build_model(trained):
    class Taller(HierarchicalTransformerVAE):
        pass

    def build(config, **sizes):
        return Taller(dataclasses.replace(config.model, num_layers=2), **sizes)

    with pytest.raises(ValueError, match=r"must fit the architecture.*build_model"):
        htvae.load(trained.checkpoint, "cpu", build)
    same = htvae.load(trained.checkpoint, "cpu", lambda config, **sizes: Taller(config.model, **sizes))
    assert isinstance(same.model, Taller)


def test_an_absent_device(trained, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="'cuda' is not"):
        htvae.load(trained.checkpoint, "cuda")
