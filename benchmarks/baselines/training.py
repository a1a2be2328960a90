"""The one plain loop that trains every baseline, and the windows that they are trained and scored on.

- Steps are those with which our model begins: the same windows in the same order, the same changes of bodies,
  views and speeds, 2,048 frames in a step; they do not grow. Each window is cut further into windows of the
  baseline's own length.
- From our model points are also hidden while it trains; from baselines none are, as in their papers.
- Optimiser, weight decay, clipping, warm-up, cosine, and averaged weights are ours. The cosine runs along the
  time of training; what is done beside steps (validation) does not count.
- Time is that of `read_clock`.
- Four validations, evenly spaced (one, at the end, where learning rates are tried); the averaged weights with
  the least error are kept.

Axes: ``B`` windows, ``T`` frames, ``L`` points, ``D`` coordinates.
"""

import copy
import itertools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from baselines.interface import Baseline, cut_recording
from htvae.data.batching import PoseBatch
from htvae.data.loader import PoseDataLoader
from htvae.metrics.windows import cut_windows, fill_gaps
from htvae.training.averaging import AVERAGING_STEPS, AveragedWeights
from htvae.training.machine import choose_precision
from htvae.training.optimizer import VAE_TURNS, build_optimizer
from htvae.training.schedule import FINAL_RATE
from htvae.utils.hot_path import keep_clear
from htvae.utils.progress import Progress
from htvae.utils.random import random_seed

NUM_VALIDATIONS = 4
SCORED_FRAMES = 16_384
"""Frames that are reconstructed at once."""


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What a run of training took and reached."""

    seconds: float
    """Time of the steps."""
    frames: int
    error: float
    """Least validation error, torso lengths; NaN without validation recordings."""
    precision: str


@keep_clear()
def train(
    model: Baseline,
    data: PoseDataLoader,
    seconds: float,
    learning_rate: float,
    validate: Callable[[Baseline], float],
    name: str = "training",
    num_validations: int = NUM_VALIDATIONS,
) -> Trained:
    """Train a baseline in place for ``seconds`` of steps, and leave the best averaged weights in it.

    Args:
        model: on its device. One without parameters is only validated.
        data: recordings, split and processed; its settings name batch, decay, clipping and seed.
        seconds: time of training.
        learning_rate: the highest one.
        validate: returns the error on validation recordings, NaN where there are none.
        name: of the work, for the display.
        num_validations: how often it is validated, evenly spaced; the last time at the end.
    """
    if not list(model.parameters()):
        return Trained(seconds=0.0, frames=0, error=validate(model), precision="32")
    settings, windows = data.config.training, training_windows(data, model)
    precision = choose_faster_precision(model, next(windows)[:2])
    optimizer = build_optimizer(model, learning_rate, settings.weight_decay, precision, VAE_TURNS)
    averaged = AveragedWeights(model, settings.ema_decay)
    best, frames, spent, checks = Best(), 0, 0.0, 0
    progress = Progress(name, round(seconds), unit="s")
    for step in itertools.count():
        start = read_clock()
        pose, observed, num_frames = windows.send(spent / seconds) if step else next(windows)
        torch.manual_seed(random_seed("dropout", settings.seed, step, 0))
        compute_gradients(model.train(), pose, observed, precision)
        nn.utils.clip_grad_norm_(model.parameters(), settings.gradient_clip)
        warm = min(1.0, (step + 1) / max(1, settings.warmup_steps))
        optimizer.set_learning_rate(learning_rate * warm * cosine(spent / seconds))
        optimizer.step()
        optimizer.zero_grad()
        if (step + 1) % AVERAGING_STEPS == 0:
            averaged.catch_up(model, step + 1)
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        spent, frames = spent + read_clock() - start, frames + num_frames
        progress.update(min(round(spent), round(seconds)))
        if spent >= (checks + 1) * seconds / num_validations:
            checks = int(num_validations * spent / seconds)
            averaged.catch_up(model, step + 1)
            best.keep(validate(averaged.module.eval()), averaged.module)
        if spent >= seconds:
            break
    progress.close()
    model.load_state_dict(best.state)
    model.eval()
    return Trained(seconds=spent, frames=frames, error=best.error, precision=precision)


@dataclass
class Best:
    """The best weights so far; the latest, where there is no error to go by."""

    error: float = math.nan
    state: dict[str, Tensor] = field(default_factory=dict)

    def keep(self, error: float, model: nn.Module) -> None:
        """Keep a copy of a model's weights if its error is the least."""
        if math.isnan(self.error) or error < self.error:
            self.error, self.state = error, copy.deepcopy(model.state_dict())


def read_clock() -> float:
    """Return the clock (s) by which all models train.

    One thread without a GPU has the process's own time, by which other programs hardly count; else it is the
    wall clock.
    """
    alone = torch.get_num_threads() == 1 and not torch.cuda.is_available()
    return time.process_time() if alone else time.perf_counter()


