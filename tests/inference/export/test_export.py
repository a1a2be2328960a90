"""What htvae export writes, and what it refuses."""

import dataclasses
import importlib.util
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import htvae
from htvae.inference.checkpoint import load_checkpoint, save_checkpoint
from htvae.inference.export import export, onnx_files
from htvae.inference.export.export import export_model
from htvae.inference.export.onnx_files import DECODER, ENCODER, OnnxCheck, require_onnx
from htvae.inference.model import TrainedModel
from htvae.inference.model_folder import SETTINGS, WEIGHTS

PAGE = Path(__file__).parents[3] / "docs/export.md"


def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.fixture
def no_onnx_time(monkeypatch):
    """Write something in place of the ONNX files, which take minutes, and pretend that onnx is installed."""
    monkeypatch.setattr(onnx_files, "require_onnx", lambda: None)
    monkeypatch.setattr(onnx_files, "_write", lambda graph, inputs, path: path.write_bytes(b"onnx"))


@pytest.mark.parametrize(
    ("format", "files"),
    [
        ("safetensors", [SETTINGS, WEIGHTS]),
        ("onnx", [SETTINGS, DECODER, ENCODER]),
        ("both", [SETTINGS, DECODER, ENCODER, WEIGHTS]),
    ],
)
def test_files_of_each_format(trained, tmp_path, no_onnx_time, monkeypatch, format, files):
    monkeypatch.setattr(onnx_files, "_compare", lambda *_: OnnxCheck(1e-6, 2e-6, 0.5, 0.5))
    found = export_model(trained.checkpoint, tmp_path / "new" / "model", format)
    assert names(tmp_path / "new" / "model") == files == sorted(path.name for path in found.files)
    content = json.loads((tmp_path / "new" / "model" / SETTINGS).read_text())
    assert (content["onnx"] is None) == (format == "safetensors")
    assert (content["weights_sha256"] is None) == (format == "onnx")
    if format != "safetensors":
        about = content["onnx"]
        assert about["opset"] == 20 and about["axes"]["N"] == len(about["points"]) == 7
        assert about["check"]["decoder_difference"] == 2e-6
        assert any("root" in step or "anchor's step" in step for step in about["preprocessing"])
    if format == "onnx":
        with pytest.raises(FileNotFoundError, match=r"has no model\.safetensors"):
            htvae.load(tmp_path / "new" / "model")


@pytest.mark.parametrize("difference", [2e-4, float("nan")])
def test_files_that_differ_are_removed(trained, tmp_path, no_onnx_time, monkeypatch, difference):
    monkeypatch.setattr(onnx_files, "_compare", lambda *_: OnnxCheck(1e-6, difference, 1, 1))
    with pytest.raises(ValueError, match=r"must give what PyTorch gives to 0\.0001, but differ .* removed"):
        export_model(trained.checkpoint, tmp_path / "model", "both")
    assert names(tmp_path / "model") == []


def test_files_that_do_not_run_are_removed(trained, tmp_path, no_onnx_time, monkeypatch):
    class Session:
        def run(self, names, given):
            raise RuntimeError("MatMul dimension mismatch")

    monkeypatch.setattr(onnx_files, "_open", lambda path: Session())
    with pytest.raises(ValueError, match=r"encoder\.onnx must run on .* refuses .* mismatch\. The files"):
        export_model(trained.checkpoint, tmp_path / "model", "both")
    assert names(tmp_path / "model") == []


def test_nothing_is_overwritten(trained, tmp_path):
    (tmp_path / SETTINGS).write_text("mine")
    with pytest.raises(ValueError, match=r"must not hold an export yet, but holds config\.json"):
        export_model(trained.checkpoint, tmp_path)
    assert (tmp_path / SETTINGS).read_text() == "mine" and names(tmp_path) == [SETTINGS]


def test_what_is_not_installed_is_named(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "onnxscript" else find(name)
    )
    with pytest.raises(ValueError, match=r"onnxscript.* not installed\. Try pip install 'ht-vae\[onnx\]'"):
        require_onnx()


def test_an_architecture_of_ones_own_is_refused(trained, tmp_path, no_onnx_time, monkeypatch):
    class Own(type(htvae.load(trained.checkpoint, "cpu").model)):
        pass

    def load_own(checkpoint, device):
        model = TrainedModel(checkpoint, device)
        model.model.__class__ = Own
        return model

    monkeypatch.setattr(export, "TrainedModel", load_own)
    with pytest.raises(ValueError, match="default architecture, but this one is Own"):
        export_model(trained.checkpoint, tmp_path / "model", "onnx")
    assert names(tmp_path / "model") == []


