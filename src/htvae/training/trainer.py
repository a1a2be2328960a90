"""The whole training pipeline: recordings, model, loop, files, prior.

``HTVAETrainer(config).fit()`` is all that ``train.py`` does.
"""

import contextlib
import dataclasses
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from htvae.config import Config
from htvae.data.loader import PoseDataLoader
from htvae.inference.checkpoint import BuildModel, Checkpoint, build_model, load_checkpoint, save_checkpoint
from htvae.models.transfer import copy_weights
from htvae.models.vae import HierarchicalTransformerVAE
from htvae.poses.sequence import PoseSequence
from htvae.training import machine
from htvae.training.announcement import announce
from htvae.training.distributed import check_alike, first_goes_first, join_processes
from htvae.training.guards import build_guards
from htvae.training.linear_start import start_from_linear_code
from htvae.training.logs import Log, MetricsLog, TensorBoardLog
from htvae.training.loop import Callback, Loop, LoopSettings
from htvae.training.losses import VAELoss
from htvae.training.motion_strip import MotionStrip
from htvae.training.noise import add_noise
from htvae.training.optimizer import VAE_TURNS
from htvae.training.prior import add_prior
from htvae.training.report import ProgressReport
from htvae.training.resume import check_resumable
from htvae.training.run_folder import RunFolder
from htvae.training.schedule import spread_evenly
from htvae.training.vae_task import VAETask
from htvae.utils.device import choose_device
from htvae.utils.interruption import EndRequest
from htvae.utils.saving import ModelCheckpoint
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
        loss: loss to train with, which validation, best model and patience follow. None: `VAELoss`.
        callbacks: objects that watch the run, see `htvae.training.loop.Callback`.
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
        self.config = config.replace(resume=False)  # the saved settings start a run
        self.resume = config.training.resume
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
            if first and self.model is None:
                training = self.config.training
                add_noise(result.best_model, data, training.device, training.seed, self.build_model)
            if first and result.finished and self._wants_prior():
                finished = self._fit_prior(data, time.monotonic() - started)
                result = dataclasses.replace(result, finished=finished)
        return result

    def _fit_vae(self) -> tuple[FitResult, PoseDataLoader]:
        training = self.config.training
        device = choose_device(training.device)
        precision = machine.choose_precision(training.precision, device)
        torch.manual_seed(training.seed)
        with join_processes(device) as world:
            with first_goes_first(world):  # it fills the cache
                data = PoseDataLoader(self.config, sequences=self.sequences)
            check_alike({"settings": _shared_settings(self.config), "recordings": data.splits.to_dict()})
            check_alike({"device": device, "precision": precision})
            task = self._build_task(data, device, precision, world)
            state = self._find_state(task)
            step = None if state is None else int(state["step"])
            check_alike({"saved state": step})  # the folder may be moved once all have read from it
            if world.rank == 0:
                self._prepare_folder(resumes=state is not None)
            if state is None and self._has_linear_code(task):
                start_from_linear_code(task.model, data)
            loop = self._build_loop(task, world, step)
            if state is not None:
                loop.load_state_dict(state)
            if world.rank == 0 and not task.is_done(loop.step):
                announce(task, world)
            finished = loop.fit()
            if world.rank == 0:
                self._ensure_best_model(loop)
        return FitResult(best_model=self.folder.best_model, figures=loop.figures, finished=finished), data

    def _build_task(self, data: PoseDataLoader, device: str, precision: str, world: World) -> VAETask:
        model: Any = self.model or build_model(self.config, data.processor, self.build_model)
        if self.config.training.init_from:
            start = load_checkpoint(self.config.training.init_from)
            copied = copy_weights(model, start.state, data.processor.points, start.processor.points)
            logger.info("Weights from %s: %s.", self.config.training.init_from, copied)

        def write_model(path: Path, state: dict[str, Tensor], figures: dict[str, float]) -> None:
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

        loss = self.loss or VAELoss(self.config.loss, data.processor.edges)
        model = model.to(device)
        return VAETask(model, loss.to(device), self.config, data, device, precision, write_model, world)

    def _has_linear_code(self, task: VAETask) -> bool:
        """Return whether the model starts from a linear code of these recordings."""
        wanted = self.config.model.linear_path and not self.config.training.init_from
        return wanted and self.model is None and isinstance(task.model, HierarchicalTransformerVAE)

    def _find_state(self, task: VAETask) -> dict[str, Any] | None:
        """Return the state that a run resumes from, None where it starts."""
        if not self.resume or not self.folder.has_state():
            return None
        state = ModelCheckpoint(self.folder.checkpoints).load_state()
        check_resumable(self.folder.last_model, state, task.identity(), task.model.state_dict())
        return state

    def _prepare_folder(self, resumes: bool) -> None:
        if not resumes:
            self.folder.archive_earlier_run()
        self.folder.prepare(self.config)

    def _build_loop(self, task: VAETask, world: World, last_step: int | None) -> Loop:
        training, loss = self.config.training, self.config.loss
        settings = LoopSettings(
            learning_rate=training.learning_rate,
            weight_decay=training.weight_decay,
            warmup_steps=training.warmup_steps,
            gradient_clip=training.gradient_clip,
            ema_decay=training.ema_decay,
            validation_interval=spread_evenly(task.total_steps, training.validation_interval),
            patience=training.patience,
            patience_start=max(loss.kl_warmup_steps, training.warmup_steps),
            validate_start=self._has_linear_code(task),
            precision=task.precision,
            num_turns=VAE_TURNS,
            seed=training.seed,
        )
        pause = EndRequest(None if training.max_minutes is None else 60 * training.max_minutes)
        guards = build_guards(self.config, task.data, task.device, task.precision)
        logs: list[Log] = []
        report: list[Callback] = []
        if world.rank == 0:
            pictures = TensorBoardLog(self.folder.tensorboard, last_step)
            logs = [MetricsLog(self.folder.logs / "metrics.csv", last_step), pictures]
            report = [ProgressReport(task.data.processor.unit_words), MotionStrip(task, pictures)]
        return Loop(
            task,
            settings,
            ModelCheckpoint(self.folder.checkpoints),
            pause,
            [*report, *guards, *self.callbacks],
            logs,
            world,
        )

    def _ensure_best_model(self, loop: Loop) -> None:
        """Make sure that a best model is there, and say where."""
        path = self.folder.best_model
        if not path.is_file():
            loop.averaged.catch_up(loop.model, loop.step)
            loop.task.write_model(path, loop.averaged.module.state_dict(), loop.figures)
            logger.info("There is no best model yet: the weights of step %d take its place.", loop.step)
        else:
            logger.info("Best model: %s (of step %d).", path, loop.checkpoint.best_step)

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


def _shared_settings(config: Config) -> dict[str, Any]:
    """Return the settings that all processes must share: all but where each finds its files."""
    return config.replace(data_dir="", experiments_dir="", num_workers=0).to_dict()
