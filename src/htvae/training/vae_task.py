"""Training the VAE: windows of recordings in, gradients and figures out.

- A step is a list of micro-batches whose losses are sums over one common number of frames. So neither the cut
  nor the number of processes that share a step changes anything.
- Validation scores the averaged weights by the run's own loss, at constant weights and without free bits.
- What best model and patience follow has, in place of the learned scale, the scale of each point and kind
  that fits the validation errors best. The learned scale is that of training recordings, and too sure of
  people whom the model does not know: by it, the loss rises while the errors still fall.
"""

import copy
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from htvae.config import Config
from htvae.data.batching import PoseBatch
from htvae.data.loader import PoseDataLoader, TrainingLoader
from htvae.metrics.errors import mpjpe_sums
from htvae.metrics.likelihoods import LIKELIHOODS
from htvae.models.vae import HierarchicalTransformerVAE, VAEOutput
from htvae.training.distributed import gather
from htvae.training.error_counts import ErrorCounts, compute_nll, fit_scales
from htvae.training.losses import LossManager, VAELoss
from htvae.utils.metrics_tracker import MetricsTracker
from htvae.utils.world import World

WriteModel = Callable[[Path, dict[str, Tensor], dict[str, float]], None]
"""Writes a model file from path, weights and figures."""


class VAETask:
    """The VAE's side of the training loop.

    Args:
        model: the network, on its device.
        loss: the loss, ``loss(output, target, num_frames, weights, step_frames)`` -> parts.
        config: settings of the run.
        data: recordings, split and processed.
        device: "cpu", "cuda" or "mps".
        precision: "bf16" or "32".
        write_model: writes a model file.
        world: which process this is.
    """

    name = "training"
    unit = "frames"
    followed = "loss"
    loss_unit = "nats/frame"

    def __init__(
        self,
        model: nn.Module,
        loss: nn.Module,
        config: Config,
        data: PoseDataLoader,
        device: str,
        precision: str,
        write_model: WriteModel,
        world: World = World(),  # noqa: B008 (immutable)
    ) -> None:
        self.model: Any = model
        self.network: Any = torch.compile(model, dynamic=True) if config.training.compile_model else model
        self.loss, self.validation_loss = loss, without_free_bits(loss)
        self.loss_manager = LossManager(config.loss)
        self.config, self.data, self.device, self.precision = config, data, device, precision
        self.write_model = write_model
        self.loader: TrainingLoader = data.train_loader(world.rank, world.size)
        self.val_loader = data.val_loader(world.rank, world.size) if data.splits.val else None
        self.num_landmarks = len(data.processor.landmarks)
        self.num_values = len(data.processor.points) * data.processor.num_coordinates
        self.total_steps = data.total_steps
        self.total = data.num_epochs * data.num_train_frames
        self.epoch, self.steps_done, self.done = 0, 0, 0
        self.step_frames = 0
        self.weights: dict[str, float] = {}
        self.batch: list[PoseBatch] = []
        self._steps: Iterator[list[PoseBatch]] | None = None

    @property
    def growth(self) -> float:
        """How many times the frames of the first steps the steps of this epoch have."""
        return self.loader.steps.growth

    def is_done(self, step: int) -> bool:
        """Return whether all epochs are over."""
        return self.epoch >= self.data.num_epochs

    def draw(self, step: int) -> list[PoseBatch]:
        """Return this process's micro-batches of the next step; none where a step has too few windows."""
        if self._steps is None:
            self._steps = self.loader.steps_of(self.epoch, self.steps_done)
        self.batch = next(self._steps)
        return self.batch

    def compute_gradients(self, batch: list[PoseBatch], step: int) -> dict[str, float]:
        """Add up this process's gradients, and return the parts of the loss over all processes."""
        self.step_frames = sum(gather(sum(int(part.num_frames.sum()) for part in batch)))
        self.weights = self.loss_manager.weights(step)
        return _add_up(gather(self._backward(batch)))

    def finish_step(self, losses: dict[str, float]) -> dict[str, float]:
        """Count the step, steer the weights of the loss, and return the weights that were in force."""
        self.loss_manager.update(losses, self.num_values)
        self.done += self.step_frames
        self.steps_done += 1
        if self.steps_done >= self.loader.num_steps(self.epoch):
            self.epoch, self.steps_done, self._steps = self.epoch + 1, 0, None
        return {f"weight/{name}": value for name, value in self.weights.items()}

    def validate(self, model: Any) -> dict[str, float]:
        """Return the parts of the loss, ``loss`` and ``mpjpe`` over all processes; none without windows.

        ``loss`` is what best model and patience follow: with our own loss and model the negative ELBO at the
        best scales. The same at the learned scales is ``learned_scale_loss``.
        """
        tracker, errors = MetricsTracker(), ErrorCounts(len(self.data.processor.points))
        for batches in self.val_loader or ():
            for batch in batches:
                self._score(model, batch.to(self.device), tracker, errors)
        shares = gather(tracker.state_dict()["totals"])
        counts = torch.stack(gather(errors.counts)).sum(0)
        figures = _pool(shares)
        if "total" not in figures:
            return figures
        if self._has_plain_scales(model):
            frames = sum(share["total"][1] for share in shares if "total" in share)
            fitted = self._best_nll(counts) / frames
            figures["learned_scale_loss"] = self.loss_manager.follow(figures)
            figures["total"] += fitted - figures["reconstruction"]
        figures["loss"] = self.loss_manager.follow(figures)
        del figures["total"]
        return figures

    def identity(self) -> dict[str, Any]:
        """Return settings, recordings (hash of the poses, frame rate), splits and length of the run."""
        rates = {sequence.name: sequence.fps for sequence in self.data.sequences}
        hashes = self.data.splits.hashes
        return {
            "settings": self.config.to_dict(),
            "recordings": {name: f"{value} {rates[name]}" for name, value in hashes.items()},
            "splits": {part: list(getattr(self.data.splits, part)) for part in ("train", "val", "test")},
            "total_steps": self.total_steps,
        }

    def state_dict(self) -> dict[str, Any]:
        """Return the place in the data and the state of the loss's weights."""
        return {
            "epoch": self.epoch,
            "steps_done": self.steps_done,
            "frames": self.done,
            "loss_manager": self.loss_manager.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a saved state."""
        self.epoch, self.steps_done = int(state["epoch"]), int(state["steps_done"])
        self.done = int(state["frames"])
        self.loss_manager.load_state_dict(state["loss_manager"])
        self._steps = None

    def _backward(self, batch: Sequence[PoseBatch]) -> dict[str, float]:
        """Return this process's parts of the loss, nothing where it has no windows."""
        totals: dict[str, Tensor] = {}
        for part in batch:
            part = part.to(self.device)
            with self._autocast():
                output = self.network(part.pose, part.observed, part.num_frames, part.seeds)
                losses = self.loss(output, part.target, part.num_frames, self.weights, self.step_frames)
            losses["total"].backward()
            for name, value in losses.items():
                totals[name] = totals.get(name, torch.zeros_like(value)) + value.detach()
        return {name: float(value) for name, value in totals.items()}

    def _has_plain_scales(self, model: Any) -> bool:
        """Return whether loss and model are our own: one scale a point and kind, and a known likelihood."""
        return type(self.loss) is VAELoss and type(model) is HierarchicalTransformerVAE

    def _best_nll(self, counts: Tensor) -> float:
        """Return the errors' negative log-likelihood (nats) at the scales that fit them best."""
        config: Any = self.validation_loss.config
        nll = LIKELIHOODS[config.likelihood]
        return compute_nll(counts, nll, fit_scales(counts, nll, config.min_scale))

    def _score(self, model: Any, batch: PoseBatch, tracker: MetricsTracker, errors: ErrorCounts) -> None:
        """Add one batch to the figures and errors of a validation."""
        with self._autocast():
            output = model(batch.pose, batch.observed, batch.num_frames)
            weights = self.loss_manager.final_weights()
            parts = self.validation_loss(output, batch.target, batch.num_frames, weights)
        if self._has_plain_scales(model):
            _count_errors(output, batch, errors)
        frames = int(batch.num_frames.sum())
        tracker.update({name: float(value) for name, value in parts.items()}, weight=frames)
        landmarks = slice(self.num_landmarks)
        target = batch.target[:, :, landmarks]
        error, count = mpjpe_sums(output.reconstruction[:, :, landmarks], target, target.isfinite().all(-1))
        tracker.update("mpjpe", float(error / count), int(count))

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device, torch.bfloat16, enabled=self.precision == "bf16")


