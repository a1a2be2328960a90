"""Files of trackers given to a trained model, and results written in formats of other programs."""

from pathlib import Path

import numpy as np
import pytest

from htvae.cli import main as cli
from htvae.config import DataConfig
from htvae.io.inputs import read_file
from htvae.io.writers.registry import WRITERS, find_writer
from tests.conftest import make_walk
from tests.io.formats.tables import write_deeplabcut

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
        np.testing.assert_allclose(np.abs(own.pose), np.abs(other.pose), atol=0.01)
        assert own.first_frame == other.first_frame or name in ("sleap", "movement", "c3d", "trc")


def test_one_individual_of_several_is_chosen(checkpoint: str, cage: Path, capsys) -> None:
    asked = ["--checkpoint", checkpoint, "--video", "none"]
    for command in ("continue", "complete"):
        assert run(command, cage, *asked) == 1
        said = capsys.readouterr().err
        assert (
            "must hold one individual here, but holds 2: cage/ann, cage/bob. Choose one with --indiv" in said
        )
    assert run("continue", cage, *asked, "--individual", "bob", "--num_frames", "1s", "--fps", 30) == 0
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


def test_the_rate_of_the_manifest_beside_a_file_counts(checkpoint: str, cage: Path) -> None:
    (cage.parent / "manifest.csv").write_text("file,fps,label\ncage,15,b\n")
    asked = ["--checkpoint", checkpoint, "--video", "none", "--individual", "ann", "--num_frames", "1s"]
    assert run("continue", cage, *asked) == 0
    (longer,) = read_file(next(Path("generated").glob("**/*ann*.csv")), DataConfig(y_up=False))
    assert (longer.fps, longer.label, longer.num_frames) == (15, "b", 15)
