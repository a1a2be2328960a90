"""Measures one cell of `quality.py`: trains a model for the time given and scores it on held-out recordings.

Errors are those of `htvae evaluate`: `htvae.evaluation.reconstruction.DEFAULT_METRICS`, in the body's unit.

Axes: ``T`` frames, ``L`` points, ``D`` coordinates.
"""

import importlib
import importlib.util
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from baselines.interface import SPAN, Baseline, Task
from baselines.training import NUM_VALIDATIONS, Trained, reconstruct, train

from htvae.config import REFINE_STEPS, Config, ModelConfig
from htvae.data.loader import PoseDataLoader
from htvae.data.processing import ProcessedSequence
from htvae.evaluation.levels import count_numbers, measure_rates
from htvae.evaluation.reconstruction import DEFAULT_METRICS, ScoredRecording
from htvae.inference.checkpoint import load_checkpoint
from htvae.inference.model import TrainedModel
from htvae.models.chunking import ChunkGrid
from htvae.training.loop import Callback, Loop
from htvae.training.trainer import HTVAETrainer
from htvae.utils.device import choose_device

BASELINES = ("pca", "full_attention", "gru_vae", "one_latent", "causal_conv", "residual_vq")
"""Files of `baselines/` that are models."""
METRICS = ("mpjpe", "velocity_error", "jerk_ratio")
RATES = (3e-4, 1e-3, 3e-3)
"""Learning rates that each baseline is tried with."""
TUNING_SHARE = 0.25
"""Share of the time of a cell that each learning rate is tried for."""
CALIBRATION_SECONDS = 20.0
"""Longest time for which our model's speed is measured."""


class Clock(Callback):
    """Times our training, without validation; reading and the fit of the linear code count."""

    def __init__(self) -> None:
        self.began = self.mark = time.perf_counter()
        self.start_seconds = self.spent = 0.0
        self.steps: list[tuple[float, int]] = []
        """Seconds and frames of each step."""

    def on_train_start(self, loop: Loop) -> None:
        """Note how long it took until here."""
        self.start_seconds = self.spent = time.perf_counter() - self.began
        self.mark = time.perf_counter()

    def on_step_end(self, loop: Loop) -> None:
        """Add a step, with the wait for its recordings."""
        now = time.perf_counter()
        self.steps.append((now - self.mark, loop.task.step_frames))
        self.spent, self.mark = self.spent + now - self.mark, now

    def on_validation_end(self, loop: Loop) -> None:
        """Leave the time of a validation out."""
        self.mark = time.perf_counter()

    @property
    def frames_per_second(self) -> float:
        """Speed of all steps but the first, which warms up."""
        counted = self.steps[1:] or self.steps
        return sum(frames for _, frames in counted) / sum(seconds for seconds, _ in counted)


@dataclass
class Bench:
    """The recordings, and what was measured once for all cells."""

    config: Config
    seconds: float
    """Time of training of a cell."""
    data: PoseDataLoader = field(init=False)
    test: list[ProcessedSequence] = field(init=False)

    def __post_init__(self) -> None:
        self.data = PoseDataLoader(self.config)
        self.test = self.data.processed("test")
        if not self.test:
            raise ValueError(
                f"{self.config.data.data_dir}: recordings must be held out for the test, but there are none. "
                "Name them in the column split of manifest.csv."
            )

    @property
    def lengths(self) -> tuple[int, ...]:
        """Frames of the scored recordings."""
        return tuple(len(p.pose) for p in self.test)

    def task(self, numbers: float) -> Task:
        """Return what a baseline is built for."""
        processor = self.data.processor
        return Task(
            numbers=numbers,
            lengths=self.lengths,
            poses=[p.pose for p in self.data.processed("train")],
            pose_mean=torch.tensor(processor.pose_mean, dtype=torch.float32),
            pose_scale=torch.tensor(processor.pose_scale, dtype=torch.float32),
        )

    def seeded(self, seed: int) -> PoseDataLoader:
        """Return the recordings for a run with this seed."""
        data, config = self.data, self.config.replace(seed=seed)
        return PoseDataLoader(config, data.sequences, data.processor, data.splits)

    def score(self, processed: Sequence[ProcessedSequence], poses: Sequence[np.ndarray]) -> dict[str, float]:
        """Return the errors of reconstructions (T, L, D); points that are no landmarks do not count."""
        count = len(self.data.processor.landmarks)
        scored = [
            ScoredRecording(
                name=p.name,
                pose=(truth := torch.from_numpy(p.pose[:, :count].copy())),
                reconstruction=torch.from_numpy(pose[:, :count].copy()),
                mask=truth.isfinite().all(-1),
                seams=torch.zeros(len(truth), dtype=torch.bool),
                edges=(),
            )
            for p, pose in zip(processed, poses, strict=True)
        ]
        return {name: float(DEFAULT_METRICS[name](scored)) for name in METRICS}

    def score_baseline(self, model: Baseline, split: str) -> dict[str, float]:
        """Return the errors of a baseline on the recordings of a split; NaN where there are none."""
        processed = self.data.processed(split)
        fallback = np.asarray(self.data.processor.pose_mean, np.float32)
        poses = [reconstruct(model, p.pose, fallback) for p in processed]
        return self.score(processed, poses) if poses else dict.fromkeys(METRICS, float("nan"))


