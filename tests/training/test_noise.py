"""Calibrated noise in a model's file: from which errors, once, and what stays as it was."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from htvae.data.loader import PoseDataLoader
from htvae.inference.checkpoint import load_checkpoint, save_checkpoint
from htvae.inference.model import TrainedModel
from htvae.poses.geometry import observed_points
from htvae.training.noise import add_noise, collect_errors
from htvae.training.trainer import HTVAETrainer


@pytest.fixture
def data(trained):
    checkpoint = load_checkpoint(trained.checkpoint)
    return PoseDataLoader(checkpoint.config, processor=checkpoint.processor, splits=checkpoint.splits)


@pytest.fixture
def without(trained, tmp_path):
    """A copy of the tiny model without noise, as files of before are."""
    path = Path(shutil.copy(trained.checkpoint, tmp_path / "best_model.pt"))
    save_checkpoint(path, dataclasses.replace(load_checkpoint(path), noise=None))
    return path


def test_training_ends_with_noise(trained):
    checkpoint = load_checkpoint(trained.checkpoint)
    assert checkpoint.noise.log_scale.shape == (2, len(checkpoint.processor.points))


def test_the_file_gets_noise_once_and_keeps_the_rest(trained, without, data, caplog):
    with caplog.at_level("INFO", logger="htvae"):
        add_noise(without, data, "cpu", seed=0)
    before, after = load_checkpoint(trained.checkpoint), load_checkpoint(without)
    assert "Noise calibrated on 3 excerpts" in caplog.text
    np.testing.assert_allclose(after.noise.log_scale, before.noise.log_scale, atol=1e-6)
    assert all(torch.equal(value, before.state[name]) for name, value in after.state.items())
    content = without.read_bytes()
    add_noise(without, data, "cpu", seed=0)
    assert without.read_bytes() == content


def test_errors_are_of_points_that_were_seen_and_of_hidden_ones(without, data):
    model, (processed, *_) = TrainedModel(load_checkpoint(without), "cpu"), data.processed("val")
    (seen,), (hidden,) = collect_errors(model, [processed], seed=0)
    known = observed_points(processed.pose)
    assert (np.isfinite(seen.error[..., 0]) == known).all()
    shown = np.isfinite(hidden.error[..., 0])
    assert shown.any() and not (shown & ~known).any() and shown[:, :6].any(axis=0).sum() == 3
    assert (hidden.pose != seen.pose).any()  # the model answers otherwise where points are hidden
    np.testing.assert_array_equal(hidden.error[shown], (hidden.pose - processed.pose)[shown])


def test_a_file_of_before_has_the_learned_scale(trained, without):
    old, new = (TrainedModel(load_checkpoint(path), "cpu") for path in (without, trained.checkpoint))
    pose, observed = np.zeros((4, 7, 2), np.float32), np.zeros((4, 7), bool)
    observed[0] = True
    assert old.noise is None
    scale = old.noise_scale(pose, observed)
    assert scale == pytest.approx(np.where(observed, *old.learned_scale))
    floor = old.config.loss.min_scale
    seen = np.exp(20 * old.model.log_scale.detach()[0].double().numpy())
    assert scale[0] == pytest.approx(np.sqrt(seen**2 + floor**2), rel=1e-5)
    assert new.noise_scale(pose, observed) == pytest.approx(new.noise.scale(pose, observed))


def test_a_network_without_learned_scales_gets_none(without, data, monkeypatch):
    monkeypatch.setattr(TrainedModel, "has_learned_scale", False)
    content = without.read_bytes()
    add_noise(without, data, "cpu", seed=0)
    assert without.read_bytes() == content


def test_training_that_is_out_of_time_has_noise_too(tiny_config, make_walks, no_measuring):
    walks = make_walks([40, 60, 51, 70, 33])
    result = HTVAETrainer(tiny_config.replace(max_minutes=0, val_fraction=0.2), walks).fit()
    assert not result.finished
    assert load_checkpoint(result.best_model).noise is not None
