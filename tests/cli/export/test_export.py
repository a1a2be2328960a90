"""``htvae export``, and the commands that take its folder as their model."""

import numpy as np
import pytest

from htvae.cli import main as cli


@pytest.fixture
def exported(trained_with_prior, tmp_path, capsys):
    arguments = ["--checkpoint", str(trained_with_prior.checkpoint), "--output_dir", str(tmp_path / "model")]
    assert cli.main(["export", *arguments]) == 0
    said = capsys.readouterr().err
    assert "model.safetensors (" in said and "With a prior: yes." in said and "ONNX" not in said
    return tmp_path / "model"


def test_commands_take_the_folder(exported, trained_with_prior, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    latents = []
    for number, model in enumerate((trained_with_prior.checkpoint, exported)):
        common = ["--checkpoint", str(model), "--device", "cpu"]
        recordings = [str(trained_with_prior.folder / f"walk_0{i}.csv") for i in range(2)]
        folder = f"latents_{number}"
        assert cli.main(["encode", *recordings, *common, "--output_dir", folder]) == 0
        latents.append(np.load(tmp_path / folder / "latents.npz"))
        assert cli.main(["generate", "--num_frames", "20", *common, "--output_dir", f"new_{number}"]) == 0
    for name in latents[0].files:
        np.testing.assert_array_equal(latents[0][name], latents[1][name])
    files = [sorted((tmp_path / f"new_{number}").glob("*.csv")) for number in range(2)]
    assert [path.read_text() for path in files[0]] == [path.read_text() for path in files[1]]


def test_a_second_export_is_refused(exported, capsys):
    assert cli.main(["export", "--checkpoint", str(exported), "--output_dir", str(exported)]) == 1
    assert "must not hold an export yet" in capsys.readouterr().err


def test_a_broken_folder_is_said(exported, trained_with_prior, tmp_path, capsys):
    (exported / "config.json").write_text("{}")
    recording = str(trained_with_prior.folder / "walk_00.csv")
    assert cli.main(["encode", recording, "--checkpoint", str(exported)]) == 1
    said = capsys.readouterr().err
    assert "config.json: must be written by htvae export" in said and "Traceback" not in said


def test_onnx_without_its_extra(trained_with_prior, tmp_path, monkeypatch, capsys):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.chdir(tmp_path)
    assert cli.main(["export", "--checkpoint", str(trained_with_prior.checkpoint), "--format", "onnx"]) == 1
    assert "Try pip install 'ht-vae[onnx]'" in capsys.readouterr().err
    assert not (tmp_path / "exported").exists()
