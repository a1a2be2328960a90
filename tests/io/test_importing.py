"""Training on an import is training on the source."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from htvae.cli import main as cli
from htvae.config import Config, DataConfig
from htvae.io.folder import read_folder
from htvae.io.importing import import_recordings
from htvae.io.pose_csv import write_pose_csv
from htvae.poses.sequence import PoseSequence, content_hash
from tests.conftest import TINY
from tests.io.formats.tables import make_points, write_deeplabcut
from tests.io.formats.users import FOLDERS

PARTS = ("nose", "left ear", "tail, base")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a folder of named mice, some unseen at first, and one mouse by itself, with a manifest."""
    folder = tmp_path / "videos"
    for video in range(3):
        points = {who: make_points(40, 2, 10 * video + i) for i, who in enumerate(("ann", "bob"))}
        points["bob"][:5], points["ann"][7, 0], points["ann"][0, 1] = np.nan, np.nan, np.nan
        write_deeplabcut(folder / f"lab/cage{video}.csv", points, ("nose", "ear"), first_frame=100)
    write_deeplabcut(folder / "alone.csv", {"": make_points(30, 2, 5)}, ("nose", "ear"))
    (folder / "manifest.csv").write_text("file,label,fps,camera\nlab/cage0,rest,25,top\nalone.csv,run,30,\n")
    return folder


def test_recordings_are_the_same_to_the_last_bit(source: Path, tmp_path: Path) -> None:
    before = read_folder(source, DataConfig())
    import_recordings(source, tmp_path / "csvs", DataConfig())
    after = read_folder(tmp_path / "csvs", DataConfig())
    assert [s.name for s in after] == [s.name for s in before]
    for own, other in zip(before, after, strict=True):
        assert content_hash(own) == content_hash(other)
        for name in ("landmarks", "fps", "label", "subject", "first_frame", "split"):
            assert getattr(own, name) == getattr(other, name)
        assert dict(own.covariates) == dict(other.covariates)
    assert (tmp_path / "csvs/lab/cage0/ann.csv").is_file()


def test_the_import_says_where_it_is_from(source: Path, tmp_path: Path) -> None:
    (source / "skeleton.csv").write_text("from,to\nnose,ear\n")
    import_recordings(source, tmp_path / "csvs", DataConfig(rename=("ear=LEFT_EAR",)))
    with (tmp_path / "csvs/manifest.csv").open(newline="") as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    row = rows["lab/cage0/bob.csv"]
    assert [row[name] for name in ("label", "subject", "fps", "session", "camera")] == [
        *("rest", "", "25", "lab/cage0", "top"),
    ]
    assert (row["imported_from"], row["imported_format"]) == ("lab/cage0.csv", "deeplabcut")
    assert (tmp_path / "csvs/skeleton.csv").read_text() == "from,to\nnose,LEFT_EAR\n"
    import_recordings(source / "alone.csv", tmp_path / "one", DataConfig())
    assert "alone.csv,deeplabcut" in (tmp_path / "one/manifest.csv").read_text()


def test_long_gaps_can_be_read_again(tmp_path: Path) -> None:
    """A pose CSV may not leave out so many frames."""
    points = make_points(500, 2, 0)
    points[1:-1] = np.nan
    write_deeplabcut(tmp_path / "cage.csv", {"": points}, ("nose", "ear"))
    import_recordings(tmp_path / "cage.csv", tmp_path / "csvs", DataConfig())
    (sequence,) = read_folder(tmp_path / "csvs", DataConfig(max_frame_gap=10))
    assert sequence.num_frames == 500 and sequence.observed.sum() == 4


def test_landmarks_seen_late_or_never_keep_their_places(tmp_path: Path) -> None:
    pose = np.full((6, 3, 2), np.nan, np.float32)
    pose[1:4, 1], pose[3, 0] = 1 / 3, 1e-7
    write_pose_csv(tmp_path / "csvs/walk.csv", PoseSequence.from_array(pose, PARTS), is_exact=True)
    (walk,) = read_folder(tmp_path / "csvs", DataConfig())
    assert walk.landmarks == PARTS
    np.testing.assert_array_equal(walk.pose, pose)


@pytest.mark.parametrize("name", ["deeplabcut_cage", "mixed"])
def test_weights_are_the_same(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from htvae.inference.checkpoint import load_checkpoint
    from htvae.training.trainer import HTVAETrainer

    FOLDERS[name](tmp_path / "source")
    import_recordings(tmp_path / "source", tmp_path / "csvs", DataConfig(fps=30))
    weights = []
    for folder in ("source", "csvs"):
        config = Config().replace(**TINY, data_dir=str(tmp_path / folder), fps=30.0)
        experiment = replace(config.experiment, experiments_dir=str(tmp_path / f"{folder}_runs"))
        result = HTVAETrainer(replace(config, experiment=experiment)).fit()
        weights.append(load_checkpoint(result.best_model).state)
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])


def test_the_command_writes_where_nothing_is(source: Path, tmp_path: Path, caplog, capsys) -> None:
    assert cli.main(["import", str(source), "--output_dir", str(tmp_path / "csvs"), "--fps", "20"]) == 0
    rates = {s.name: s.fps for s in read_folder(tmp_path / "csvs", DataConfig())}
    assert (rates["lab/cage0/ann"], rates["lab/cage1/ann"], rates["alone"]) == (25, 20, 30)
    assert cli.main(["import", str(source), "--output_dir", str(tmp_path / "csvs")]) == 1
    assert "must hold no CSV files yet, but has 9" in capsys.readouterr().err
    assert cli.main(["import", str(source), "--output_dir", str(source / "csvs")]) == 1
    assert "must lie outside of the folder that is read" in capsys.readouterr().err
    assert cli.main(["import", str(source / "lab/cage1.csv"), "--output_dir", str(tmp_path / "one")]) == 0
    assert [s.name for s in read_folder(tmp_path / "one", DataConfig())] == ["cage1/ann", "cage1/bob"]
