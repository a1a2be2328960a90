"""When to stop, and what to save: thin subclasses of Lightning's callbacks."""

import os
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch import callbacks


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
    run goes on, is written after every validation, at the end and on any interruption. Both are written under
    a temporary name and renamed, so that an earlier file survives whatever happens.

    Args:
        folder: where both files go.
        monitor: name of the logged figure; lower is better. None: the newest model counts as the best.
        options: passed to Lightning's ModelCheckpoint.
    """

    def __init__(self, folder: str | Path, monitor: str | None = "val/loss", **options: Any) -> None:
        super().__init__(
            dirpath=folder, filename="best_model", monitor=monitor, enable_version_counter=False, **options
        )
        self.FILE_EXTENSION = ".pt"
        self.best_path, self.last_path = Path(folder) / "best_model.pt", Path(folder) / "last_model.pt"

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save the best model if this is it, then the state of training."""
        super().on_validation_end(trainer, pl_module)
        if not trainer.sanity_checking:
            self.save_last_state(trainer)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save the state of training."""
        self.save_last_state(trainer)

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Save the state of training on Ctrl-C; after a failure the last validation's state is the better."""
        if isinstance(exception, KeyboardInterrupt) and trainer.global_step > 0:
            self.save_last_state(trainer)

    def save_last_state(self, trainer: pl.Trainer) -> None:
        """Write ``last_model.pt``."""
        temporary = self.last_path.with_name(".last_model.pt.tmp")
        try:
            trainer.save_checkpoint(temporary)
            if trainer.is_global_zero:
                os.replace(temporary, self.last_path)
        finally:
            if trainer.is_global_zero:  # of several processes, the one that writes
                temporary.unlink(missing_ok=True)

    def _save_checkpoint(self, trainer: pl.Trainer, filepath: str) -> None:
        """Write the model alone where Lightning would write everything."""
        module: Any = trainer.lightning_module
        module.save_model(Path(filepath))
        self._last_global_step_saved = trainer.global_step
        self._last_checkpoint_saved = filepath
