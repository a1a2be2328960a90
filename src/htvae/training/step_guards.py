"""Guards of single steps: what the model is given, gradients that are not finite, a loss that rises.

Axes: ``B`` batch, ``T`` frames, ``L`` landmarks, ``D`` coordinates.
"""

import math
from collections import deque
from collections.abc import Sequence
from statistics import median
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor

from htvae.data.batching import PoseBatch
from htvae.data.processing import ProcessedSequence
from htvae.utils.guard import Guard

FIRST_STEPS = 20
"""Steps after which the input is judged; some windows of many recordings have been seen by then."""
LARGEST_OFFSET = 2.0
"""A landmark's mean may be this far from 0 (training spreads)."""
LARGEST_SPREAD = 3.0
"""A landmark's spread may be this large (training spreads)."""
SMALLEST_SPREAD = 1 / 3
"""Half of the landmarks must have at least this spread; a single one may hardly move."""
SEEN_SHARE = 0.1
"""Share of frames in which a landmark must be observed to be judged."""

CHECK_INTERVAL = 10
"""Steps between two looks at the loss; each look waits for the device."""
NUM_CHECKS = 5
"""So many looks in a row must agree that the loss is too high."""
LARGEST_RISE = 1.0
"""Nats per coordinate that the reconstruction term may rise above its lowest level: errors grown e-fold."""

SHOWN_WINDOWS = 3


class InputGuard(Guard):
    """Warns where what the model sees, after its own standardisation, has not mean 0 and spread 1.

    A network of one's own without ``pose_mean`` and ``pose_scale`` standardises in a way unknown here and is
    not judged.

    Args:
        landmarks: names of the first L points; the root velocity, whose tails are long, is not judged.
    """

    def __init__(self, landmarks: Sequence[str]) -> None:
        super().__init__()
        self.landmarks = landmarks
        self.steps = 0
        self.frames: Any = 0
        self.count: Any = 0
        self.total: Any = 0
        self.squares: Any = 0

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: list[PoseBatch], batch_idx: int
    ) -> None:
        """Add up the first steps, and judge after the last of them."""
        model: Any = pl_module.model
        last = min(FIRST_STEPS, int(pl_module.total_steps))  # type: ignore[arg-type]
        if self.steps >= last or not hasattr(model, "pose_mean"):
            return
        for part in batch:
            self._add(part, model.pose_mean, model.pose_scale)
        self.steps += 1
        if self.steps == last:
            self._judge(trainer)

    def _add(self, batch: PoseBatch, mean: Tensor, scale: Tensor) -> None:
        judged = slice(len(self.landmarks))
        mask = (batch.observed & batch.frame_mask[..., None])[:, :, judged]
        pose = ((batch.pose - mean) / scale[:, None])[:, :, judged] * mask[..., None]
        self.frames = self.frames + batch.num_frames.sum()
        self.count = self.count + mask.sum((0, 1))
        self.total = self.total + pose.sum((0, 1))
        self.squares = self.squares + pose.square().sum((0, 1))

    def _judge(self, trainer: pl.Trainer) -> None:
        seen = self.count >= SEEN_SHARE * self.frames
        if not seen.any():
            return
        mean = self.total / self.count.clamp(min=1)[:, None]  # (L, D)
        variance = self.squares / self.count.clamp(min=1)[:, None] - mean.square()
        offset, spread = mean.abs().amax(1), variance.clamp(min=0).mean(1).sqrt()
        excess = torch.maximum(offset / LARGEST_OFFSET, spread / LARGEST_SPREAD)
        middle = spread[seen].median()
        if excess[seen].max() <= 1 and middle >= SMALLEST_SPREAD:
            return
        worst = int(torch.where(seen, excess, -1.0).argmax())
        self.warn(
            trainer,
            "input",
            "The model's input must have a mean near 0 and a spread near 1, but in the first "
            f"{self.steps} steps the median spread of landmarks is {middle:.2g}, and {self.landmarks[worst]} "
            f"is the farthest off: mean {offset[worst]:.2g}, spread {spread[worst]:.2g}. Look at the "
            "recordings with `htvae check-data`; a network of your own should use the pose_mean and "
            "pose_scale that build_model is given.",
        )


