"""Calibrated intervals in a model's file: where they come from, and what stays as it was."""

import dataclasses
import shutil
from pathlib import Path

import pytest
import torch

from htvae.data.loader import PoseDataLoader
from htvae.inference.checkpoint import load_checkpoint, save_checkpoint
from htvae.training.bands import add_bands, choose_held_out
from htvae.training.prior import add_prior


@pytest.fixture(autouse=True)
def _quick(brief_bands):
    """Calibrate briefly."""


@pytest.fixture
def own_copy(trained_with_prior, tmp_path):
    return Path(shutil.copy(trained_with_prior.checkpoint, tmp_path / "best_model.pt"))


@pytest.fixture
def data(trained_with_prior):
    checkpoint = load_checkpoint(trained_with_prior.checkpoint)
    return PoseDataLoader(checkpoint.config, processor=checkpoint.processor, splits=checkpoint.splits)


def test_the_file_gets_factors_and_keeps_the_rest(own_copy, data, caplog):
    before = load_checkpoint(own_copy)
    save_checkpoint(own_copy, dataclasses.replace(before, bands=None))
    with caplog.at_level("INFO", logger="htvae"):
        add_bands(own_copy, data, "cpu", seed=0, seconds=60)
    after = load_checkpoint(own_copy)
    assert after.bands is not None and after.figures == before.figures
    assert all(torch.equal(value, before.state[name]) for name, value in after.state.items())
    assert after.prior.vae_hash == before.prior.vae_hash
    assert "Intervals of completed points are calibrated: their widths are multiplied by" in caplog.text
    add_bands(own_copy, data, "cpu", seed=0, seconds=60)  # earlier factors do not count twice
    assert load_checkpoint(own_copy).bands == after.bands


def test_recordings_too_short_for_any_gap_leave_intervals_as_they_are(own_copy, data, caplog, monkeypatch):
    monkeypatch.setattr("htvae.training.bands.fit_bands", lambda *_: None)
    before = own_copy.read_bytes()
    with caplog.at_level("INFO", logger="htvae"):
        add_bands(own_copy, data, "cpu", seed=0, seconds=60)
    assert "they stay as they are" in caplog.text and own_copy.read_bytes() == before


def test_validation_recordings_are_taken_where_there_are_any(data, caplog):
    assert [p.name for p in choose_held_out(data, "noise")] == [p.name for p in data.processed("val")]
    assert not caplog.messages
    without = PoseDataLoader(
        data.config, processor=data.processor, splits=dataclasses.replace(data.splits, val=())
    )
    assert [p.name for p in choose_held_out(without, "noise")] == [p.name for p in data.processed("train")]
    message = caplog.messages[-1]
    assert "validation recordings to calibrate noise on" in message and "--val_fraction" in message


def test_a_kill_while_they_are_calibrated_is_made_up_for(own_copy, data):
    whole = load_checkpoint(own_copy)
    save_checkpoint(own_copy, dataclasses.replace(whole, bands=None))
    training = whole.config.training
    assert add_prior(own_copy, data, whole.config.prior, training, resume=True)
    again = load_checkpoint(own_copy)
    assert again.bands is not None
    assert all(torch.equal(value, again.prior.state[name]) for name, value in whole.prior.state.items())
