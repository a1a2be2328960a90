"""One optimiser step and one validation, as Lightning calls them.

What is unusual: a step is a list of micro-batches whose losses are sums over one common number of frames, so
that neither the cut nor the number of processes that share it changes anything; validation scores the
averaged weights, at final loss weights, without free bits.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn

from htvae import __version__
from htvae.config import Config
from htvae.data.batching import PoseBatch
from htvae.metrics.errors import mpjpe_sums
from htvae.training.losses import LossManager, VAELoss
from htvae.training.optimizer import build_optimizer
from htvae.training.processes import gather, sum_gradients
from htvae.training.run_folder import STATE_VERSION
from htvae.utils.metrics_tracker import MetricsTracker
from htvae.utils.random import random_seed

FINAL_RATE = 0.01  # share of the learning rate that is left at the end of the cosine


class TrainingModule(pl.LightningModule):
    """The model, its averaged copy, the loss and the optimiser.

    Args:
        model: the network.
        loss: the loss, ``loss(output, target, num_frames, weights, step_frames)`` -> parts.
        config: settings of the run.
        edges: pairs of landmarks that a bone joins.
        num_landmarks: the first so many points are landmarks and enter ``mpjpe``.
        num_values: coordinates of all points of a frame.
        total_steps: optimiser steps of the whole run.
        save_model: writes a model file: ``save_model(path, state, figures)``.
    """

    network: Any

    def __init__(
        self,
        model: nn.Module,
        loss: nn.Module,
        config: Config,
        edges: Sequence[tuple[int, int]],
        num_landmarks: int,
        num_values: int,
        total_steps: int,
        save_model: Callable[[Path, dict[str, Tensor], dict[str, float]], None],
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.config = config
        self.model = model
        self.averaged = torch.optim.swa_utils.AveragedModel(
            model, multi_avg_fn=averaging(config.training.ema_decay), use_buffers=False
        )
        network = torch.compile(model, dynamic=True) if config.training.compile_model else model
        object.__setattr__(self, "network", network)  # not a submodule: its weights are the model's
        self.loss = loss
        self.validation_loss = VAELoss(dataclasses.replace(config.loss, free_bits=0.0), edges)
        self.loss_manager = LossManager(config.loss)
        self.num_landmarks, self.num_values = num_landmarks, num_values
        self.total_steps = total_steps
        self.save_model_file = save_model
        self.frames_processed = 0
        self.random_state: Tensor | None = None
        self.cuda_random_states: list[Tensor] = []
        self.tracker = MetricsTracker()
        self.figures: dict[str, float] = {}
        self.gradient_norm = torch.tensor(0.0)

    def configure_optimizers(self) -> Any:
        """Return the composite optimiser and its schedule: linear warm-up, then a cosine."""
        training = self.config.training
        optimizer = build_optimizer(self.model, training.learning_rate, training.weight_decay)
        warmup, total = self.config.training.warmup_steps, self.total_steps
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: learning_rate_factor(step, warmup, total)
        )
        return [optimizer], [schedule]

    def training_step(self, micro_batches: list[PoseBatch], batch_index: int) -> None:
        """Take one optimiser step over the micro-batches of all processes; here there may be none."""
        optimizer: Any = self.optimizers()
        schedule: Any = self.lr_schedulers()
        # Dropout has no numbers per window; these make at least a resumed run repeat them.
        torch.manual_seed(
            random_seed("dropout", self.config.training.seed, self.global_step, self.global_rank)
        )
        step_frames = sum(gather(sum(int(batch.num_frames.sum()) for batch in micro_batches)))
        totals = _add_up(gather(self._backward(micro_batches, step_frames)))
        sum_gradients([p for p in self.model.parameters() if p.requires_grad])
        clip = self.config.training.gradient_clip or math.inf
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), clip)
        self.gradient_norm = norm  # GradientGuard looks at it before the weights move
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
        self.averaged.update_parameters(self.model)
        self.frames_processed += step_frames
        self.loss_manager.update(totals, self.num_values)
        self.log_dict({f"train/{name}": value for name, value in totals.items()})
        self.log_dict({"train/gradient_norm": norm, "train/learning_rate": schedule.get_last_lr()[0]})

    def _backward(self, micro_batches: list[PoseBatch], step_frames: int) -> dict[str, float]:
        """Add up this process's gradients; return its parts of the loss, nothing where it has no windows."""
        weights = self.loss_manager.weights(self.global_step)
        totals: dict[str, Tensor] = {}
        for batch in micro_batches:
            output = self.network(batch.pose, batch.observed, batch.num_frames, batch.seeds)
            parts = self.loss(output, batch.target, batch.num_frames, weights, step_frames)
            self.manual_backward(parts["total"])
            for name, value in parts.items():
                totals[name] = totals.get(name, torch.zeros_like(value)) + value.detach()
        return {name: float(value) for name, value in totals.items()}

    def on_validation_epoch_start(self) -> None:
        """Forget the last validation."""
        self.tracker.reset()

    def validation_step(self, micro_batches: list[PoseBatch], batch_index: int) -> None:
        """Score the averaged weights, on this process's share."""
        for batch in micro_batches:
            output = self.averaged.module(batch.pose, batch.observed, batch.num_frames)
            parts = self.validation_loss(
                output, batch.target, batch.num_frames, self.loss_manager.final_weights()
            )
            frames = int(batch.num_frames.sum())
            self.tracker.update({name: float(value) for name, value in parts.items()}, weight=frames)
            landmarks = slice(self.num_landmarks)
            target = batch.target[:, :, landmarks]
            mask = target.isfinite().all(-1)
            error, count = mpjpe_sums(output.reconstruction[:, :, landmarks], target, mask)
            self.tracker.update("mpjpe", float(error / count), int(count))

    def on_validation_epoch_end(self) -> None:
        """Log the figures of this validation, over all processes.

        Raises:
            ValueError: the loss is not finite; what was saved before stays as it is.
        """
        figures = _pool(gather(self.tracker.state_dict()["totals"]))
        if figures:
            figures["loss"] = figures.pop("total")
            self._check_finite(figures["loss"])
        self.figures = {**figures, "step": float(self.global_step), "frames": float(self.frames_processed)}
        self.log_dict({f"val/{name}": value for name, value in figures.items()})

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add what a resumed run needs beside weights and optimiser."""
        checkpoint["format_version"], checkpoint["htvae_version"] = STATE_VERSION, __version__
        checkpoint["frames_processed"] = self.frames_processed
        checkpoint["loss_manager"] = self.loss_manager.state_dict()
        checkpoint["config"] = self.config.to_dict()
        checkpoint["random_state"] = torch.get_rng_state()
        checkpoint["cuda_random_states"] = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
        checkpoint["figures"] = self.figures

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take up what `on_save_checkpoint` added."""
        self.frames_processed = checkpoint["frames_processed"]
        self.loss_manager.load_state_dict(checkpoint["loss_manager"])
        self.random_state = checkpoint["random_state"]
        torch.Generator().set_state(checkpoint["random_state"])  # fails here, where it is told of
        self.cuda_random_states = checkpoint["cuda_random_states"]
        self.figures = checkpoint["figures"]

    def on_train_start(self) -> None:
        """Go on with the random numbers of the run that is resumed."""
        if self.random_state is not None:
            torch.set_rng_state(self.random_state)
            for device, state in enumerate(self.cuda_random_states[: torch.cuda.device_count()]):
                torch.cuda.set_rng_state(state, device)

    def save_model(self, path: Path) -> None:
        """Write the averaged weights as a model file, in the first process."""
        if self.global_rank == 0:
            self.save_model_file(path, self.averaged.module.state_dict(), self.figures)

    def _check_finite(self, loss: float) -> None:
        if not math.isfinite(loss):
            raise ValueError(
                f"The loss must be finite, but is {loss} at step {self.global_step}. Lower --learning_rate; "
                "the models saved before are as they were."
            )