def check_lengths(model, folder, onnxruntime):
    """Attention on a CPU goes other ways over up to 15, 64 and 512 chunks; the graphs must hold for all."""
    encoder, decoder = (onnxruntime.InferenceSession(str(folder / name)) for name in (ENCODER, DECODER))
    for num_chunks in (1, 12, 30, 100, 520):
        length = num_chunks * model.grid.stride
        pose, observed, num_frames = onnx_files._draw_poses(model, 2, length, seed=num_chunks)
        with torch.no_grad():
            found = model.model.encode(pose, observed, num_frames)
            expected = model.model.decode(found.sequence.mu, found.chunks.mu, num_frames)
        given = {"pose": pose, "observed": observed, "num_frames": num_frames}
        mu, _, chunks, _ = encoder.run(None, {name: value.numpy() for name, value in given.items()})
        np.testing.assert_allclose(mu, found.sequence.mu, atol=1e-4)
        np.testing.assert_allclose(chunks[0], found.chunks.mu[0], atol=1e-4)
        latents = {"sequence_latent": mu, "chunk_latents": chunks, "num_frames": num_frames.numpy()}
        (poses,) = decoder.run(None, latents)
        np.testing.assert_allclose(poses[0, :length], expected[0], atol=1e-4)


@pytest.mark.soak
def test_onnxruntime_and_numpy_alone_encode_as_pytorch(trained, tmp_path, monkeypatch):
    """The real export; then the example of the documentation reads a CSV, of a length of its own."""
    pytest.importorskip("onnxscript")
    onnxruntime = pytest.importorskip("onnxruntime")
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "exported_onnx"
    found = export_model(trained.checkpoint, folder, "both")
    assert found.check.encoder_difference <= 1e-4 and found.check.decoder_difference <= 1e-4
    shutil.copy(trained.folder / "walk_01.csv", "walk.csv")
    (code,) = re.findall(r"^```python\n(import csv.*?)^```$", PAGE.read_text(), flags=re.M | re.S)
    example: dict = {}
    exec(compile(code, PAGE.name, "exec"), example)
    mu, chunks = example["mu"], example["chunk_mu"]
    model = htvae.load(folder, "cpu")
    encoding = model.encode(trained.recordings[1])
    np.testing.assert_allclose(mu[0], encoding.sequence_latent, atol=1e-4)
    np.testing.assert_allclose(chunks[0], encoding.chunk_latents, atol=1e-4)
    check_lengths(model, folder, onnxruntime)
    decoder, length = onnxruntime.InferenceSession(str(folder / DECODER)), example["frames"]
    given = {"sequence_latent": mu, "chunk_latents": chunks, "num_frames": np.array([length])}
    (poses,) = decoder.run(None, given)
    (reconstruction,) = model.reconstruct_all([model.process(trained.recordings[1])])
    np.testing.assert_allclose(poses[0, :length], reconstruction.pose, atol=1e-4)


def test_an_architecture_of_ones_own_has_no_onnx(trained, tmp_path):
    own = load_checkpoint(trained.checkpoint)
    state = {f"own.{name}": value for name, value in own.state.items()}
    save_checkpoint(tmp_path / "model.pt", dataclasses.replace(own, state=state))
    with pytest.raises(
        ValueError, match=r"must have a model of the default architecture.*--format safetensors"
    ):
        export_model(tmp_path / "model.pt", tmp_path / "model", "onnx")
    assert not list((tmp_path / "model").iterdir())


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"chunk_latent_dim": 0}, "must have a model with chunk latents, but chunk_latent_dim is 0"),
        ({"latent_dim": 1}, "must have a sequence latent of 2 numbers at least, but latent_dim is 1"),
    ],
)
def test_a_model_with_too_few_latents_is_refused(
    trained, tmp_path, no_onnx_time, monkeypatch, sizes, message
):
    checkpoint = load_checkpoint(trained.checkpoint)
    save_checkpoint(tmp_path / "model.pt", checkpoint)
    real = TrainedModel(checkpoint, "cpu")
    real.config = checkpoint.config.replace(**sizes)
    monkeypatch.setattr(export, "TrainedModel", lambda *_: real)
    with pytest.raises(ValueError, match=message):
        export_model(tmp_path / "model.pt", tmp_path / "model", "onnx")
