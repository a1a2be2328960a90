"""New motion: lengths, labels, scripts, seeds, long sequences, and messages about faulty requests."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch

import htvae
from htvae.generation.sampler import Place
from htvae.io.pose_csv import write_pose_csv
from htvae.models.prior import Latents
from htvae.poses.ground import find_ground
from htvae.poses.sequence import Coordinates, FrameLabel


@pytest.fixture(scope="module")
def model(trained_with_prior):
    return htvae.load(trained_with_prior.checkpoint, "cpu")


@pytest.mark.parametrize("num_frames", [1, 7, 64, 65, 300])
def test_any_length(model, num_frames):
    (sequence,) = model.generate(num_frames)
    assert sequence.pose.shape == (num_frames, 6, 2)
    assert np.isfinite(sequence.pose).all()
    assert (sequence.landmarks, sequence.fps) == (model.processor.landmarks, 30.0)


def test_several_with_a_label(model):
    sequences = model.generate(30, num_sequences=11, label="b", guidance=2.0)
    assert [s.name for s in sequences[:2]] == ["generated_00", "generated_01"]
    assert {s.label for s in sequences} == {"b"}
    assert len({s.pose.tobytes() for s in sequences}) == 11


def test_without_a_label_each_sequence_gets_a_label_of_training(model):
    shares = model._prior_state.label_shares
    assert shares[0] == 0 and sum(shares) == pytest.approx(1)
    sequences = model.generate(30, num_sequences=6, seed=3)
    assert {s.label for s in sequences} == {"a", "b"}
    asked = model.generate(30, num_sequences=6, seed=3, label=sequences[4].label)
    np.testing.assert_allclose(sequences[4].pose, asked[4].pose, atol=1e-4)


def test_the_ground_is_as_level_as_in_training(model, monkeypatch):
    """Every frame rises by 0.01, so 300 frames rise by 3, unless the training recordings stay level."""
    decode, unit = model.decode_all, model.training_place.unit

    def float_up(latents, num_frames):
        pose = decode(latents, num_frames)
        pose[..., -1, 1] = 0.01
        return pose

    monkeypatch.setattr(model, "decode_all", float_up)
    assert model.processor.root_motion and model._prior_state.ground_range == np.inf  # short walks
    ranges = []
    for most in (np.inf, 0.2):
        saved = dataclasses.replace(model._prior_state, ground_range=most)
        monkeypatch.setattr(model, "_prior_state", saved)
        ranges.append(np.ptp(find_ground(model.generate(300)[0].pose / unit, 30.0)))
    assert ranges[0] > 2 and ranges[1] < 0.6
    (longer,) = model.continue_(model.generate(90)[0], 300)
    assert np.ptp(find_ground(longer.pose / unit, 30.0)) < 0.6
    saved = dataclasses.replace(model._prior_state, ground_range=np.inf)
    monkeypatch.setattr(model, "_prior_state", saved)
    (longer,) = model.continue_(model.generate(90)[0], 300)
    assert np.ptp(find_ground(longer.pose / unit, 30.0)) > 2


def test_the_same_seed_gives_the_same_motion(model):
    first, again, other = (model.generate(30, seed=seed)[0].pose for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other, atol=1e-3)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"num_frames": 0}, "num_frames and num_sequences must be at least 1, but got 0 and 1"),
        ({"num_frames": 9, "seed": -1}, "seed must be at least 0, but got -1"),
        ({"num_frames": 9, "num_sequences": 0}, "must be at least 1, but got 9 and 0"),
        (
            {"num_frames": 9, "label": "run"},
            "label must be one that the prior knows, but got 'run'. Known: a, b",
        ),
        ({"num_frames": 9, "guidance": 2.0}, "guidance must come with a label or a script"),
        ({"script": "run:9f"}, "has 'run'. Known: none; recordings need a frame_labels.csv in training"),
    ],
)
def test_faulty_requests_are_refused(model, asked, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(").replace(".", r"\.")):
        model.generate(**asked)


def ask(model, monkeypatch, scripts):
    """Return the list of requests to the prior of a model that now knows two labels of spans."""
    saved = dataclasses.replace(model._prior_state, chunk_labels=("nod", "wave"), scripts=scripts)
    monkeypatch.setattr(model, "_prior_state", saved)
    asked, zeros = [], torch.zeros

    def note(request, seed):
        asked.append(request)
        return Latents(zeros(request.given.sequence.shape), zeros(request.given.chunks.shape))

    monkeypatch.setattr(model, "draw", note)
    return asked


def test_a_script_becomes_chunk_labels(model, monkeypatch):
    asked = ask(model, monkeypatch, scripts=())
    model.generate(label="b", script="wave:10f,nod:16f")
    assert asked[-1].labels.tolist() == [2]
    # Chunks of 8 frames every 6, with a label at four frames: 1, 3, 5, 7; 7, 9, 11, 13; ...
    assert asked[-1].chunk_labels.tolist() == [[[2] * 4, [2, 2, 1, 1], [1] * 4, [1] * 4]]
    (sequence,) = model.generate(26, label="wave")  # a label of spans holds throughout
    assert asked[-1].chunk_labels.tolist() == [[[2] * 4] * 4]
    assert (sequence.label, sequence.frame_labels) == ("wave", (FrameLabel(0, 26, "wave"),))


def test_without_a_script_each_sequence_gets_a_script_like_trainings(model, monkeypatch):
    """Recordings of label a nod throughout; recordings of label b wave, then have no label."""
    asked = ask(model, monkeypatch, scripts=((1, ((1, 50),)), (2, ((2, 10), (0, 16)))))
    sequences = model.generate(26, num_sequences=6, seed=3)
    rows = asked[-1].chunk_labels.tolist()
    assert {s.label for s in sequences} == {"a", "b"}
    for sequence, row in zip(sequences, rows, strict=True):
        named = {0} | {1 if sequence.label == "a" else 2}
        assert set(np.ravel(row)) <= named
        if sequence.label == "a":
            assert sequence.frame_labels == (FrameLabel(0, 26, "nod"),)
    model.generate(26, num_sequences=2, label="a")
    assert asked[-1].chunk_labels.unique().tolist() == [1]
    assert {request.guidance for request in asked} == {1.0}


def test_a_script_is_guided_by_default(model, monkeypatch):
    monkeypatch.setattr(model, "_check_chunk_label", lambda name: None)
    asked, draw = [], model.draw
    monkeypatch.setattr(model, "draw", lambda request, seed: (asked.append(request), draw(request, seed))[1])
    model.generate(script="wave:1s")
    model.generate(script="wave:1s", guidance=1.5)
    model.generate(30, label="a")
    model.generate(30)
    assert [request.guidance for request in asked] == [2.0, 1.5, 1.0, 1.0]


def test_generated_sequences_carry_their_script(model, monkeypatch):
    monkeypatch.setattr(model, "_check_chunk_label", lambda name: None)
    (sequence,) = model.generate(script="wave:1s,nod:10f")
    assert sequence.num_frames == 40
    assert sequence.frame_labels == (FrameLabel(0, 30, "wave"), FrameLabel(30, 40, "nod"))


def test_decoding_in_windows_equals_decoding_at_once_where_one_window_is_enough(model):
    generator = torch.Generator().manual_seed(0)
    latents = Latents(torch.randn(3, 6, generator=generator), torch.randn(3, 9, 3, generator=generator))
    expected = model.model.decode(*latents, torch.full((3,), 53))
    np.testing.assert_allclose(model.decode_all(latents, 53), expected.detach().numpy(), atol=1e-5)


def test_the_walk_is_the_sum_of_the_roots_velocity(model):
    assert model.processor.root_motion
    pose = np.zeros((4, 7, 2), np.float32)
    pose[:, -1, 0] = [9.0, 1.0, 2.0, 3.0]  # the path begins after the first frame
    place = Place(2.0, np.float32([5, 7]), Coordinates(y_up=False))
    walk = model.to_sequence(pose, "walk", place=place)
    np.testing.assert_allclose(walk.pose[:, 0], [[5, 7], [7, 7], [11, 7], [17, 7]])  # torsos of two units
    assert walk.coordinates == Coordinates(y_up=False)


def test_interpolation_begins_and_ends_with_the_reconstructions(model, make_walk):
    first, second = make_walk(0, 50), make_walk(1, 62)
    between = model.interpolate(first, second, steps=5)
    assert [s.name for s in between] == [f"between_{i}" for i in range(5)]
    assert {s.num_frames for s in between} == {50}
    rebuilt = model.reconstruct(first, refine_steps=0).pose
    shift = between[0].pose - rebuilt
    assert np.ptp(shift, axis=1).max() < 0.2  # the same body, of two units a torso, on another path
    assert np.abs(shift[0]).max() < 0.2  # which begins in the same place
    steps = [np.linalg.norm(b.pose - a.pose) for a, b in itertools.pairwise(between)]
    assert max(steps) < 3 * min(steps)


def test_level_and_kind_are_used(model, make_walk):
    ends = make_walk(0, 50), make_walk(1, 50)
    whole, level, kind = (
        model.interpolate(*ends, steps=3, **asked)
        for asked in ({}, {"level": "sequence"}, {"kind": "linear"})
    )
    assert not np.allclose(level[-1].pose, whole[-1].pose, atol=1e-3)  # its chunk latents stay
    np.testing.assert_allclose(kind[-1].pose, whole[-1].pose, atol=1e-3)  # the path differs, not the ends
    assert not np.array_equal(kind[1].pose, whole[1].pose)


def test_strength_is_the_distance_of_an_edit(model, trained, tmp_path, make_walk):
    training = model.encode_training(trained.folder, tmp_path)
    assert {e.label for e in training} == {"a", "b"}
    walk = make_walk(1, 50, first_frame=3)
    poses = [model.edit(walk, towards="a", strength=s, training=training) for s in (0.0, 1.0, 2.0)]
    np.testing.assert_allclose(poses[0].pose, model.reconstruct(walk, refine_steps=0).pose, atol=1e-4)
    assert all((p.first_frame, p.num_frames, p.fps) == (3, 50, 30.0) for p in poses)
    near, far = (np.linalg.norm(p.pose - poses[0].pose) for p in poses[1:])
    assert far > 1.2 * near > 0
    outdoors = model.edit(walk, towards="place=outdoors", training=training)
    assert not np.array_equal(outdoors.pose, poses[1].pose)


def test_faulty_edits_are_refused(model, trained, tmp_path, make_walk):
    walk, training = make_walk(1, 50), model.encode_training(trained.folder, tmp_path)
    with pytest.raises(ValueError, match=r"'c' names 0 of \d+. Known for label: a, b"):
        model.edit(walk, towards="c", training=training)
    with pytest.raises(ValueError, match="either towards or style_from, but got neither or both"):
        model.edit(walk)
    with pytest.raises(
        ValueError, match="decoder uses the sequence latent, but with the other recording's the result"
    ):
        model.edit(walk, style_from=walk)  # its own z changes nothing
    (tmp_path / "other").mkdir()
    write_pose_csv(tmp_path / "other/x.csv", make_walk(9, 30))
    with pytest.raises(ValueError, match="must hold the recordings that the model was trained on"):
        model.encode_training(tmp_path / "other", tmp_path)


def test_the_style_of_another_recording(model, make_walk, monkeypatch):
    monkeypatch.setattr("htvae.generation.editing.LEAST_CHANGE", 0.0)
    walk = make_walk(1, 50)
    styled = model.edit(walk, style_from=make_walk(4, 90))
    assert styled.num_frames == 50 and styled.name == "walk_01_restyled"
    assert not np.allclose(styled.pose, model.reconstruct(walk, refine_steps=0).pose)