class GradientGuard(Guard):
    """Ends the run before a gradient that is not finite reaches a weight, and says what was in the step.

    It looks at ``pl_module.gradient_norm``. What was saved before stays as it is.

    Args:
        recordings: the training recordings, as the training data set has them.
    """

    def __init__(self, recordings: Sequence[ProcessedSequence]) -> None:
        super().__init__()
        self.recordings = recordings
        self.step: tuple[int, list[PoseBatch]] = (0, [])

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: list[PoseBatch], batch_idx: int
    ) -> None:
        """Keep the step at hand."""
        self.step = batch_idx, batch

    def on_before_optimizer_step(self, trainer: pl.Trainer, pl_module: Any, optimizer: Any) -> None:
        """Look at the norm.

        Raises:
            ValueError: it is not finite.
        """
        norm = float(pl_module.gradient_norm)
        if math.isfinite(norm):
            return
        raise ValueError(
            f"The gradient must be finite, but its norm is {norm} at step {trainer.global_step} (epoch "
            f"{trainer.current_epoch}). In the step: {self._describe_windows(trainer)}. If these coordinates "
            "are sound, start again with a lower --learning_rate (now "
            f"{pl_module.config.training.learning_rate:g}); if not, see `htvae check-data`. The step changed "
            "no weight, and the models saved before are as they were."
        )

    def _describe_windows(self, trainer: pl.Trainer) -> str:
        """Name the windows with the largest coordinates, the largest first."""
        index, micro_batches = self.step
        loader: Any = trainer.train_dataloader
        dataset = loader.steps.dataset
        windows = [dataset.windows[i] for i in loader.steps.steps[index]]
        windows.sort(key=lambda window: window.num_frames)  # as `collate_step` does
        sizes = [float(size) for batch in micro_batches for size in batch.pose.abs().amax((1, 2, 3))]
        order = sorted(range(len(windows)), key=lambda i: -sizes[i])
        named = [self._name(windows[i], sizes[i]) for i in order[:SHOWN_WINDOWS]]
        more = len(windows) - len(named)
        return ", ".join(named) + (f" and {more} more" if more else "")

    def _name(self, window: Any, size: float) -> str:
        recording = self.recordings[window.sequence_index]
        first, last = recording.record.source_frames[[window.start, window.stop - 1]]
        return f"{recording.name}, frames {first:.0f} to {last:.0f} (coordinates up to {size:.3g})"


class LossGuard(Guard):
    """Warns where the reconstruction term has been far above its lowest level for many steps."""

    def __init__(self) -> None:
        super().__init__()
        self.lowest = math.inf
        self.recent: deque[float] = deque(maxlen=NUM_CHECKS)

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: Any,
        outputs: Any,
        batch: list[PoseBatch],
        batch_idx: int,
    ) -> None:
        """Look at the loss every `CHECK_INTERVAL` steps, from the first on."""
        if trainer.global_step % CHECK_INTERVAL != 1:
            return
        loss = trainer.callback_metrics.get("train/reconstruction")
        if loss is None:
            return
        self.recent.append(float(loss) / math.prod(batch[0].target.shape[2:]))
        if self.lowest == math.inf or len(self.recent) == NUM_CHECKS:
            self.lowest = min(self.lowest, median(self.recent))
        if len(self.recent) == NUM_CHECKS and min(self.recent) > self.lowest + LARGEST_RISE:
            self.warn(
                trainer,
                "loss",
                "The loss must fall, but the reconstruction term has risen by "
                f"{min(self.recent) - self.lowest:.3g} nats per coordinate since its lowest and stayed there "
                f"for {CHECK_INTERVAL * NUM_CHECKS} steps (now step {trainer.global_step}). Start again with "
                f"a lower --learning_rate (now {pl_module.config.training.learning_rate:g}) or more "
                "--warmup_steps.",
            )
