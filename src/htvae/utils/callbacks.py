"""When to stop, and what to save: thin subclasses of Lightning's callbacks."""

import logging
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch import callbacks

from htvae.utils.files import save_tensors

logger = logging.getLogger(__name__)


class Paused(Exception):
    """Training ends here, to go on another time; raised between two steps."""


class EarlyStopping(callbacks.EarlyStopping):
    """Stops when the monitored figure has not got better for ``patience`` validations.

    Args:
        monitor: name of the logged figure; lower is better.
        patience: validations without a better result.
        start_step: optimiser step from which patience counts, so that a warm-up is not taken for a
            standstill.
        options: passed to Lightning's EarlyStopping.
    """

    def __init__(
        self, monitor: str = "val/loss", patience: int = 20, start_step: int = 0, **options: Any
    ) -> None:
        super().__init__(monitor=monitor, patience=patience, **options)
        self.start_step = start_step

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up how long nothing has got better, not how long that was borne."""
        super().load_state_dict({**state_dict, "patience": self.patience})

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """End at once where a run goes on that had stopped already."""
        if self.wait_count >= self.patience:
            trainer.should_stop = True
            logger.info(
                "Nothing had got better for %d validations, so training ended. Raise --patience to go on.",
                self.wait_count,
            )

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Count this validation, unless training is still warming up."""
        if trainer.global_step >= self.start_step:
            super().on_validation_end(trainer, pl_module)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Count this epoch where Lightning checks after epochs, unless training is still warming up."""
        if trainer.global_step >= self.start_step:
            super().on_train_epoch_end(trainer, pl_module)


class ModelCheckpoint(callbacks.ModelCheckpoint):
    """Saves the best model to ``best_model.pt`` and the state of training to ``last_model.pt``.

    The best model is written by the module's own ``save_model(path)``. The state of training, from which a
    run goes on, is written after every validation (every ``interval`` steps where there is none), at the end,
    and when training is `Paused`. Both are written under a temporary name and renamed, so that an earlier
    file survives whatever happens.

    Args:
        folder: where both files go.
        monitor: name of the logged figure; lower is better. None: the newest model counts as the best.
        interval: optimiser steps between two saves where ``monitor`` is None.
        options: passed to Lightning's ModelCheckpoint.
    """

    def __init__(
        self, folder: str | Path, monitor: str | None = "val/loss", interval: int = 100, **options: Any
    ) -> None:
        super().__init__(
            dirpath=folder, filename="best_model", monitor=monitor, enable_version_counter=False, **options
        )
        self.FILE_EXTENSION = ".pt"
        self.best_path, self.last_path = Path(folder) / "best_model.pt", Path(folder) / "last_model.pt"
        self.interval = interval
        self.last_step = 0

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Let nothing be written but whole files."""
        super().setup(trainer, pl_module, stage)
        trainer.strategy.checkpoint_io = _WholeFiles()

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Count steps from here."""
        super().on_train_start(trainer, pl_module)
        self.last_step = trainer.global_step

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save both where no validation does."""
        due = trainer.global_step - self.last_step >= self.interval
        if due and not trainer.enable_validation and is_between_steps(trainer):
            self.save_newest(trainer)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save the best model if this is it, then the state of training."""
        super().on_validation_end(trainer, pl_module)
        if not trainer.sanity_checking:
            self.save_last_state(trainer)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save the state of training, and the model where the newest is the best."""
        self.save_newest(trainer)

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Save the state of training on a pause; after anything else the last validation's is the better."""
        if isinstance(exception, Paused) and trainer.global_step > 0:
            self.save_last_state(trainer)

    def save_newest(self, trainer: pl.Trainer) -> None:
        """Write ``last_model.pt``, and ``best_model.pt`` where the newest model counts as the best."""
        if self.monitor is None:
            self._save_checkpoint(trainer, str(self.best_path))
        self.save_last_state(trainer)

    def save_last_state(self, trainer: pl.Trainer) -> None:
        """Write ``last_model.pt``, the log up to it first."""
        for log in trainer.loggers:
            log.save()
        trainer.save_checkpoint(self.last_path)
        self.last_step = trainer.global_step

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up a saved state, wherever its folder has been moved to since."""
        before, now = str(state_dict["dirpath"]), str(self.dirpath)
        models = {path.replace(before, now): score for path, score in state_dict["best_k_models"].items()}
        paths = ("best_model_path", "kth_best_model_path", "last_model_path")
        moved = {name: state_dict[name].replace(before, now) for name in paths}
        super().load_state_dict({**state_dict, **moved, "best_k_models": models, "dirpath": self.dirpath})

    def _save_checkpoint(self, trainer: pl.Trainer, filepath: str) -> None:
        """Write the model alone where Lightning would write everything."""
        module: Any = trainer.lightning_module
        if trainer.is_global_zero:
            module.save_model(Path(filepath))
        self._last_global_step_saved = trainer.global_step
        self._last_checkpoint_saved = filepath


class _WholeFiles(TorchCheckpointIO):
    """Writes states of training whole or not at all."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        save_tensors(Path(path), checkpoint)


def is_between_steps(trainer: pl.Trainer) -> bool:
    """Return whether, at the end of a step, nothing else belongs to it: no validation and no row of the log.

    From a state of training that is saved then, a run goes on exactly.
    """
    settings: Any = trainer
    validates = trainer.enable_validation and trainer.global_step % settings.val_check_batch == 0
    return not validates and trainer.global_step % settings.log_every_n_steps != 0
