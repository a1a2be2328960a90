"""The whole training pipeline: data, model, loss, Lightning's trainer, files.

``HTVAETrainer(config).fit()`` is all that ``train.py`` does.
"""

import contextlib
import dataclasses
import logging
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import Logger, TensorBoardLogger
from torch import Tensor, nn

from htvae.config import Config
from htvae.data.loader import PoseDataLoader
from htvae.inference.checkpoint import BuildModel, Checkpoint, build_model, load_checkpoint, save_checkpoint
from htvae.models.transfer import copy_weights
from htvae.poses.sequence import PoseSequence
from htvae.training.guards import build_guards
from htvae.training.logs import MetricsLog
from htvae.training.losses import VAELoss
from htvae.training.machine import ACCELERATORS, Estimate, choose_precision, estimate_run
from htvae.training.module import TrainingModule
from htvae.training.pause import Pause
from htvae.training.prior import add_prior
from htvae.training.processes import SummingStrategy, check_alike, first_goes_first, join_processes
from htvae.training.progress import ProgressReport
from htvae.training.run_folder import RunFolder
from htvae.utils.callbacks import EarlyStopping, ModelCheckpoint, Paused
from htvae.utils.device import choose_device
from htvae.utils.text import format_duration
from htvae.utils.world import World

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class FitResult:
    """How a run ended."""

    best_model: Path
    """The file of the best model."""
    figures: dict[str, float]
    """Validation figures of the last validation."""
    finished: bool
    """False where ``max_minutes`` ended the run."""


