"""The model file: what comes back, and what is said of files that are no such thing."""

import dataclasses
import math
import os
import pickle

import numpy as np
import pytest
import torch

from htvae.generation.sampler import MotionSampler
from htvae.inference.checkpoint import load_checkpoint, save_checkpoint
from htvae.utils.files import read_tensors


def load_raw(path):
    return torch.load(path, weights_only=True)


def test_round_trip(trained, tmp_path):
    checkpoint = load_checkpoint(trained.checkpoint)
    save_checkpoint(tmp_path / "copy.pt", checkpoint)
    again = load_checkpoint(tmp_path / "copy.pt")
    assert again.config == checkpoint.config == trained.config
    assert again.splits == checkpoint.splits
    assert again.figures == checkpoint.figures
    assert again.processor.state_dict() == checkpoint.processor.state_dict()
    assert again.state.keys() == checkpoint.state.keys()
    assert all(torch.equal(again.state[name], value) for name, value in checkpoint.state.items())


def test_a_file_from_before_noise_and_intervals_were_calibrated(trained_with_prior, tmp_path):
    values = load_raw(trained_with_prior.checkpoint)
    assert values["bands"] and values["noise"]
    del values["bands"], values["noise"]
    torch.save(values, tmp_path / "old.pt")
    old = load_checkpoint(tmp_path / "old.pt")
    assert old.bands is None and old.noise is None and old.prior is not None
    factor = MotionSampler(old, "cpu").band_factor(np.zeros((9, 6), bool))
    assert factor.shape == (9, 6) and (factor == 1).all()


@pytest.mark.parametrize(
    ("part", "name", "value", "message"),
    [
        ("bands", "never", -1.0, "factors that are not above 0"),
        ("bands", "gaps", None, "must be a complete model"),
        ("noise", "gain", [1.0], "unequal number of points"),
        ("noise", "log_scale", [[0.0], [0.0]], "unequal number of points"),
        ("noise", "usual_speed", "fast", "must be a complete model"),
    ],
)
def test_damaged_noise_and_intervals_are_refused(trained_with_prior, tmp_path, part, name, value, message):
    values = load_raw(trained_with_prior.checkpoint)
    values[part][name] = value
    torch.save(values, tmp_path / "damaged.pt")
    with pytest.raises(ValueError, match=message):
        load_checkpoint(tmp_path / "damaged.pt")


def test_it_knows_splits_and_figures_of_the_run(trained):
    checkpoint = load_checkpoint(str(trained.checkpoint))
    splits = checkpoint.splits
    assert sorted(splits.train + splits.val + splits.test) == [r.name for r in trained.recordings]
    assert checkpoint.figures["step"] >= 0 and checkpoint.figures["mpjpe"] > 0


def test_no_such_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.pt: must be a checkpoint, but there is no such"):
        load_checkpoint(tmp_path / "nothing.pt")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_a_file_that_was_cut_off(trained, tmp_path, share):
    content = trained.checkpoint.read_bytes()
    (tmp_path / "cut.pt").write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=r"cut\.pt: must be a checkpoint.*copy it again"):
        load_checkpoint(tmp_path / "cut.pt")


@pytest.mark.parametrize(
    "content",
    [
        b"frame#,landmark_name,x,y\n0,NOSE,1,2\n",
        b"\x80\x04",
        b"PK\x03\x04",
        b"\x89PNG\r\n\x1a\n",
        b"\x00" * 99,
    ],
)
def test_a_file_of_another_kind(tmp_path, content):
    (tmp_path / "walk.pt").write_bytes(content)
    with pytest.raises(ValueError, match=r"walk\.pt: must be a checkpoint"):
        load_checkpoint(tmp_path / "walk.pt")


def test_damage_anywhere_ends_in_one_message(tmp_path):
    """Bytes by chance, under every first byte: the reader of pickles fails in many ways."""
    path, chance = tmp_path / "chance.pt", torch.Generator().manual_seed(0)
    for first in range(256):
        rest = torch.randint(256, (40,), generator=chance, dtype=torch.uint8).numpy().tobytes()
        path.write_bytes(b"\x80\x02" * (first % 2) + bytes([first]) + rest)
        with pytest.raises(ValueError, match="must be a checkpoint"):
            read_tensors(path)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1, 2], "must be a checkpoint saved by HT-VAE, but holds a list"),
        (torch.zeros(3), "holds a Tensor"),
        ({"model": torch.zeros(3)}, "must be a model saved by HT-VAE, but is something else"),
    ],
)
def test_a_torch_file_of_somebody_else(tmp_path, values, message):
    torch.save(values, tmp_path / "other.pt")
    with pytest.raises(ValueError, match=message):
        load_checkpoint(tmp_path / "other.pt")


