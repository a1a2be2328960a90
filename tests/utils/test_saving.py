"""A run's two files: the best model and the state."""

import errno
import math
from pathlib import Path

import pytest
import torch

from htvae.utils import ModelCheckpoint


@pytest.fixture
def checkpoint(tmp_path):
    return ModelCheckpoint(tmp_path / "checkpoints")


def save(checkpoint, values):
    """Offer models with these figures; return the steps at which one was saved."""
    saved = []
    for step, value in enumerate(values, start=1):
        if checkpoint.is_better(value):
            checkpoint.save_best(lambda path, step=step: path.write_text(f"model {step}"), value, step)
            saved.append(step)
    return saved


def test_the_best_is_kept(checkpoint):
    checkpoint.best_path.parent.mkdir()
    assert save(checkpoint, [3.0, 1.0, 2.0, 1.0, 0.5]) == [1, 2, 5]
    assert checkpoint.best_path.read_text() == "model 5"
    assert (checkpoint.best_value, checkpoint.best_step) == (0.5, 5)


def test_without_a_figure_the_newest_is_the_best(checkpoint):
    checkpoint.best_path.parent.mkdir()
    assert save(checkpoint, [math.nan] * 3) == [1, 2, 3]


def test_the_best_is_remembered_where_the_folder_was_moved(checkpoint, tmp_path):
    checkpoint.best_path.parent.mkdir()
    save(checkpoint, [1.0])
    checkpoint.save_state({"checkpoint": checkpoint.state_dict()})
    checkpoint.best_path.parent.rename(tmp_path / "new")
    moved = ModelCheckpoint(tmp_path / "new")
    moved.load_state_dict(moved.load_state()["checkpoint"])
    assert not moved.is_better(1.5) and moved.is_better(0.5)


def test_a_state_comes_back(checkpoint):
    checkpoint.save_state({"weights": torch.arange(3), "step": 7})
    state = checkpoint.load_state()
    assert torch.equal(state["weights"], torch.arange(3)) and state["step"] == 7


def test_an_earlier_state_survives_a_write_that_fails(checkpoint, monkeypatch):
    checkpoint.save_state({"step": 1})

    def fail(path, content):
        with path.open("wb") as file:
            file.write(bytes(content)[:99])
        raise OSError(errno.ENOSPC, "disk full")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OSError, match="disk full"):
        checkpoint.save_state({"step": 2})
    assert checkpoint.load_state() == {"step": 1}
    assert [path.name for path in checkpoint.last_path.parent.iterdir()] == ["last_model.pt"]


def test_nothing_there(checkpoint):
    with pytest.raises(FileNotFoundError, match="must be a checkpoint, but there is no such file"):
        checkpoint.load_state()
