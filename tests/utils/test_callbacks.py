"""When to stop and what to save, in a small training of Lightning's own."""

import errno
import os
from pathlib import Path
from typing import ClassVar

import lightning.pytorch as pl
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from htvae.utils.callbacks import EarlyStopping, ModelCheckpoint, Paused

pytestmark = [  # what Lightning says of its own code, and of loaders without workers
    pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers:UserWarning"),
    pytest.mark.filterwarnings("ignore:Checkpoint directory .* exists and is not empty:UserWarning"),
]


class Walker(pl.LightningModule):
    """One weight; validation says what it is told to, one figure after the other."""

    def __init__(self, figures=()):
        super().__init__()
        self.layer = nn.Linear(1, 1)
        self.figures = list(figures)
        self.saved = []

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)

    def training_step(self, batch, batch_index):
        return self.layer(batch).square().sum()

    def validation_step(self, batch, batch_index):
        self.log("val/loss", torch.tensor(self.figures.pop(0)))

    def save_model(self, path):
        self.saved.append(self.global_step)
        path.write_text(f"model of step {self.global_step}")


@pytest.fixture
def fit(tmp_path):
    """Train for some epochs of two steps each, with a validation after each."""

    def run(module, callbacks, epochs=4, ckpt_path=None, **options):
        trainer = pl.Trainer(
            accelerator="cpu", max_epochs=epochs, callbacks=callbacks, logger=False,
            default_root_dir=tmp_path, enable_progress_bar=False, enable_model_summary=False,
            num_sanity_val_steps=0, **options,
        )  # fmt: skip
        training, validation = DataLoader([torch.ones(1)] * 2), DataLoader([torch.ones(1)])
        trainer.fit(module, training, validation, ckpt_path=ckpt_path, weights_only=True)
        return trainer

    return run


def test_the_best_and_the_last(fit, tmp_path):
    module = Walker([3.0, 1.0, 2.0, 1.5])
    fit(module, [ModelCheckpoint(tmp_path / "checkpoints")])
    folder = tmp_path / "checkpoints"
    assert sorted(path.name for path in folder.iterdir()) == ["best_model.pt", "last_model.pt"]
    assert module.saved == [2, 4]
    assert (folder / "best_model.pt").read_text() == "model of step 4"
    assert torch.load(folder / "last_model.pt", weights_only=True)["global_step"] == 8


def test_going_on_remembers_the_best(fit, tmp_path):
    folder = tmp_path / "checkpoints"
    fit(Walker([3.0, 1.0]), [ModelCheckpoint(folder)], epochs=2)
    module = Walker([1.5, 0.5])
    fit(module, [ModelCheckpoint(folder)], epochs=4, ckpt_path=folder / "last_model.pt")
    assert module.saved == [8]


def test_the_best_is_remembered_where_the_folder_was_moved(fit, tmp_path):
    fit(Walker([1.0]), [ModelCheckpoint(tmp_path / "old")], epochs=1)
    folder = (tmp_path / "old").rename(tmp_path / "new")
    module, callback = Walker([1.5, 0.5]), ModelCheckpoint(folder)
    fit(module, [callback], epochs=3, ckpt_path=folder / "last_model.pt")
    assert module.saved == [6]
    assert callback.best_model_path == str(folder / "best_model.pt")


def test_without_validation_both_are_saved_now_and_then(fit, tmp_path):
    class Watch(pl.Callback):
        seen: ClassVar = {}

        def on_train_batch_start(self, trainer, *_):
            path = tmp_path / "last_model.pt"
            state = torch.load(path, weights_only=True) if path.exists() else {}
            self.seen[trainer.global_step] = state.get("global_step")

    module = Walker()
    callbacks = [ModelCheckpoint(tmp_path, monitor=None, interval=3), Watch()]
    fit(module, callbacks, limit_val_batches=0, log_every_n_steps=50)
    assert Watch.seen == {0: None, 1: None, 2: None, 3: 3, 4: 3, 5: 3, 6: 6, 7: 6}
    assert {3, 6, 8} <= set(module.saved)  # and after every epoch, which Lightning does by itself here