def load_baseline(name: str) -> ModuleType:
    """Return the module of a baseline: one of `BASELINES`, or a file that ends in .py.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it does not define ``build_baseline``.
    """
    if name in BASELINES:
        return importlib.import_module(f"baselines.{name}")
    path = Path(name)
    if not path.is_file():
        raise FileNotFoundError(f"{path} must be a Python file with a model, but is not there.")
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    if not hasattr(module, "build_baseline"):
        raise ValueError(
            f"{path} must define build_baseline(task), but does not. See baselines/interface.py."
        )
    return module


def measure_baseline(bench: Bench, name: str, numbers: float, seed: int, rate: float) -> dict[str, Any]:
    """Train a baseline with a learning rate and return the figures of its cell."""
    model = _build(bench, name, numbers, seed)
    trained = _train(bench, model, seed, bench.seconds, rate, f"{name}, {numbers:g} numbers")
    needed = bench.task(numbers).count(model.window, model.numbers, model.is_fixed)
    return {
        "numbers_used": needed,
        "parameters": sum(p.numel() for p in model.parameters()),
        "seconds": trained.seconds,
        "frames": trained.frames,
        "precision": trained.precision,
        "learning_rate": rate if trained.frames else None,
        "validation_mpjpe": trained.error,
        **bench.score_baseline(model, "test"),
    }


def tune_baseline(bench: Bench, name: str, numbers: float) -> dict[str, Any]:
    """Try `RATES` for a share of the time, and return the validation errors and the best rate."""
    errors = {}
    for rate in RATES:
        model = _build(bench, name, numbers, seed=0)
        if not list(model.parameters()):
            return {"best": RATES[0], "validation_mpjpe": {}}
        words = f"{name}, learning rate {rate:g}"
        errors[rate] = _train(bench, model, 0, TUNING_SHARE * bench.seconds, rate, words, 1).error
    best = min(errors, key=lambda rate: errors[rate] if errors[rate] == errors[rate] else np.inf)
    return {"best": best, "numbers": numbers, "validation_mpjpe": {f"{r:g}": e for r, e in errors.items()}}


def _build(bench: Bench, name: str, numbers: float, seed: int) -> Baseline:
    torch.manual_seed(seed)
    model: Baseline = load_baseline(name).build_baseline(bench.task(numbers))
    return model.to(choose_device(bench.config.training.device))


def _train(
    bench: Bench,
    model: Baseline,
    seed: int,
    seconds: float,
    rate: float,
    name: str,
    num_validations: int = NUM_VALIDATIONS,
) -> Trained:
    def validate(trained: Baseline) -> float:
        return bench.score_baseline(trained, "val")["mpjpe"]

    return train(model, bench.seeded(seed), seconds, rate, validate, name, num_validations)