def learning_rate_factor(step: int, warmup: int, total: int) -> float:
    """Return the share of the learning rate at a step: linear warm-up, then a cosine down to `FINAL_RATE`."""
    if step < warmup:
        return (step + 1) / warmup
    progress = min(1.0, (step - warmup) / max(1, total - warmup))
    return FINAL_RATE + (1 - FINAL_RATE) * 0.5 * (1 + math.cos(math.pi * progress))


def _add_up(shares: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the sums by name."""
    names = dict.fromkeys(name for share in shares for name in share)
    return {name: sum(share.get(name, 0.0) for share in shares) for name in names}


def _pool(shares: Sequence[dict[str, Sequence[float]]]) -> dict[str, float]:
    """Return the means over the (weighted sum, weight) of all processes."""
    names = dict.fromkeys(name for share in shares for name in share)
    pairs = {name: [share[name] for share in shares if name in share] for name in names}
    return {name: sum(total for total, _ in own) / sum(w for _, w in own) for name, own in pairs.items()}


def averaging(decay: float) -> Callable[[Any, Any, Any], None]:
    """Exponential moving average whose decay rises to its value, so that early weights are soon forgotten."""

    @torch.no_grad()
    def update(averaged: Any, current: Any, num_averaged: Any) -> None:
        count = int(num_averaged)
        torch._foreach_lerp_(list(averaged), list(current), 1 - min(decay, (1 + count) / (10 + count)))

    return update
