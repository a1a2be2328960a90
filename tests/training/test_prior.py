"""A prior for a trained model: what it learns from, and where it goes."""

import dataclasses
import math
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import htvae
from htvae.data.loader import PoseDataLoader
from htvae.inference.checkpoint import load_checkpoint, save_checkpoint
from htvae.inference.export.export import export_model
from htvae.poses.geometry import measure_movement
from htvae.poses.sequence import FrameLabel
from htvae.training import prior
from htvae.training.prior import add_prior
from htvae.training.prior_data import Vocabulary, collect_latents, record_scripts
from htvae.training.trainer import HTVAETrainer
from htvae.utils.lock import LockHeldError, hold_lock


@pytest.fixture(autouse=True)
def _quick(no_measuring, brief_bands):
    """Start at once, and calibrate intervals briefly."""


@pytest.fixture
def own_copy(trained, tmp_path):
    """A copy of the tiny model without a prior."""
    return Path(shutil.copy(trained.checkpoint, tmp_path / "best_model.pt"))


@pytest.fixture
def open_data(trained):
    checkpoint = load_checkpoint(trained.checkpoint)
    return PoseDataLoader(checkpoint.config, processor=checkpoint.processor, splits=checkpoint.splits)


def test_latents_are_those_of_the_model_and_labels_stand_beside_them(trained, make_walk):
    model = htvae.load(trained.checkpoint, "cpu")
    spans = (FrameLabel(0, 10, "nod"), FrameLabel(10, 33, "wave"))
    walks = [make_walk(1, 33, label="b", frame_labels=spans), make_walk(2, 33, label="unknown")]
    processed = [model.process(walk) for walk in walks]
    vocabulary = Vocabulary(("a", "b"), ("nod", "wave"))
    assert Vocabulary.of(processed) == Vocabulary(("b", "unknown"), ("nod", "wave"))
    windows = collect_latents(model, processed, vocabulary, seed=0)
    assert windows.num_frames.tolist() == [33, 33] and windows.num_chunks.tolist() == [6, 6]
    encoding = model.encode(walks[0])
    np.testing.assert_allclose(windows.sequence[0][0], encoding.sequence_latent, atol=1e-4)  # batched
    np.testing.assert_allclose(windows.chunks[0][0], encoding.chunk_latents, atol=1e-4)
    assert windows.labels.tolist() == [2, 0]
    # Chunks of 8 frames begin every 6, and are asked at frames 1, 3, 5, 7; 7, 9, 11, 13; ...
    expected = [[1] * 4, [1, 1, 2, 2], *[[2] * 4] * 4]
    assert windows.chunk_labels.tolist() == [expected, [[0] * 4] * 6]


def test_latents_under_a_label_are_never_those_of_a_varied_recording(trained, make_walk):
    model, varied = (htvae.load(trained.checkpoint, "cpu") for _ in range(2))
    ranges = dict.fromkeys(("limb_range", "stretch_range", "shear_range", "scale_range", "time_warp"), 0.5)
    model.config = model.config.replace(**dict.fromkeys(ranges, 0.0), mirror_probability=0.0)
    varied.config = varied.config.replace(**ranges, mirror_probability=1.0, rotation_degrees=90.0)
    walks = [model.process(make_walk(i, 150, label="wave left")) for i in range(2)]
    plain, other = (collect_latents(m, walks, Vocabulary.of(walks), 0, 600) for m in (model, varied))
    for one, two in ((plain.sequence, other.sequence), (plain.chunks, other.chunks)):
        assert torch.equal(one[0], two[0]) and torch.equal(one[1], two[1])
    assert plain.labels.eq(1).all()


def test_the_scripts_of_recordings_are_recorded(trained, make_walk):
    model = htvae.load(trained.checkpoint, "cpu")
    spans = (FrameLabel(0, 10, "nod"), FrameLabel(10, 20, "nod"), FrameLabel(25, 33, "wave"))
    walks = [make_walk(1, 33, label="b", frame_labels=spans), make_walk(2, 12, label="unknown")]
    vocabulary = Vocabulary(("a", "b"), ("nod", "wave"))
    recorded = record_scripts([model.process(walk) for walk in walks], vocabulary)
    assert recorded == ((2, ((1, 20), (0, 5), (2, 8))), (0, ((0, 12),)))


