"""Files of trackers given to a trained model, and results written in formats of other programs."""

from pathlib import Path

import numpy as np
import pytest

from htvae.cli import main as cli
from htvae.config import DataConfig
from htvae.io.inputs import read_file
from htvae.io.tables import TABLES
from htvae.io.writers.registry import WRITERS, find_writer
from tests.conftest import TINY, make_walk
from tests.io.formats.tables import make_points, write_deeplabcut

FORMATS = [writer.name for writer in WRITERS]


@pytest.fixture
def checkpoint(trained_with_prior, tmp_path, monkeypatch) -> str:
    monkeypatch.chdir(tmp_path)
    return str(trained_with_prior.checkpoint)


@pytest.fixture
def cage(tmp_path: Path) -> Path:
    """Return a DeepLabCut file of two named walkers in pixels, y down, the second first seen in frame 12."""
    walks = [make_walk(index, 60) for index in (0, 3)]
    points = {who: 600 + [90, -90] * walk.pose for who, walk in zip(("ann", "bob"), walks, strict=True)}
    points["bob"][:2] = np.nan
    points["ann"][20:25, 0] = np.nan
    return write_deeplabcut(tmp_path / "poses/cage.csv", points, walks[0].landmarks, first_frame=10)


def run(*argv: object) -> int:
    return cli.main([*map(str, argv), "--device", "cpu"])


@pytest.mark.parametrize("name", FORMATS)
def test_reconstructions_go_back_into_the_tracker_s_pipeline(name: str, checkpoint: str, cage: Path) -> None:
    """Same pixels, same frame numbers, both individuals in one file where the format holds them."""
    asked = ["--checkpoint", checkpoint, "--refine_steps", 0, "--fps", 30]
    assert run("reconstruct", cage, *asked, "--output_dir", "csv") == 0
    assert run("reconstruct", cage, *asked, "--output_dir", "out", "--format", name) == 0
    files = sorted(Path("out").rglob(f"*{find_writer(name).suffix}"))
    assert len(files) == (1 if find_writer(name).holds_several else 2)
    config = DataConfig(dimensions=2, min_individual_share=0)
    found = [sequence for file in files for sequence in read_file(file, config)]
    expected = [
        s for who in ("ann", "bob") for s in read_file(Path(f"csv/cage/{who}.csv"), DataConfig(y_up=False))
    ]
    assert len(found) == 2
    for own, other in zip(found, expected, strict=True):
        assert own.landmarks == other.landmarks and own.pose.shape == other.pose.shape
        np.testing.assert_allclose(own.pose, other.pose, atol=0.01)
        assert own.first_frame == other.first_frame


def test_one_individual_of_several_is_chosen(checkpoint: str, cage: Path, capsys) -> None:
    asked = ["--checkpoint", checkpoint, "--video", "none"]
    for command in ("continue", "complete"):
        assert run(command, cage, *asked) == 1
        said = capsys.readouterr().err
        assert (
            "must hold one individual here, but holds 2: cage/ann, cage/bob. Choose one with --indiv" in said
        )
    assert run("continue", *asked, "--num_frames", "1s", "--fps", 30, "--individual", "bob", cage) == 0
    (longer,) = read_file(next(Path("generated").glob("**/*bob*.csv")), DataConfig(y_up=False))
    assert (longer.num_frames, longer.first_frame, longer.fps) == (30, 70, 30)


def test_a_tracker_s_file_is_completed(checkpoint: str, cage: Path) -> None:
    asked = ["--checkpoint", checkpoint, "--video", "none", "--individual", "ann", "--fps", 30]
    assert run("complete", cage, *asked, "--format", "deeplabcut") == 0
    (whole,) = read_file(next(Path("generated").glob("*.csv")), DataConfig(y_up=False))
    assert whole.observed.all()
    (source,) = (s for s in read_file(cage, DataConfig()) if s.name == "cage/ann")
    order = [whole.landmarks.index(name) for name in source.landmarks]
    seen = source.observed
    np.testing.assert_allclose(whole.pose[:, order][seen], source.pose[seen], atol=1e-3)
    (again,) = read_file(next(Path("generated/deeplabcut").rglob("*.csv")), DataConfig())
    np.testing.assert_allclose(again.pose, whole.pose, atol=1e-3)