def compute_gradients(model: Baseline, pose: Tensor, observed: Tensor, precision: str) -> None:
    """Add the gradients of a step's loss to the model."""
    with autocast(model, precision):
        loss = model.loss(pose, observed)
    loss.backward()


def cosine(progress: float) -> float:
    """Return the share of the learning rate that is left, as in `learning_rate_factor`."""
    return FINAL_RATE + (1 - FINAL_RATE) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


def autocast(model: nn.Module, precision: str) -> torch.autocast:
    """Return the context in which a model of this precision runs."""
    device = next((p.device.type for p in model.parameters()), "cpu")
    return torch.autocast(device, torch.bfloat16, enabled=precision == "bf16")


def choose_faster_precision(model: Baseline, batch: Sequence[Tensor], repeats: int = 3) -> str:
    """Return "bf16" or "32", whichever runs steps of a copy of the model in less time; bf16 if supported."""
    device = next(model.parameters()).device.type
    if choose_precision("auto", device) == "32":
        return "32"
    taken: dict[str, list[float]] = {"bf16": [], "32": []}
    trials = {precision: copy.deepcopy(model).train() for precision in taken}
    for _ in range(repeats + 1):
        for precision, trial in trials.items():  # in turns, so that other work slows both alike
            start = read_clock()
            compute_gradients(trial, *batch, precision)
            taken[precision].append(read_clock() - start)
    return min(taken, key=lambda precision: min(taken[precision][1:]))


def training_windows(data: PoseDataLoader, model: Baseline) -> Iterator[tuple[Tensor, Tensor, int]]:
    """Yield windows (B, T, L, D), their mask (B, T, L) and real frames, step after step without end.

    The share of training that is over may be sent; the last epochs are not varied, as in our training.
    """
    loader, config = data.train_loader(), data.config.data
    dataset = loader.steps.dataset
    dataset.plain_from = math.inf
    fallback = np.asarray(data.processor.pose_mean, np.float32)
    device = next(model.parameters()).device
    progress = 0.0
    for epoch in itertools.count():
        if progress >= 1 - config.plain_share:
            dataset.plain_from = min(dataset.plain_from, epoch)
        for batches in loader.steps_of(epoch):
            pose, observed = cut_step(batches, model, fallback)
            frames = sum(int(batch.num_frames.sum()) for batch in batches)
            progress = (yield pose.to(device), observed.to(device), frames) or progress


def cut_step(batches: Sequence[PoseBatch], model: Baseline, fallback: np.ndarray) -> tuple[Tensor, Tensor]:
    """Return the windows of a step, cut to the model's length and padded to one length."""
    cuts = [
        cut_pose(target[:count].numpy(), model.training_window, model.is_fixed, fallback)
        for batch in batches
        for target, count in zip(batch.target, batch.num_frames.tolist(), strict=True)
    ]
    longest = max(pose.shape[1] for pose, _ in cuts)
    padded = [
        (
            np.pad(pose, ((0, 0), (0, longest - pose.shape[1]), (0, 0), (0, 0)), mode="edge"),
            np.pad(observed, ((0, 0), (0, longest - pose.shape[1]), (0, 0))),
        )
        for pose, observed in cuts
    ]
    pose, observed = (torch.from_numpy(np.concatenate(parts)) for parts in zip(*padded, strict=True))
    return pose, observed


def cut_pose(
    pose: np.ndarray, window: int, is_fixed: bool, fallback: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return a recording's windows (n, T, L, D) without gaps, and what is observed of them (n, T, L)."""
    starts, size = cut_recording(len(pose), window, is_fixed)
    windows = cut_windows(fill_gaps(pose, fallback), starts, size)
    observed = np.isfinite(pose).all(-1)
    padding = max(0, int(starts[-1]) + size - len(pose))
    observed = np.pad(observed, ((0, padding), (0, 0)))
    return windows, np.stack([observed[start : start + size] for start in starts])


@torch.no_grad()
def reconstruct(model: Baseline, pose: np.ndarray, fallback: np.ndarray) -> np.ndarray:
    """Return a recording (T, L, D) as the model reconstructs it; where windows overlap, their mean."""
    starts, size = cut_recording(len(pose), model.window, model.is_fixed)
    windows, observed = cut_pose(pose, model.window, model.is_fixed, fallback)
    device = model.pose_mean.device
    count = max(1, SCORED_FRAMES // size)
    parts = [
        model.reconstruct(
            torch.from_numpy(windows[first : first + count]).to(device),
            torch.from_numpy(observed[first : first + count]).to(device),
        )
        for first in range(0, len(windows), count)
    ]
    answers = torch.cat(parts).float().cpu().numpy()
    total = np.zeros((int(starts[-1]) + size, *pose.shape[1:]), np.float32)
    weight = np.zeros((len(total), 1, 1), np.float32)
    for start, answer in zip(starts, answers, strict=True):
        total[start : start + size] += answer
        weight[start : start + size] += 1
    return (total / weight)[: len(pose)]
