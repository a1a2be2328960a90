"""The one training loop, of VAE and prior alike: step, average, validate, keep the best, save, pause.

- A task brings model, data and loss; the loop brings optimiser, averaged weights, schedule, files and logs.
- A step's random numbers depend on seed, step and process alone: a resumed run equals an uninterrupted one.
- A state is saved between two steps only: after each validation, on a pause, and at the end.
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from htvae import __version__
from htvae.training.averaging import AVERAGING_STEPS, AveragedWeights
from htvae.training.distributed import GradientSum, broadcast_weights, gather
from htvae.training.logs import Log
from htvae.training.optimizer import build_optimizer
from htvae.training.schedule import learning_rate_factor
from htvae.training.task import Task
from htvae.utils.hot_path import keep_clear
from htvae.utils.interruption import EndRequest
from htvae.utils.metrics_tracker import MetricsTracker
from htvae.utils.random import random_seed
from htvae.utils.saving import ModelCheckpoint
from htvae.utils.stopping import EarlyStopping
from htvae.utils.world import World

logger = logging.getLogger(__name__)

STATE_FORMAT = "htvae-state-3"
"""Layout of a saved state; others are refused."""
LOG_INTERVAL = 10
"""Steps from one row of the log to the next; a row has the means of the steps since the last."""


@dataclass(frozen=True, kw_only=True)
class LoopSettings:
    """How weights move, and when they are validated."""

    learning_rate: float
    weight_decay: float
    warmup_steps: int
    gradient_clip: float
    """Largest norm of the gradient; 0 switches clipping off."""
    ema_decay: float
    validation_interval: int
    """Optimiser steps."""
    patience: int
    """Validations."""
    patience_start: int = 0
    """Optimiser step from which patience counts."""
    validate_start: bool = False
    """Whether the weights are validated before the first step, so that a good start may stay the best
    model."""
    precision: str = "32"
    """``bf16`` or ``32``; the optimiser multiplies its matrices in it."""
    num_turns: int = 1
    """Steps from one move of a hidden matrix to its next, see `Muon`."""
    seed: int = 0


class Callback:
    """Base of what watches a run; every hook does nothing.

    A hook is given the `Loop`: ``loop.step`` (optimiser steps taken), ``loop.task``, ``loop.model``,
    ``loop.averaged``, ``loop.losses`` (parts of the last step's loss), ``loop.figures`` (last validation).
    """

    def on_train_start(self, loop: "Loop") -> None:
        """Run before the first step, also where a run resumes."""

    def on_step_start(self, loop: "Loop", batch: Any) -> None:
        """Run before a step, whose data is at hand."""

    def on_gradients(self, loop: "Loop") -> None:
        """Run when gradients are summed and clipped, before a weight moves."""

    def on_step_end(self, loop: "Loop") -> None:
        """Run after a step."""

    def on_validation_start(self, loop: "Loop") -> None:
        """Run before a validation."""

    def on_validation_end(self, loop: "Loop") -> None:
        """Run after a validation, before anything is saved."""

    def on_train_end(self, loop: "Loop") -> None:
        """Run at the end, after everything is saved."""

    def on_exception(self, loop: "Loop", error: BaseException) -> None:
        """Run where a run ends early, by an error or on request."""


class Loop:
    """One run.

    Args:
        task: what is trained.
        settings: how.
        checkpoint: the run's two files.
        pause: listens for the wish to end early.
        callbacks: what watches the run, in this order.
        logs: where figures go.
        world: which process this is.
    """

    def __init__(
        self,
        task: Task,
        settings: LoopSettings,
        checkpoint: ModelCheckpoint,
        pause: EndRequest,
        callbacks: Sequence[Callback] = (),
        logs: Sequence[Log] = (),
        world: World = World(),  # noqa: B008 (immutable)
    ) -> None:
        self.task, self.settings, self.checkpoint, self.pause = task, settings, checkpoint, pause
        self.callbacks, self.logs, self.world = list(callbacks), list(logs), world
        broadcast_weights(task.model)
        self.model = task.model
        self.averaged: Any = AveragedWeights(task.model, settings.ema_decay)
        self.optimizer = build_optimizer(
            task.model,
            settings.learning_rate,
            settings.weight_decay,
            settings.precision,
            settings.num_turns,
            shared=True,
        )
        self.parameters = [p for p in task.model.parameters() if p.requires_grad]
        sent = torch.bfloat16 if settings.precision == "bf16" else torch.float32
        self.sum_gradients = GradientSum(self.parameters, sent)
        self.stopping = EarlyStopping(settings.patience, settings.patience_start)
        self.tracker = MetricsTracker()
        self.step = 0
        self.losses: dict[str, float] = {}
        self.figures: dict[str, float] = {}
        self.gradient_norm = math.nan

    def fit(self) -> bool:
        """Train to the end; return False where time was up before.

        Raises:
            KeyboardInterrupt: the user or the system asked for the end. The state is saved, except after a
                second Ctrl-C.
            ValueError: the loss or the gradient is not finite; what was saved before stays as it is.
        """
        try:
            with self.pause, keep_clear():
                self._tell("on_train_start")
                if self.settings.validate_start and self.step == 0 and not self._is_validated():
                    self.validate()
                while not self._is_done():
                    self.take_step()
                    if self.step % self.settings.validation_interval == 0 or self.task.is_done(self.step):
                        self.validate()
                    if self._is_out_of_time():
                        self._tell("on_train_end")
                        return False
                if not self._is_validated():
                    self.validate()
                self._tell("on_train_end")
        except BaseException as error:
            self._tell("on_exception", error)
            if isinstance(error, KeyboardInterrupt) and not str(error):  # a second Ctrl-C, in a step
                raise KeyboardInterrupt(
                    "Interrupted. To go on from the last validation: the same command with --resume."
                ) from error
            raise
        finally:
            for log in self.logs:
                log.close()
        return True

    def take_step(self) -> None:
        """Take one optimiser step."""
        settings = self.settings
        batch = self.task.draw(self.step)
        self._tell("on_step_start", batch)
        self.model.train()
        torch.manual_seed(random_seed("dropout", settings.seed, self.step, self.world.rank))
        self.losses = self.task.compute_gradients(batch, self.step)
        self.sum_gradients()
        clip = settings.gradient_clip or math.inf
        self.gradient_norm = float(torch.nn.utils.clip_grad_norm_(self.parameters, clip))
        self._tell("on_gradients")
        self._check_finite("gradient", self.gradient_norm)
        rate = self._set_rates()
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.step += 1
        if self.step % AVERAGING_STEPS == 0:
            self.averaged.catch_up(self.model, self.step)
        self._note(self.task.finish_step(self.losses), rate)
        self._tell("on_step_end")

    def validate(self) -> None:
        """Score the averaged weights, keep them if they are the best so far, and save the state."""
        self.averaged.catch_up(self.model, self.step)
        self._tell("on_validation_start")
        self.averaged.eval()
        with torch.no_grad():
            figures = self.task.validate(self.averaged.module)
        value = figures.get(self.task.followed, math.nan)
        if figures:
            self._check_finite("loss", figures["loss"])
            self.stopping.update(value, self.step)
        self.figures = {**figures, "step": float(self.step), self.task.unit: float(self.task.done)}
        self._log({f"val/{name}": value for name, value in figures.items()})
        self._tell("on_validation_end")
        if self.checkpoint.is_better(value):
            self._save_best(value)
        self.save()

    def save(self) -> None:
        """Write the state of the run, and the log up to it first."""
        if self.world.rank > 0:
            return
        for log in self.logs:
            log.save()
        self.checkpoint.save_state(self.state_dict())

    def state_dict(self) -> dict[str, Any]:
        """Return all that a resumed run needs, as tensors and plain values."""
        return {
            "format": STATE_FORMAT,
            "htvae_version": __version__,
            "identity": self.task.identity(),
            "step": self.step,
            "model": self.model.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "checkpoint": self.checkpoint.state_dict(),
            "stopping": self.stopping.state_dict(),
            "tracker": self.tracker.state_dict(),
            "figures": self.figures,
            "task": self.task.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a saved state.

        Raises:
            ValueError: it is damaged, or of another model.
        """
        try:
            self.step, self.figures = int(state["step"]), dict(state["figures"])
            self.model.load_state_dict(state["model"])
            self.averaged.load_state_dict(state["averaged"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.checkpoint.load_state_dict(state["checkpoint"])
            self.stopping.load_state_dict(state["stopping"])
            self.tracker.load_state_dict(state["tracker"])
            self.task.load_state_dict(state["task"])
        except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise ValueError(
                f"{self.checkpoint.last_path}: must be a state of training of this version, but cannot be "
                f"restored ({error!r}). Start without --resume."
            ) from error

    def _set_rates(self) -> float:
        """Set what depends on the time and on the size of a step; return the learning rate.

        A step of n times the data goes sqrt(n) times as far, and counts as n steps for turns and averages.

        Source: Krizhevsky 2014, "One weird trick for parallelizing convolutional neural networks", section 5.
        """
        settings, growth = self.settings, self.task.growth
        share = learning_rate_factor(self.step, settings.warmup_steps, self.task.done / self.task.total)
        rate = settings.learning_rate * share * growth**0.5
        self.optimizer.set_learning_rate(rate)
        self.optimizer.set_num_turns(max(1, round(settings.num_turns / growth)))
        self.averaged.decay = settings.ema_decay**growth
        return rate

    def _is_done(self) -> bool:
        if self.task.is_done(self.step):
            return True
        if self.stopping.should_stop:
            logger.info(
                "Nothing got better for %d validations: %s ends at step %d. Raise the patience to go on.",
                self.stopping.wait_count,
                self.task.name,
                self.step,
            )
        return self.stopping.should_stop

    def _is_validated(self) -> bool:
        """Return whether the weights as they are were validated, and the state saved with that."""
        return self.figures.get("step") == self.step

    def _is_out_of_time(self) -> bool:
        """Return whether time is up with steps left, once the state is saved; raise on Ctrl-C or SIGTERM."""
        asked, wanted = (any(values) for values in zip(*gather(self.pause.read()), strict=True))
        if not wanted:
            return False
        if not self._is_validated():
            self.save()
        where = f"at step {self.step} of {self.task.name}. To go on: the same command with --resume."
        if asked:
            raise KeyboardInterrupt(f"Interrupted {where}")
        if self.task.is_done(self.step) or self.stopping.should_stop:
            return False
        logger.info("Stopped by max_minutes %s", where)
        return True

    def _save_best(self, value: float) -> None:
        def write(path: Any) -> None:
            if self.world.rank == 0:
                self.task.write_model(path, self.averaged.module.state_dict(), self.figures)

        self.checkpoint.save_best(write, value, self.step)

    def _check_finite(self, name: str, value: float) -> None:
        if not math.isfinite(value):
            raise ValueError(
                f"The {name} of {self.task.name} must be finite, but is {value} at step {self.step}. Lower "
                "the learning rate; the models saved before are as they were."
            )

    def _note(self, further: dict[str, float], learning_rate: float) -> None:
        """Add a step's figures to the row of the log that is being made."""
        figures = {f"train/{name}": value for name, value in self.losses.items()}
        figures |= {"train/gradient_norm": self.gradient_norm, "train/learning_rate": learning_rate}
        self.tracker.update(figures | further)
        if self.step % LOG_INTERVAL == 0 or self.task.is_done(self.step):
            self._log(self.tracker.compute())
            self.tracker.reset()

    def _log(self, figures: dict[str, float]) -> None:
        for log in self.logs:
            log.write(figures, self.step)

    def _tell(self, hook: str, *details: Any) -> None:
        for callback in self.callbacks:
            getattr(callback, hook)(self, *details)