def test_what_had_stopped_stays_stopped(fit, tmp_path):
    callbacks = [EarlyStopping(patience=1), ModelCheckpoint(tmp_path)]
    fit(Walker([1.0, 2.0]), callbacks)
    again = [EarlyStopping(patience=1), ModelCheckpoint(tmp_path)]
    trainer = fit(Walker(), again, epochs=9, ckpt_path=tmp_path / "last_model.pt")
    assert trainer.global_step == 4
    longer = [EarlyStopping(patience=2), ModelCheckpoint(tmp_path)]
    trainer = fit(Walker([3.0]), longer, epochs=9, ckpt_path=tmp_path / "last_model.pt")
    assert trainer.global_step == 6


def test_without_a_figure_the_newest_is_the_best(fit, tmp_path):
    module = Walker([0.0] * 9)
    fit(module, [ModelCheckpoint(tmp_path, monitor=None)], epochs=3)
    assert module.saved[-1] == 6


class FailAt(pl.Callback):
    def __init__(self, step, error):
        self.step, self.error = step, error

    def on_train_batch_start(self, trainer, *_):
        if trainer.global_step == self.step:
            raise self.error


def test_a_pause_leaves_the_state(fit, tmp_path):
    with pytest.raises(Paused):
        fit(Walker([1.0] * 9), [ModelCheckpoint(tmp_path), FailAt(3, Paused)])
    assert torch.load(tmp_path / "last_model.pt", weights_only=True)["global_step"] == 3


@pytest.mark.parametrize(
    ("error", "leaves"), [(ZeroDivisionError, ZeroDivisionError), (KeyboardInterrupt, SystemExit)]
)
def test_anything_else_leaves_the_state_of_the_last_validation(fit, tmp_path, error, leaves):
    """A second Ctrl-C, which Lightning makes SystemExit of, may have come in the middle of a step."""
    with pytest.raises(leaves):
        fit(Walker([1.0] * 9), [ModelCheckpoint(tmp_path), FailAt(3, error)])
    assert torch.load(tmp_path / "last_model.pt", weights_only=True)["global_step"] == 2


@pytest.mark.parametrize(("error", "leaves"), [(Paused, Paused), (OSError, OSError)])
def test_nothing_done_leaves_nothing(fit, tmp_path, error, leaves):
    with pytest.raises(leaves):
        fit(Walker(), [ModelCheckpoint(tmp_path), FailAt(0, error)])
    assert not (tmp_path / "last_model.pt").exists()


def test_an_earlier_state_survives_a_write_that_fails(fit, tmp_path, monkeypatch):
    folder = tmp_path / "checkpoints"
    callback = ModelCheckpoint(folder)
    trainer = fit(Walker([1.0]), [callback], epochs=1)
    before = (folder / "last_model.pt").read_bytes()

    def fail(path, content):
        with path.open("wb") as file:
            file.write(bytes(content)[:99])
        raise OSError(errno.ENOSPC, "disk full")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OSError, match="disk full"):
        callback.save_last_state(trainer)
    assert (folder / "last_model.pt").read_bytes() == before
    assert sorted(os.listdir(folder)) == ["best_model.pt", "last_model.pt"]


@pytest.mark.parametrize(
    ("figures", "options", "validations"),
    [
        ([3.0, 2.0, 1.0, 0.5, 0.2, 0.1], {"patience": 1}, 6),
        ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], {"patience": 1}, 2),
        ([1.0, 2.0, 0.5, 1.0, 1.0, 1.0], {"patience": 2}, 5),
        ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], {"patience": 1, "start_step": 6}, 4),
    ],
)
@pytest.mark.parametrize("interval", [{}, {"val_check_interval": 2, "check_val_every_n_epoch": None}])
def test_patience(fit, figures, options, validations, interval):
    module = Walker(figures)
    fit(module, [EarlyStopping(**options)], epochs=6, enable_checkpointing=False, **interval)
    assert 6 - len(module.figures) == validations