class HTVAETrainer:
    """Trains a model from a configuration.

    Args:
        config: all settings.
        sequences: recordings to learn from. None: those in ``config.data.data_dir``.
        model: network to train. None: built from the configuration.
        loss: loss to train with. None: `VAELoss`.
        callbacks: further Lightning callbacks.
        build_model: makes the user's own architecture, as a settings file may define it.

    Raises:
        ValueError: settings that contradict each other or the data.
        FileNotFoundError: no recordings, or nothing to resume from.
    """

    def __init__(
        self,
        config: Config,
        sequences: Sequence[PoseSequence] | None = None,
        model: nn.Module | None = None,
        loss: nn.Module | None = None,
        callbacks: Sequence[Callback] = (),
        build_model: BuildModel | None = None,
    ) -> None:
        self.config = config.replace(resume=False)  # what is saved starts a run
        self.resume = config.training.resume
        self.next_step: int | None = None  # where a resumed run goes on
        self.pause = Pause(config.training.max_minutes)
        self.folder = RunFolder.of(config.experiment)
        self.sequences = list(sequences) if sequences is not None else None
        self.model = model
        self.loss = loss
        self.callbacks = list(callbacks)
        self.build_model = build_model

    def fit(self) -> FitResult:
        """Train until done, stopped early, out of time or interrupted.

        Returns:
            Where the best model is, and its figures.

        Raises:
            KeyboardInterrupt: the user interrupted; ``last_model.pt`` is written and ``--resume`` goes on
                from it.
            LockHeldError: another process trains in the same folder.
        """
        first = World.from_environment().rank == 0
        with self.folder.lock(self.resume) if first else contextlib.nullcontext():
            started = time.monotonic()
            result, data = self._fit_vae()
            if first and result.finished and self._wants_prior():
                finished = self._fit_prior(data, time.monotonic() - started)
                result = dataclasses.replace(result, finished=finished)
        return result

    def _wants_prior(self) -> bool:
        """Return whether a prior follows; where one was asked for but cannot, say why."""
        asked = self.config.prior.prior_steps > 0 and self.config.model.chunk_latent_dim > 0
        if asked and self.model is not None:
            logger.info("No prior is fitted to a model that was given as an object.")
        return asked and self.model is None

    def _fit_prior(self, data: PoseDataLoader, seconds_spent: float) -> bool:
        """Add a prior to the best model; return False where time was up before the end."""
        training = self.config.training
        if training.max_minutes is not None:
            left = max(training.max_minutes - seconds_spent / 60, 0.0)
            training = dataclasses.replace(training, max_minutes=left)
        return add_prior(
            self.folder.best_model, data, self.config.prior, training, self.resume, self.build_model
        )

    def _fit_vae(self) -> tuple[FitResult, PoseDataLoader]:
        device = choose_device(self.config.training.device)
        precision = choose_precision(self.config.training.precision, device)
        pl.seed_everything(self.config.training.seed, verbose=False)
        with join_processes(device) as world:
            with first_goes_first(world):  # it fills the cache
                data = PoseDataLoader(self.config, sequences=self.sequences)
            module = self._build_module(data)
            check_alike({"settings": _shared_settings(self.config), "recordings": data.splits.to_dict()})
            self.next_step = self._find_state(module)
            if world.rank == 0:
                frames = self._frames(data) // world.size
                self._announce(
                    data, module, estimate_run(module.model, self.config, frames, device, precision)
                )
                self._prepare_folder()
            trainer = self._build_trainer(module, data, device, precision, world)
            finished = self._run(trainer, module, data, world)
            self._ensure_best_model(module)
        best_model = self.folder.best_model
        return FitResult(best_model=best_model, figures=module.figures, finished=finished), data

    def _frames(self, data: PoseDataLoader) -> int:
        return data.num_epochs * data.num_train_frames

    def _build_module(self, data: PoseDataLoader) -> TrainingModule:
        model: Any = self.model or build_model(self.config, data.processor, self.build_model)
        if self.config.training.init_from:
            start = load_checkpoint(self.config.training.init_from)
            copied = copy_weights(model, start.state, data.processor.points, start.processor.points)
            logger.info("Weights from %s: %s.", self.config.training.init_from, copied)

        def save_model(path: Path, state: dict[str, Tensor], figures: dict[str, float]) -> None:
            save_checkpoint(
                path,
                Checkpoint(
                    state=state,
                    config=self.config,
                    processor=data.processor,
                    splits=data.splits,
                    figures=figures,
                ),
            )

        return TrainingModule(
            model=model,
            loss=self.loss or VAELoss(self.config.loss, data.processor.edges),
            config=self.config,
            edges=data.processor.edges,
            num_landmarks=len(data.processor.landmarks),
            num_values=len(data.processor.points) * data.processor.num_coordinates,
            total_steps=data.num_epochs * data.steps_per_epoch,
            save_model=save_model,
        )

    def _find_state(self, module: TrainingModule) -> int | None:
        """Return the step that a run goes on with, None where it starts."""
        if not self.resume or not self.folder.has_state():
            return None
        return self.folder.check_resumable(self.config, module.state_dict())

    def _prepare_folder(self) -> None:
        if self.next_step is None:
            self.folder.archive_earlier_run()
        self.folder.prepare(self.config)

    def _announce(self, data: PoseDataLoader, module: TrainingModule, estimate: Estimate) -> None:
        """Say what is about to happen."""
        epochs = data.num_epochs
        counts = ", ".join(
            f"{len(getattr(data.splits, split))} {split}" for split in ("train", "val", "test")
        )
        logger.info("Recordings: %s. Training frames: %s.", counts, f"{data.num_train_frames:,}")
        logger.info(
            "%d epochs of about %d windows in %d steps: %s steps, %.1f M frames.",
            epochs,
            data.windows_per_epoch,
            data.steps_per_epoch,
            f"{module.total_steps:,}",
            self._frames(data) / 1e6,
        )
        logger.info(
            "%.1f M parameters. About %s and %.1f GB (this machine's matrix products: %.0f GFLOP/s).",
            sum(p.numel() for p in module.model.parameters()) / 1e6,
            format_duration(estimate.seconds),
            estimate.memory_bytes / 1e9,
            estimate.matrix_rate / 1e9,
        )

    def _build_trainer(
        self, module: TrainingModule, data: PoseDataLoader, device: str, precision: str, world: World
    ) -> pl.Trainer:
        training = self.config.training
        has_validation = len(data.splits.val) > 0
        monitor = "val/loss" if has_validation else None
        checkpoint = ModelCheckpoint(self.folder.checkpoints, monitor, training.validation_interval)
        watchers: list[Callback] = [checkpoint, self.pause]
        if world.rank == 0:
            watchers.append(ProgressReport(self._frames(data)))
        if has_validation:
            start = max(self.config.loss.kl_warmup_steps, training.warmup_steps)
            watchers.append(EarlyStopping(patience=training.patience, start_step=start))
        with _quiet_lightning():
            return pl.Trainer(
                accelerator=ACCELERATORS[device],
                devices=world.local_size,
                num_nodes=world.size // world.local_size,
                strategy=SummingStrategy() if world.size > 1 else "auto",
                use_distributed_sampler=False,
                precision=precision,  # type: ignore[arg-type]
                max_epochs=data.num_epochs,
                callbacks=[*watchers, *build_guards(self.config, data, device, precision), *self.callbacks],
                logger=self._open_logs() if world.rank == 0 else False,
                val_check_interval=spread_evenly(module.total_steps, training.validation_interval),
                check_val_every_n_epoch=None,
                log_every_n_steps=min(10, module.total_steps),
                num_sanity_val_steps=0,
                enable_progress_bar=False,
                enable_model_summary=False,
            )

    def _open_logs(self) -> list[Logger]:
        folder, step = self.folder, self.next_step
        return [
            MetricsLog(folder.logs / "metrics.csv", step),
            TensorBoardLogger(folder.root, name="tensorboard", version="", purge_step=step),
        ]

    def _run(self, trainer: pl.Trainer, module: TrainingModule, data: PoseDataLoader, world: World) -> bool:
        """Train; return False where time was up before the end."""
        resume = self.folder.last_model if self.next_step is not None else None
        share = world.rank, world.size
        loaders = data.train_loader(*share), data.val_loader(*share) if data.splits.val else None
        try:
            with _quiet_lightning():
                trainer.fit(module, *loaders, ckpt_path=resume, weights_only=True)
        except Paused as pause:
            how = f"at step {trainer.global_step}. To go on: the same command with --resume."
            if self.pause.asked:
                raise KeyboardInterrupt(f"Interrupted {how}") from pause
            logger.info("Stopped by max_minutes %s", how)
            return False
        except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
            if resume is None or self.pause.started:
                raise
            raise ValueError(
                f"{resume}: must be a state of training of this version, but cannot be taken up ({error!r}). "
                "Start without --resume."
            ) from error
        except SystemExit as interruption:  # how Lightning ends after a second Ctrl-C
            raise KeyboardInterrupt(
                "Interrupted. To go on from the last validation: the same command with --resume."
            ) from interruption
        return True

    def _ensure_best_model(self, module: TrainingModule) -> None:
        """Make sure that a best model is there, and say where."""
        if not self.folder.best_model.is_file():
            module.save_model(self.folder.best_model)
            logger.info("No validation took place: the last weights are taken for the best.")
        logger.info("Best model: %s", self.folder.best_model)


def spread_evenly(total_steps: int, interval: int) -> int:
    """Return the largest interval up to the one asked for with which the last validation falls on the end."""
    return max(1, total_steps // -(-total_steps // interval))


def _shared_settings(config: Config) -> dict[str, Any]:
    """Return the settings that all processes must share: all but where each finds its files."""
    return config.replace(data_dir="", experiments_dir="", num_workers=0).to_dict()


@contextlib.contextmanager
def _quiet_lightning() -> Iterator[None]:
    """Keep Lightning's advice, which is for authors of modules, from the user of a command."""
    names = ("lightning.pytorch", "lightning.fabric", "lightning.pytorch.utilities.rank_zero")
    levels: dict[str, Any] = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="lightning.*")
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
