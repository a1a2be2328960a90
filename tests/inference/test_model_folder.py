"""A model's folder: it is the model, bit for bit; broken and foreign folders are refused in words."""

import json
import shutil

import numpy as np
import pytest
import torch

import htvae
from htvae.inference.checkpoint import load_checkpoint, save_checkpoint, to_values
from htvae.inference.export.export import export_model
from htvae.inference.model_folder import SETTINGS, WEIGHTS, hash_model, save_model_folder


@pytest.fixture(scope="module")
def folder(trained_with_prior, tmp_path_factory):
    """An export of the tiny model: read it, do not change it."""
    folder = tmp_path_factory.mktemp("exported") / "model"
    export_model(trained_with_prior.checkpoint, folder)
    return folder


@pytest.fixture
def copy(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "model")


def change(folder, **values):
    path = folder / SETTINGS
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_the_folder_is_the_model(folder, trained_with_prior):
    one, other = load_checkpoint(trained_with_prior.checkpoint), load_checkpoint(folder)
    assert sorted(path.name for path in folder.iterdir()) == [SETTINGS, WEIGHTS]
    assert (one.config, one.splits, one.figures) == (other.config, other.splits, other.figures)
    assert one.processor.state_dict() == other.processor.state_dict()
    assert one.noise.to_dict() == other.noise.to_dict() and one.bands == other.bands
    pairs = ((one.state, other.state), (one.prior.state, other.prior.state))
    for a, b in pairs:
        assert a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)
    known = [{k: v for k, v in vars(prior).items() if k != "state"} for prior in (one.prior, other.prior)]
    assert repr(known[0]) == repr(known[1])  # by its digits: NaN equals nothing


def test_latents_and_drawn_motion_are_the_same_bit_for_bit(folder, trained_with_prior):
    one, other = (htvae.load(path, "cpu") for path in (trained_with_prior.checkpoint, folder / WEIGHTS))
    for recording in trained_with_prior.recordings[5:7]:
        a, b = one.encode(recording), other.encode(recording)
        np.testing.assert_array_equal(a.sequence_latent, b.sequence_latent)
        np.testing.assert_array_equal(a.chunk_latents, b.chunk_latents)
    np.testing.assert_array_equal(one.generate(30)[0].pose, other.generate(30)[0].pose)


def test_numbers_that_json_lacks_come_back(trained_with_prior, tmp_path):
    values = to_values(load_checkpoint(trained_with_prior.checkpoint))
    values["prior"] = values["prior"] | {"ground_range": float("inf"), "figures": {"distance": float("nan")}}
    save_model_folder(tmp_path, values)
    json.loads((tmp_path / SETTINGS).read_text(), parse_constant=pytest.fail)  # strict JSON
    prior = load_checkpoint(tmp_path).prior
    assert prior.ground_range == float("inf") and np.isnan(prior.figures["distance"])


def test_a_prior_can_be_saved_into_a_folder(copy):
    """train-prior does this; the description of ONNX files stays."""
    change(copy, onnx={"opset": 20})
    save_checkpoint(copy, load_checkpoint(copy))
    assert load_checkpoint(copy).prior is not None
    assert json.loads((copy / SETTINGS).read_text())["onnx"] == {"opset": 20}


def test_a_change_of_either_file_changes_the_hash(copy):
    hashes = [hash_model(copy)]
    assert hash_model(copy / WEIGHTS) == hashes[0]
    change(copy, figures={})
    hashes.append(hash_model(copy))
    (copy / WEIGHTS).write_bytes(b"other")
    assert len({*hashes, hash_model(copy)}) == 3


@pytest.mark.parametrize("name", [SETTINGS, WEIGHTS])
def test_a_missing_file_is_named(copy, name):
    (copy / name).unlink()
    with pytest.raises(FileNotFoundError, match=f"has no {name}"):
        load_checkpoint(copy)


@pytest.mark.parametrize("place", [4, 200, -5])
def test_damaged_weights_are_noticed(copy, place):
    content = bytearray((copy / WEIGHTS).read_bytes())
    content[place] ^= 1
    (copy / WEIGHTS).write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.safetensors: must be the weights that config\.json"):
        load_checkpoint(copy)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "config.json: must be JSON"),
        ("[" * 100_000, "config.json: must be JSON"),
        ("[1]", "format htvae-folder-1, but has the format 'None'"),
        ('{"format": "htvae-folder-9"}', "but has the format 'htvae-folder-9'"),
        ('{"architectures": ["BertModel"]}', "but has the format 'None'"),
        ('{"float": [1]}', "config.json: must be JSON"),
    ],
)
def test_a_foreign_description_is_refused(copy, text, message):
    (copy / SETTINGS).write_text(text)
    with pytest.raises(ValueError, match=message):
        load_checkpoint(copy)


def test_foreign_weights_are_refused(copy):
    import hashlib

    content = b"\x02" + 7 * b"\0" + b"[]" + 30 * b"x"
    (copy / WEIGHTS).write_bytes(content)
    change(copy, weights_sha256=hashlib.sha256(content).hexdigest())
    with pytest.raises(ValueError, match=r"must be a safetensors file, but is not"):
        load_checkpoint(copy)


def test_a_model_of_another_version_is_refused(copy):
    change(copy, model_format="htvae-model-9", htvae_version="9.0")
    with pytest.raises(ValueError, match=r"of format htvae-model-9, written by htvae 9\.0"):
        load_checkpoint(copy)


@pytest.mark.parametrize("name", ["config", "processor", "splits", "prior"])
def test_a_description_with_wrong_content_is_refused(copy, name):
    change(copy, **{name: {"labels": 3}})
    with pytest.raises(ValueError, match="must be a complete model of this version"):
        load_checkpoint(copy)


def test_a_folder_of_something_else_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"must hold model\.safetensors and config\.json"):
        load_checkpoint(tmp_path)
