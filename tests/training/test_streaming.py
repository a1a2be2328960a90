"""Training from packed recordings, in a folder and in a bucket, equals training from the folder of CSVs."""

import json
import os
from pathlib import Path

import pytest

from htvae.config import Config, DataConfig
from htvae.io.packed import pack_folder
from htvae.io.pose_csv import write_pose_csv
from htvae.training.trainer import HTVAETrainer
from tests.buckets import ACCESS, serve, upload
from tests.training.test_resume import (
    KILLED_RUNS,
    LENGTHS,
    VARIED,
    assert_same_end,
)

pytest.importorskip("litdata")


@pytest.fixture
def folders(make_walks, tmp_path):
    """The recordings as CSVs, and packed."""
    for walk in make_walks(LENGTHS):
        write_pose_csv(tmp_path / "poses" / f"{walk.name}.csv", walk)
    pack_folder(tmp_path / "poses", tmp_path / "packed", DataConfig(), tmp_path / "cache")
    return tmp_path / "poses", tmp_path / "packed"


@pytest.fixture
def train(tiny_settings, tmp_path, no_measuring):
    """Train from an address and return the folder of the run."""

    def run(address, name, **settings):
        own = {"data_dir": str(address), "experiments_dir": str(tmp_path / name)}
        HTVAETrainer(Config().replace(**tiny_settings, **VARIED, **own, **settings)).fit()
        return tmp_path / name

    return run


def test_weights_are_those_of_the_folder(folders, train):
    poses, packed = folders
    assert_same_end(train(poses, "plain"), train(packed, "streamed"))


@pytest.mark.parametrize("num_workers", [0, 2])
def test_weights_from_a_bucket_are_those_of_the_folder(folders, train, monkeypatch, num_workers):
    poses, packed = folders
    plain = train(poses, "plain")
    with serve(monkeypatch) as client:
        streamed = train(upload(client, packed, "v1"), "streamed", num_workers=num_workers)
    assert_same_end(plain, streamed)
    stored = [path for path in (streamed / "cache").rglob("*") if path.is_file()]
    assert {path.name for path in stored} <= {"index.json", "index.json.lock"}  # no poses


@pytest.mark.soak
@pytest.mark.parametrize("num_workers", [0, 2])
def test_killed_while_it_streams(folders, forks, tiny_settings, tmp_path, monkeypatch, num_workers):
    settings = {**tiny_settings, **VARIED, "num_epochs": 6, "num_workers": num_workers}
    kills = [("before a step", 2), ("in a step", 2), ("writing a model", 1), ("in a validation", 1)]
    with serve(monkeypatch) as client:
        settings["data_dir"] = upload(client, folders[1], "v1")
        known = {name: os.environ[name] for name in (*ACCESS, "AWS_ENDPOINT_URL")}
        flags = [text for name, value in settings.items() for text in (f"--{name}", str(value))]
        plan = json.dumps([flags, [*kills, ("at a time", 0.05)]])
        code, said = forks.run(KILLED_RUNS, str(tmp_path), plan, folder=Path.cwd(), **known)
    assert code == 0, said
    log, seen = (tmp_path / "log.txt").read_text(), json.loads((tmp_path / "seen.json").read_text())
    assert seen["kills"] == [-9] * 5, log
    assert (seen["whole"], seen["end"], seen["torn"]) == (0, 0, []), log
    assert_same_end(tmp_path / "whole", tmp_path / "killed")
    assert not list((tmp_path / "killed").rglob("*.bin"))