def test_recordings_are_cut_again_until_there_is_enough(trained, open_data):
    model = htvae.load(trained.checkpoint, "cpu")
    processed = open_data.processed("train")
    frames = sum(len(p.pose) for p in processed)
    vocabulary = Vocabulary.of(processed)
    once, twice = (collect_latents(model, processed, vocabulary, 0, n) for n in (0, frames + 1))
    assert once.num_frames.sum() == frames and twice.num_frames.sum() == 2 * frames


def test_the_file_gets_the_prior_and_keeps_the_rest(trained, trained_with_prior):
    before, after = load_checkpoint(trained.checkpoint), load_checkpoint(trained_with_prior.checkpoint)
    assert before.prior is None and after.prior is not None
    assert all(torch.equal(value, after.state[name]) for name, value in before.state.items())
    assert after.prior.labels == ("a", "b") and after.prior.chunk_labels == ()
    assert after.config.prior.prior_embed_dim == after.prior.config.prior_embed_dim == 16
    assert htvae.load(trained_with_prior.checkpoint, "cpu").prior is not None


def test_it_is_noted_how_much_training_recordings_move(trained_with_prior, open_data):
    prior = load_checkpoint(trained_with_prior.checkpoint).prior
    moves = [measure_movement(p.pose[:, :6]) for p in open_data.processed("train")]
    assert len(moves) > 1 and prior.movement == pytest.approx(np.median(moves))


def test_training_ends_with_a_prior_and_resuming_does_not_fit_it_again(
    tiny_config, tiny_prior, make_walks, caplog
):
    config = tiny_config.replace(**tiny_prior, val_fraction=0.2)
    result = HTVAETrainer(config, make_walks([40, 60, 51, 70, 33])).fit()
    first = load_checkpoint(result.best_model).prior
    assert first is not None and result.finished
    with caplog.at_level("INFO", logger="htvae"):
        HTVAETrainer(config.replace(resume=True), make_walks([40, 60, 51, 70, 33])).fit()
    assert "has its prior already" in caplog.text
    again = load_checkpoint(result.best_model).prior
    assert all(torch.equal(value, again.state[name]) for name, value in first.state.items())


@pytest.mark.soak
def test_the_best_prior_is_nearest_to_validation_motion(tiny_config, tiny_prior, make_walks, caplog):
    config = tiny_config.replace(**tiny_prior, val_fraction=0.5, test_fraction=0.0)
    with caplog.at_level("INFO", logger="htvae"):
        result = HTVAETrainer(config, make_walks([40 + i for i in range(24)])).fit()
    assert "least Frechet distance from 12 validation sequences" in caplog.text
    figures = load_checkpoint(result.best_model).prior.figures
    assert 0 < figures["frechet"] < math.inf and math.isfinite(figures["loss"])
    assert f"Frechet distance {figures['frechet']:.1f}) added to" in caplog.text


def test_when_time_is_up_the_model_has_the_prior_as_it_is(own_copy, open_data, trained, tiny_prior, caplog):
    config = trained.config.replace(**tiny_prior, max_minutes=0)
    with caplog.at_level("INFO", logger="htvae"):
        assert not add_prior(own_copy, open_data, config.prior, config.training)
    assert "Stopped by max_minutes at step 1 of the prior" in caplog.text
    assert htvae.load(own_copy, "cpu").generate(20)
    training = config.replace(max_minutes=None).training
    with caplog.at_level("INFO", logger="htvae"):
        assert add_prior(own_copy, open_data, config.prior, training, resume=True)
    assert "The prior goes on at step 1" in caplog.text
    assert load_checkpoint(own_copy).prior.figures["finished"]


def test_a_replaced_model_gets_no_prior(own_copy, open_data, trained, tiny_prior, monkeypatch):
    config = trained.config.replace(**tiny_prior)
    other = load_checkpoint(own_copy)
    other = dataclasses.replace(other, state={name: value + 1 for name, value in other.state.items()})

    def collect(*arguments):
        save_checkpoint(own_copy, other)
        return _collect(*arguments)

    _collect = prior._collect
    monkeypatch.setattr(prior, "_collect", collect)
    with pytest.raises(ValueError, match="was replaced meanwhile"):
        add_prior(own_copy, open_data, config.prior, config.training)
    assert load_checkpoint(own_copy).prior is None


def test_two_priors_of_one_model_are_not_fitted_at_once(own_copy, open_data, trained, tiny_prior):
    config = trained.config.replace(**tiny_prior)
    with hold_lock(own_copy.with_name("prior.lock"), ""), pytest.raises(LockHeldError):
        add_prior(own_copy, open_data, config.prior, config.training)