def test_encode_and_generate(checkpoint: str, cage: Path) -> None:
    assert run("encode", cage, "--checkpoint", checkpoint, "--individual", "main", "--fps", 30) == 0
    with np.load("latents/latents.npz") as latents:
        assert latents["names"].tolist() == ["cage/ann"]
    asked = ["--checkpoint", checkpoint, "--num_frames", "1.5s", "--num_sequences", 2, "--video", "none"]
    assert run("generate", *asked, "--format", "sleap") == 0
    found = [s for f in sorted(Path("generated").glob("*.analysis.h5")) for s in read_file(f, DataConfig())]
    assert [s.num_frames for s in found] == [45, 45]
    assert run("generate", *asked, "--format", "sleap") == 1


@pytest.mark.parametrize("command", ["continue", "complete", "edit", "interpolate", "reconstruct"])
def test_the_rate_of_the_manifest_beside_a_file_counts(
    command: str, trained_with_prior, checkpoint: str, cage: Path
) -> None:
    (cage.parent / "manifest.csv").write_text("file,fps,label\ncage,15,b\n")
    further = {
        "continue": ["--num_frames", "1s"],
        "complete": [],
        "reconstruct": ["--output_dir", "generated", "--refine_steps", 0],
        "edit": ["--towards", "a", "--data_dir", trained_with_prior.folder],
        "interpolate": ["--steps", 2],
    }
    picture = [] if command == "reconstruct" else ["--video", "none"]
    asked = ["--checkpoint", checkpoint, *picture, *further[command]]
    second = [cage] if command == "interpolate" else []
    assert run(command, cage, *second, *asked, "--individual", "ann") == 0
    files = [file for file in Path("generated").rglob("*.csv") if file.name not in TABLES]
    found = [read_file(file, DataConfig(y_up=False))[0] for file in files]
    expected = (30, None) if command == "interpolate" else (15, "b")  # the model's rate, no label
    assert {(s.fps, s.label) for s in found} == {expected}
    assert command != "continue" or found[0].num_frames == 15


def test_names_chosen_in_training_hold_for_every_file(tmp_path: Path, monkeypatch, capsys) -> None:
    """The checkpoint knows them by itself: the file of names is gone."""
    monkeypatch.chdir(tmp_path)
    parts = ("snout", "earL", "earR", "tail1", "tail2", "cable")
    for index in range(10):
        write_deeplabcut(Path(f"videos/{index}.csv"), {"": make_points(40, 6, index)}, parts)
    Path("names.csv").write_text("from,to\nsnout,nose\nearL,left_ear\n")
    chosen = ["--rename", "names.csv", "earR=right_ear", "--drop", "TAIL*", "--landmarks", "*ear", "n*", "t*"]
    settings = [f"--{name}={value}" for name, value in TINY.items() if name not in ("device", "num_epochs")]
    asked = [*settings, *chosen, "--num_epochs", 1, "--fps", 30]
    assert run("train", "--data_dir", "videos", *asked) == 0
    Path("names.csv").unlink()
    points = make_points(50, 6, 20)
    points[3:9, 1] = np.nan
    write_deeplabcut(Path("new.csv"), {"": points}, parts)
    assert run("encode", "new.csv") == 0
    assert run("reconstruct", "new.csv", "--refine_steps", 0) == 0
    (result,) = read_file(Path("reconstructions/new.csv"), DataConfig(y_up=False))
    assert result.landmarks == ("nose", "left_ear", "right_ear")
    assert result.num_frames == 50
    write_deeplabcut(Path("other.csv"), {"": points}, ("tip", "a", "b", "c", "d", "e"))
    assert run("encode", "other.csv", "--output_dir", "other") == 1
    assert "shares none" in capsys.readouterr().err
    Path("others.csv").write_text("from,to\ntip,nose\na,left_ear\n")
    asked = ["--rename", "others.csv", "b=right_ear"]
    assert run("encode", "other.csv", "--output_dir", "other", *asked) == 0