def choose_sizes(numbers: float, lengths: Sequence[int], config: Config) -> dict[str, int]:
    """Return latent_dim and chunk_latent_dim of our model for at most so many numbers per 48 frames.

    z keeps its default size where that is at most half of all numbers, else z takes half. What the chunk
    latents leave over by rounding, z takes again.

    Raises:
        ValueError: the recordings are so short that one number for z and for each chunk are too many.
    """
    grid, usual = ChunkGrid.of(config), ModelConfig().latent_dim
    cuts = [grid.cut(length) for length in lengths]
    windows = sum(len(own) for own in cuts)
    chunks = sum(stop - start for own in cuts for start, stop in (window.chunks for window in own))
    budget = numbers * sum(lengths) / SPAN
    half = min(usual, max(1, int(budget / 2 / windows)))
    chunk_latent_dim = int((budget - half * windows) / chunks)
    latent_dim = min(usual, int((budget - chunk_latent_dim * chunks) / windows))
    if min(chunk_latent_dim, latent_dim) < 1:
        least = SPAN * (windows + chunks) / sum(lengths)
        raise ValueError(
            f"numbers must be at least {least:.1f} on these recordings, one for z and one for each chunk, "
            f"but got {numbers:g}. Leave it out of --numbers."
        )
    return {"latent_dim": latent_dim, "chunk_latent_dim": chunk_latent_dim}


def calibrate(bench: Bench) -> dict[str, float]:
    """Train our model for a moment and return its speed and the time until its first step."""
    clock = Clock()
    minutes = min(CALIBRATION_SECONDS, 0.2 * bench.seconds) / 60
    _fit(bench, bench.config.replace(max_minutes=minutes), clock)
    return {"frames_per_second": clock.frames_per_second, "start_seconds": clock.start_seconds}


def measure_htvae(
    bench: Bench, numbers: float, seed: int, calibration: dict[str, float]
) -> dict[str, dict[str, Any]]:
    """Train our model with its defaults and return the figures of two cells: refined, and encoder alone.

    The time of training becomes a number of whole epochs, because the schedule needs their number: as many as
    fit into the time.

    Raises:
        ValueError: not one epoch fits.
    """
    sizes = choose_sizes(numbers, bench.lengths, bench.config)
    left = bench.seconds - calibration["start_seconds"]
    epochs = int(left * calibration["frames_per_second"] / bench.data.num_train_frames)
    if epochs < 1:
        needed = bench.data.num_train_frames / calibration["frames_per_second"] + calibration["start_seconds"]
        raise ValueError(
            f"--minutes must be enough for one pass over the training frames, about {needed / 60:.2f}, but "
            f"got {bench.seconds / 60:g}."
        )
    clock = Clock()
    model = _fit(bench, bench.config.replace(num_epochs=epochs, seed=seed, **sizes), clock)
    shared = {
        "parameters": sum(p.numel() for p in model.model.parameters()),
        "seconds": clock.spent,
        "frames": sum(frames for _, frames in clock.steps),
        "precision": "as htvae train",
        "learning_rate": bench.config.training.learning_rate,
        "sizes": sizes,
    }
    found = {}
    for name, refine_steps in (("htvae", REFINE_STEPS), ("htvae_encoder", 0)):
        answers = model.reconstruct_all(bench.test, refine_steps)
        needed, frames = count_numbers(answers)
        rates = measure_rates(model, answers)
        nats = rates["sequence_rate"] + rates["chunk_rate"]
        found[name] = {
            "numbers_used": SPAN * needed / frames,
            "bits": SPAN * nats / float(np.log(2)),
            **shared,
            **bench.score(bench.test, [answer.pose for answer in answers]),
        }
    return found


def _fit(bench: Bench, config: Config, clock: Clock) -> TrainedModel:
    """Train our model; its files are removed at the end."""
    config = config.replace(experiment_name="cell", prior_steps=0)
    folder = Path(config.experiment.experiments_dir) / "cell"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        result = HTVAETrainer(config, callbacks=[clock]).fit()
        return TrainedModel(load_checkpoint(result.best_model), config.training.device)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
