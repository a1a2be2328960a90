"""The user's own bones: read with the folder, kept in the checkpoint, used in pictures."""

from pathlib import Path

import pytest

from htvae.config import Config, DataConfig
from htvae.data.loader import PoseDataLoader
from htvae.data.processing import PoseDataProcessor
from htvae.io.faults import DataError
from htvae.io.folder import read_folder
from htvae.io.skeleton_csv import read_skeleton
from tests.io.formats.tables import make_points, write_deeplabcut

PARTS = ("rostrum", "thorax1", "pygidium")


def test_bones_travel_with_the_model(tmp_path: Path) -> None:
    for i in range(4):
        write_deeplabcut(tmp_path / f"fly{i}.csv", {"": make_points(20, 3, i)}, PARTS)
    (tmp_path / "skeleton.csv").write_text("from,to\nrostrum,thorax1\nthorax1,pygidium\n")
    assert len(read_folder(tmp_path, DataConfig())) == 4
    config = Config().replace(
        data_dir=str(tmp_path), experiments_dir=str(tmp_path / "runs"), max_frames=64, chunk_size=16
    )
    processor = PoseDataLoader(config).processor
    assert processor.edges == [(0, 1), (1, 2)]
    recordings = read_folder(tmp_path, DataConfig())
    assert PoseDataLoader(config, recordings).processor.edges == []  # it belongs to the folder
    (tmp_path / "skeleton.csv").write_text("from,to\nrostrum,pygidium\n")
    later = PoseDataProcessor.from_state_dict(processor.state_dict())
    assert PoseDataLoader(config, processor=later).processor.edges == [(0, 2)]
    assert PoseDataProcessor.from_state_dict(processor.state_dict()).edges == [(0, 1), (1, 2)]


def test_faults_and_unknown_names(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert read_skeleton(tmp_path, PARTS) == []
    (tmp_path / "skeleton.csv").write_text("from,to\nrostrum,wing\n")
    assert read_skeleton(tmp_path, PARTS) == [("rostrum", "wing")]
    assert read_skeleton(tmp_path, PARTS, ["wing=pygidium"]) == [("rostrum", "pygidium")]
    assert "skeleton.csv names landmarks that no recording has: wing." in caplog.text
    for text, message in (
        ("a,b\n1,2\n", "the header must have from, to, but lacks from, to"),
        ("from,to\nrostrum,rostrum\n", "line 2: from and to must be two landmarks"),
        ("from,to\n,thorax1\n", "from must be filled in, but is empty in line 2"),
    ):
        (tmp_path / "skeleton.csv").write_text(text)
        with pytest.raises(DataError, match=message):
            read_skeleton(tmp_path, PARTS)


def test_the_table_of_a_subfolder(tmp_path: Path) -> None:
    write_deeplabcut(tmp_path / "lab/fly.csv", {"": make_points(20, 3, 0)}, PARTS)
    (tmp_path / "lab/skeleton.csv").write_text("from,to\nrostrum,wing\n")
    with pytest.raises(DataError, match=r"lies in a subfolder\. Add its rows to the skeleton\.csv there\.$"):
        read_folder(tmp_path, DataConfig())
