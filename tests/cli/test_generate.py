"""The generating commands: the files that they write, and those that they refuse to overwrite."""

import json
from pathlib import Path

import numpy as np
import pytest

import htvae
from htvae.cli import main as cli
from htvae.cli import motion as commands
from htvae.cli.motion_options import GenerateOptions
from htvae.config import DataConfig
from htvae.io.folder import read_folder
from htvae.io.pose_csv import write_pose_csv


@pytest.fixture
def checkpoint(trained_with_prior, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return str(trained_with_prior.checkpoint)


def run(*argv):
    return cli.main([*argv, "--device", "cpu"])


def test_generate_writes_a_folder_that_can_be_read_again(checkpoint, capsys):
    asked = ["--num_sequences", "3", "--num_frames", "25", "--label", "b", "--seed", "4"]
    assert run("generate", "--checkpoint", checkpoint, *asked) == 0
    written = capsys.readouterr().err.splitlines()
    assert written[-2:] == ["generated/motion.gif", "generated/generation.json"]
    model = htvae.load(checkpoint, "cpu")
    expected = model.generate(25, 3, "b", seed=4)
    found = read_folder(Path("generated"), model.config.data)
    assert [s.name for s in found] == [s.name for s in expected]
    for one, other in zip(found, expected, strict=True):
        assert (one.label, one.fps, one.landmarks) == ("b", 30.0, other.landmarks)
        np.testing.assert_allclose(one.pose, other.pose, atol=6e-6)  # five decimals
    settings = json.loads(Path("generated/generation.json").read_text())
    assert settings["settings"]["seed"] == 4 and settings["settings"]["label"] == "b"
    assert len(settings["sequences"]) == 3


def test_the_same_seed_gives_the_same_files(checkpoint):
    for folder, seed in (("one", "1"), ("two", "1"), ("three", "2")):
        asked = ["--output_dir", folder, "--seed", seed, "--num_frames", "20", "--video", "none"]
        assert run("generate", "--checkpoint", checkpoint, *asked) == 0
    one, two, three = (Path(f"{f}/generated_0.csv").read_text() for f in ("one", "two", "three"))
    assert one == two != three


def test_nothing_is_overwritten(checkpoint, capsys):
    asked = ["generate", "--checkpoint", checkpoint, "--num_frames", "20", "--video", "none"]
    assert run(*asked) == 0
    before = Path("generated/generated_0.csv").read_text()
    assert run(*asked, "--seed", "9") == 1
    assert "generated must hold no recordings yet, but has 3" in capsys.readouterr().err
    assert Path("generated/generated_0.csv").read_text() == before


@pytest.mark.parametrize("name", ["歩" * 79, "a" * 237], ids=["kanji", "latin"])
def test_results_of_a_recording_with_a_long_name_have_names_that_fit(checkpoint, make_walk, name):
    recording = Path(f"{name}.csv")
    write_pose_csv(recording, make_walk(0, 40))
    for command, flags in (("continue", ["--num_frames", "9"]), ("complete", []), ("reconstruct", [])):
        further = [] if command == "reconstruct" else ["--video", "none", "--num_samples", "2"]
        asked = ["--checkpoint", checkpoint, "--output_dir", command, *flags, *further]
        assert run(command, str(recording), *asked) == 0
        files = sorted(read_folder(Path(command), DataConfig()), key=lambda s: s.name)
        assert len(files) == {"continue": 2, "complete": 3, "reconstruct": 1}[command]
        assert all(s.name.startswith(name[:20]) for s in files)
    assert Path(f"reconstruct/{name}.csv").is_file() and Path(f"complete/{name}.csv").is_file()
    made = json.loads(Path("continue/generation.json").read_text())
    assert made["settings"]["recording"] == str(recording)


def test_a_model_without_a_prior_says_so(trained, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run("generate", "--checkpoint", str(trained.checkpoint)) == 1
    assert "must have a prior to generate, but has none" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--num_frames", "0"], "num_frames must be at least 1"),
        (["--num_sequences", "0"], "num_sequences must be at least 1"),
        (["--guidance", "-1"], "guidance must be in"),
        (["--seed", "-1"], "seed must be at least 0"),
    ],
)
def test_flags_out_of_range(checkpoint, flags, message, capsys):
    with pytest.raises(SystemExit):
        run("generate", "--checkpoint", checkpoint, *flags)
    assert message in " ".join(capsys.readouterr().err.replace("│", "").split())


def test_mp4_needs_its_extra_before_the_work(checkpoint, monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
    assert run("generate", "--checkpoint", checkpoint, "--video", "mp4") == 1
    assert 'pip install "ht-vae[video]"' in capsys.readouterr().err


def test_an_earlier_demo_is_replaced_and_nothing_else(tmp_path, caplog):
    (tmp_path / "own").mkdir()
    commands.remove_earlier(tmp_path / "own")
    assert (tmp_path / "own").is_dir()
    (tmp_path / "own/generation.json").write_text("{}")
    with caplog.at_level("INFO", logger="htvae"):
        commands.remove_earlier(tmp_path / "own")
    assert not (tmp_path / "own").exists() and "are replaced" in caplog.text


def test_options_of_edit_must_say_where_to():
    assert GenerateOptions().num_frames is None
    for flags in ([], ["--towards", "a", "--style_from", "b.csv"]):
        with pytest.raises(SystemExit):
            cli.main(["edit", "walk.csv", *flags])
