"""Recordings and scores of a cell, and the cells of other models; ours are in `htvae_cells.py`.

Errors are those of `htvae evaluate`: `htvae.evaluation.reconstruction.DEFAULT_METRICS`, in the body's unit.

Axes: ``T`` frames, ``L`` points, ``D`` coordinates.
"""

import importlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from baselines.interface import Baseline, Task
from baselines.training import NUM_VALIDATIONS, Trained, reconstruct, train

from htvae.config import Config
from htvae.data.loader import PoseDataLoader
from htvae.data.processing import ProcessedSequence
from htvae.evaluation.reconstruction import DEFAULT_METRICS, ScoredRecording
from htvae.poses.sequence import PoseSequence
from htvae.utils.device import choose_device

BASELINES = ("pca", "full_attention", "gru_vae", "one_latent", "causal_conv", "residual_vq")
"""Files of `baselines/` that are models."""
METRICS = ("mpjpe", "velocity_error", "jerk_ratio")
RATES = (3e-4, 1e-3, 3e-3)
"""Learning rates that each baseline is tried with."""
TUNING_SHARE = 0.25
"""Share of the time of a cell that each learning rate is tried for."""


@dataclass
class Bench:
    """The recordings, and what was measured once for all cells."""

    config: Config
    seconds: float
    """Time of training of a cell, where time limits it."""
    sequences: Sequence[PoseSequence] | None = None
    """The recordings. None: those in ``config.data.data_dir``."""
    data: PoseDataLoader = field(init=False)
    test: list[ProcessedSequence] = field(init=False)

    def __post_init__(self) -> None:
        self.data = PoseDataLoader(self.config, self.sequences)
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
        """Return the recordings for a run of a baseline with this seed, whose steps do not grow."""
        data, config = self.data, self.config.replace(seed=seed, batch_growth=False)
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
