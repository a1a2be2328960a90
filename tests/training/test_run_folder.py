"""Where a run writes; an earlier run is kept."""

import json
import logging

import pytest

from htvae.config import Config, ExperimentConfig
from htvae.training.run_folder import RunFolder


def test_experiment_name_is_a_subfolder(tmp_path):
    plain = RunFolder.of(ExperimentConfig(experiments_dir=str(tmp_path)))
    named = RunFolder.of(ExperimentConfig(experiments_dir=str(tmp_path), experiment_name="walks"))
    assert plain.best_model == tmp_path / "checkpoints" / "best_model.pt"
    assert named.best_model == tmp_path / "walks" / "checkpoints" / "best_model.pt"


def test_an_earlier_run_is_moved_not_overwritten(tmp_path):
    folder = RunFolder(tmp_path)
    assert folder.archive_earlier_run() is None
    folder.prepare(Config())
    folder.best_model.write_text("precious")
    (tmp_path / "cache").mkdir()
    moved = folder.archive_earlier_run()
    assert (moved / "checkpoints" / "best_model.pt").read_text() == "precious"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["archive", "cache"]


def test_the_resolved_configuration_is_saved_and_reads_back(tmp_path):
    config = Config().replace(chunk_size=100, image_size=(640, 480))
    RunFolder(tmp_path).prepare(config)
    assert Config.from_dict(json.loads((tmp_path / "config.json").read_text())) == config


def test_leftovers_of_a_killed_run_are_removed(tmp_path):
    folder = RunFolder(tmp_path)
    folder.prepare(Config())
    left = [path / ".x.0123abcd.tmp.pt" for path in (tmp_path, folder.checkpoints, folder.logs)]
    for path in left:
        path.write_text("half")
    with folder.lock(resume=False):
        assert not any(path.exists() for path in left)


def test_what_may_be_resumed(tmp_path, caplog):
    folder = RunFolder(tmp_path / "walks")
    with pytest.raises(FileNotFoundError, match=r"Start without --resume"), folder.lock(resume=True):
        pass
    with folder.lock(resume=False):
        pass
    with folder.lock(resume=True), caplog.at_level(logging.INFO, logger="htvae"):
        assert not folder.has_state()
    assert "it starts from the beginning" in caplog.text