def without_free_bits(loss: nn.Module) -> nn.Module:
    """Return a loss for validation: the same, without free bits where it is a `VAELoss`."""
    if not isinstance(loss, VAELoss) or not loss.config.free_bits:
        return loss
    plain = copy.copy(loss)
    plain.config = dataclasses.replace(loss.config, free_bits=0.0)
    return plain


def _count_errors(output: VAEOutput, batch: PoseBatch, errors: ErrorCounts) -> None:
    """Count the errors that the loss scores: those of real frames, at points with all coordinates."""
    scored = batch.target.isfinite().all(-1) & batch.frame_mask[..., None]
    error = output.reconstruction.float() - batch.target
    errors.add(error.masked_fill(~scored[..., None], torch.nan), batch.observed)


def _add_up(shares: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the sums by name."""
    names = dict.fromkeys(name for share in shares for name in share)
    return {name: sum(share.get(name, 0.0) for share in shares) for name in names}


def _pool(shares: Sequence[dict[str, Sequence[float]]]) -> dict[str, float]:
    """Return the means over the (weighted sum, weight) of all processes."""
    names = dict.fromkeys(name for share in shares for name in share)
    pairs = {name: [share[name] for share in shares if name in share] for name in names}
    return {name: sum(total for total, _ in own) / sum(w for _, w in own) for name, own in pairs.items()}
