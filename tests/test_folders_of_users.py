"""What users of trackers do first: check-data on their folder, the command that it prints, then encode."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from htvae.cli import main as cli
from tests.io.formats.users import FOLDERS

TINY = (
    "--embed_dim 16 --num_heads 2 --num_layers 1 --latent_dim 6 --chunk_latent_dim 3 --chunk_size 16 "
    "--max_frames 64 --batch_frames 160 --num_frames 400 --prior_steps 0 --device cpu --precision 32"
)


def printed_command(text: str) -> list[str]:
    """Return the words of the training command in check-data's report."""
    (line,) = re.findall(r"^\s*(htvae train .*)$", text, flags=re.MULTILINE)
    return shlex.split(line)


def check(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "my recordings"
    FOLDERS[name](folder)
    assert cli.main(["check-data", str(folder)]) == 0
    report = capsys.readouterr().out
    command, *flags = printed_command(report)[1:]
    assert command == "train" and "--data_dir" in flags
    assert cli.main(["train", *flags, *TINY.split()]) == 0, capsys.readouterr().err
    assert cli.main(["encode", str(folder), "--device", "cpu"]) == 0, capsys.readouterr().err
    with np.load(tmp_path / "latents/latents.npz") as latents:
        assert len(latents["names"]) and np.isfinite(latents["sequence_latents"]).all()


@pytest.mark.parametrize("name", ["deeplabcut_project", "mixed"])
def test_a_tracker_s_folder_trains_by_the_printed_command(name, tmp_path, monkeypatch, capsys):
    check(name, tmp_path, monkeypatch, capsys)


@pytest.mark.soak
@pytest.mark.parametrize("name", FOLDERS)
def test_ten_folders_train_by_the_printed_commands(name, tmp_path, monkeypatch, capsys):
    check(name, tmp_path, monkeypatch, capsys)