def test_the_folder_of_an_export_keeps_its_files_to_itself(own_copy, open_data, trained, tiny_prior):
    folder, unfinished = own_copy.parent / "exported", own_copy.with_name(prior.STATE_FILE)
    export_model(own_copy, folder)
    unfinished.write_bytes(b"of the run beside it")
    settings = trained.config.replace(**tiny_prior)
    assert add_prior(folder, open_data, settings.prior, settings.training)
    assert load_checkpoint(folder).prior is not None and load_checkpoint(own_copy).prior is None
    assert unfinished.read_bytes() == b"of the run beside it"
    assert {path.name for path in own_copy.parent.iterdir()} == {own_copy.name, "exported", unfinished.name}
    assert not (folder / prior.STATE_FILE).exists() and not (folder / prior.BEST_FILE).exists()


def test_files_that_a_killed_run_left_go_when_it_resumes(own_copy, open_data, trained, tiny_prior):
    config = trained.config.replace(**tiny_prior)
    assert add_prior(own_copy, open_data, config.prior, config.training)
    left = own_copy.with_name("last_prior.pt")
    left.write_bytes(b"")
    assert add_prior(own_copy, open_data, config.prior, config.training, resume=True)
    assert not left.exists()


def test_a_damaged_state_of_a_prior_begins_it_anew(own_copy, open_data, trained, tiny_prior, caplog):
    config = trained.config.replace(**tiny_prior)
    own_copy.with_name("last_prior.pt").write_bytes(b"damaged")
    with caplog.at_level("INFO", logger="htvae"):
        assert add_prior(own_copy, open_data, config.prior, config.training, resume=True)
    assert "The prior begins anew." in caplog.text
    assert load_checkpoint(own_copy).prior.figures["finished"]


def test_a_model_without_chunk_latents_gets_none(tiny_config, tiny_prior, make_walks):
    config = tiny_config.replace(**(tiny_prior | {"chunk_latent_dim": 0}))
    walks = make_walks([40, 60, 51])
    result = HTVAETrainer(config, walks).fit()
    assert load_checkpoint(result.best_model).prior is None
    with pytest.raises(ValueError, match="a prior needs chunk latents, but chunk_latent_dim is 0"):
        add_prior(result.best_model, PoseDataLoader(config, walks), config.prior, config.training)


def test_recordings_of_another_folder_are_no_training_recordings(own_copy, trained, make_walks):
    checkpoint = load_checkpoint(own_copy)
    strangers = make_walks([40, 41], subject="stranger")
    strangers = [dataclasses.replace(s, name=f"new_{s.name}", pose=s.pose + 1) for s in strangers]
    data = PoseDataLoader(
        checkpoint.config, strangers, processor=checkpoint.processor, splits=checkpoint.splits
    )
    with pytest.raises(ValueError, match="must hold the recordings that the model was trained on"):
        add_prior(own_copy, data, trained.config.prior, trained.config.training)


def test_the_prior_of_another_model_is_refused(trained_with_prior, tmp_path):
    checkpoint = load_checkpoint(trained_with_prior.checkpoint)
    name = next(iter(checkpoint.state))
    changed = checkpoint.state | {name: checkpoint.state[name] + 1}
    save_checkpoint(tmp_path / "other.pt", dataclasses.replace(checkpoint, state=changed))
    model = htvae.load(tmp_path / "other.pt", "cpu")
    with pytest.raises(ValueError, match="The prior must belong to the model's own VAE"):
        model.generate(20)


def test_generating_needs_a_prior(trained):
    with pytest.raises(
        ValueError, match=r"must have a prior to generate, but has none\. Add one: htvae train-p"
    ):
        htvae.load(trained.checkpoint, "cpu").generate(20)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 0.5),
        ({"root_motion": False}, math.inf),
        ({"heading": ("NOSE", "TAIL")}, math.inf),
        ({"heading": ("NOSE", "TAIL"), "num_coordinates": 3}, 0.5),
        ({"num_coordinates": 3}, 0.5),
        ({"unit": "spread"}, math.inf),
        ({"num_coordinates": 1}, math.inf),
    ],
)
def test_only_people_who_walk_through_the_picture_have_a_ground(monkeypatch, changes, expected):
    usual = {"root_motion": True, "heading": None, "unit": "torso", "num_coordinates": 2, "landmarks": ("A",)}
    monkeypatch.setattr(prior, "measure_ground_range", lambda recordings: 0.5)
    model = SimpleNamespace(processor=SimpleNamespace(**usual | changes))
    assert prior._measure_ground_range(model, []) == expected