class Malicious:
    def __reduce__(self):
        return os.mkdir, ("it_ran",)


@pytest.mark.parametrize("save", [torch.save, lambda value, path: path.write_bytes(pickle.dumps(value))])
def test_opening_a_file_runs_none_of_its_code(tmp_path, monkeypatch, save):
    monkeypatch.chdir(tmp_path)
    save({"format": "htvae-model-2", "figures": Malicious()}, tmp_path / "trap.pt")
    with pytest.raises(ValueError, match=r"trap\.pt: must be a checkpoint of tensors and plain values"):
        load_checkpoint(tmp_path / "trap.pt")
    assert not (tmp_path / "it_ran").exists()


def test_another_format_names_the_version_to_install(trained, tmp_path):
    newer = {"format": "htvae-model-99", "htvae_version": "9.1.0"}
    torch.save(load_raw(trained.checkpoint) | newer, tmp_path / "newer.pt")
    with pytest.raises(ValueError, match=r"of format htvae-model-99, written by htvae 9\.1\.0"):
        load_checkpoint(tmp_path / "newer.pt")


def test_the_state_of_training_points_to_the_model(trained):
    with pytest.raises(ValueError, match=r"a training state\. Give best_model\.pt beside it"):
        load_checkpoint(trained.checkpoint.with_name("last_model.pt"))


def test_an_earlier_file_survives_a_write_that_fails(trained, tmp_path):
    path = tmp_path / "best_model.pt"
    checkpoint = load_checkpoint(trained.checkpoint)
    save_checkpoint(path, checkpoint)
    before = path.read_bytes()
    unsavable = dataclasses.replace(checkpoint, figures={"loss": lambda: 0})
    with pytest.raises((AttributeError, pickle.PicklingError)):
        save_checkpoint(path, unsavable)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["best_model.pt"]


@pytest.mark.parametrize("shares", [(1.0,), (0.5, 0.5, 0.0, 0.0), (-1.0, 1.0, 1.0), (math.nan, 0.5, 0.5), ()])
def test_shares_that_contradict_the_labels_are_refused(trained_with_prior, tmp_path, shares):
    values = load_raw(trained_with_prior.checkpoint)
    values["prior"]["label_shares"] = shares
    torch.save(values, tmp_path / "model.pt")
    with pytest.raises(ValueError, match=r"must be a complete model .* 2 labels, but \d shares of them"):
        load_checkpoint(tmp_path / "model.pt")


@pytest.mark.parametrize("script", [(3, ((0, 9),)), (1, ((1, 9),)), (1, ((0, 0),)), (1, ())])
def test_scripts_that_contradict_the_labels_are_refused(trained_with_prior, tmp_path, script):
    values = load_raw(trained_with_prior.checkpoint)
    values["prior"]["scripts"] = (script,)
    torch.save(values, tmp_path / "model.pt")
    with pytest.raises(ValueError, match=r"must be a complete model .* a script of unknown labels"):
        load_checkpoint(tmp_path / "model.pt")


@pytest.mark.parametrize("name", ["ground_range", "movement"])
@pytest.mark.parametrize("value", [-1.0, math.nan])
def test_a_ground_or_movement_that_cannot_be_is_refused(trained_with_prior, tmp_path, name, value):
    values = load_raw(trained_with_prior.checkpoint)
    values["prior"][name] = value
    torch.save(values, tmp_path / "model.pt")
    with pytest.raises(ValueError, match=rf"must be a complete model .* {name}"):
        load_checkpoint(tmp_path / "model.pt")


def test_noise_of_another_number_of_points_is_refused(trained, tmp_path):
    values = load_raw(trained.checkpoint)
    values["noise"] = {"log_scale": [[0.0], [0.0]], "gain": [1.0, 1.0], "usual_speed": [1.0]}
    torch.save(values, tmp_path / "damaged.pt")
    with pytest.raises(ValueError, match="its noise is that of 1 points, but it has 7"):
        load_checkpoint(tmp_path / "damaged.pt")
