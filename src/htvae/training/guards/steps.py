"""Guards of training steps: the model's input, gradients that are not finite, a loss that rises.

Axes: ``L`` landmarks.
"""

import math
from collections import deque
from collections.abc import Sequence
from statistics import median
from typing import Any

import numpy as np

from htvae.data.processing import ProcessedSequence
from htvae.training.guards.base import Guard
from htvae.training.loop import Loop

LARGEST_OFFSET = 1.0
"""A landmark's mean may be this far from 0."""
LARGEST_SPREAD = 2.0
"""A landmark's spread may be this large."""
SMALLEST_SPREAD = 0.5
"""The largest spread of all landmarks must reach this; some may hardly move."""
NUM_FRAMES = 100_000
"""Frames (about) that are checked, evenly spaced over all recordings."""

CHECK_INTERVAL = 10
"""Steps between two checks of the loss."""
NUM_CHECKS = 5
"""Checks in a row that must find the loss too high."""
LARGEST_RISE = 1.0
"""Nats per coordinate that the reconstruction term may rise above its lowest level: errors grown e-fold."""

SHOWN_WINDOWS = 3


class InputGuard(Guard):
    """Warns before the first step where the input, as the model standardises it, is not of mean 0, spread 1.

    The guard checks recordings before augmentation, since augmentation moves both (mirroring people who
    always face one way, say). A network of one's own without ``pose_mean`` and ``pose_scale`` is not judged:
    its standardisation is unknown here.

    Args:
        recordings: training recordings.
        landmarks: names of the first L points; the root velocity, whose tails are long, is not judged.
    """

    def __init__(self, recordings: Sequence[ProcessedSequence], landmarks: Sequence[str]) -> None:
        super().__init__()
        self.recordings = recordings
        self.landmarks = landmarks

    def on_train_start(self, loop: Loop) -> None:
        """Measure and judge."""
        if not hasattr(loop.model, "pose_mean"):
            return
        mean, scale = (getattr(loop.model, name).cpu().numpy() for name in ("pose_mean", "pose_scale"))
        offset, spread = self._measure(mean, scale[:, None])
        seen = np.isfinite(spread)
        excess = np.where(seen, np.maximum(offset / LARGEST_OFFSET, spread / LARGEST_SPREAD), 0.0)
        worst = int(excess.argmax())
        if not seen.any() or (excess[worst] <= 1 and spread[seen].max() >= SMALLEST_SPREAD):
            return
        self.warn(
            loop,
            "input",
            "The model's input must have a mean near 0 and a spread near 1, but in the training recordings "
            f"it has a mean of {offset[worst]:.2g} and a spread of {spread[worst]:.2g} at "
            f"{self.landmarks[worst]} (the largest spread is {spread[seen].max():.2g}). A network of your "
            "own should use the pose_mean and pose_scale that build_model is given; else look at the "
            "recordings with `htvae check-data`.",
        )

    def _measure(self, mean: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how far (L,) the mean is from 0, and the spread (L,); NaN where nothing was observed."""
        stride = max(1, sum(len(recording.pose) for recording in self.recordings) // NUM_FRAMES)
        count: Any = 0
        total: Any = 0
        squares: Any = 0
        for recording in self.recordings:
            pose = ((recording.pose[::stride] - mean) / scale)[:, : len(self.landmarks)].astype(np.float64)
            count = count + np.isfinite(pose).sum(0)
            total = total + np.nansum(pose, 0)
            squares = squares + np.nansum(np.square(pose), 0)
        count = np.where(count, count, np.nan)
        variance = squares / count - np.square(total / count)
        return np.abs(total / count).max(-1), np.sqrt(variance.clip(min=0).mean(-1))


class GradientGuard(Guard):
    """Ends the run before a gradient that is not finite reaches a weight, and says what was in the step.

    What was saved before stays as it is.

    Args:
        recordings: the training recordings, as the training data set has them.
    """

    def __init__(self, recordings: Sequence[ProcessedSequence]) -> None:
        super().__init__()
        self.recordings = recordings

    def on_gradients(self, loop: Loop) -> None:
        """Look at the norm.

        Raises:
            ValueError: it is not finite.
        """
        norm = loop.gradient_norm
        task: Any = loop.task
        if math.isfinite(norm):
            return
        raise ValueError(
            f"The gradient must be finite, but its norm is {norm} at step {loop.step} (epoch "
            f"{task.epoch}). In the step: {self._describe_windows(task)}. If these coordinates "
            "are sound, start again with a lower --learning_rate (now "
            f"{loop.settings.learning_rate:g}); if not, see `htvae check-data`. The step changed "
            "no weight, and the models saved before are as they were."
        )

    def _describe_windows(self, task: Any) -> str:
        """Name the windows with the largest coordinates, the largest first."""
        sampler, micro_batches = task.loader.steps, task.batch
        windows = [sampler.dataset.windows[i] for i in sampler.own_windows(task.steps_done)]
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

    def on_step_end(self, loop: Loop) -> None:
        """Look at the loss every `CHECK_INTERVAL` steps, from the first on."""
        task: Any = loop.task
        loss = loop.losses.get("reconstruction")
        if loop.step % CHECK_INTERVAL != 1 or loss is None:
            return
        self.recent.append(loss / task.num_values)
        if self.lowest == math.inf or len(self.recent) == NUM_CHECKS:
            self.lowest = min(self.lowest, median(self.recent))
        if len(self.recent) == NUM_CHECKS and min(self.recent) > self.lowest + LARGEST_RISE:
            self.warn(
                loop,
                "loss",
                "The loss must fall, but the reconstruction term has risen by "
                f"{min(self.recent) - self.lowest:.3g} nats per coordinate since its lowest and stayed there "
                f"for {CHECK_INTERVAL * NUM_CHECKS} steps (now step {loop.step}). Start again with a lower "
                f"--learning_rate (now {loop.settings.learning_rate:g}) or more --warmup_steps.",
            )
