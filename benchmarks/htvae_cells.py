"""The cells of our model: it is trained with its defaults or other settings, and scored as the others are."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from baselines.interface import SPAN
from baselines.training import read_clock
from quality_cells import Bench

from htvae.config import REFINE_STEPS, Config, ModelConfig
from htvae.evaluation.levels import count_numbers, measure_rates
from htvae.inference.checkpoint import load_checkpoint
from htvae.inference.model import Reconstruction, TrainedModel
from htvae.models.chunking import ChunkGrid
from htvae.training.loop import Callback, Loop
from htvae.training.trainer import HTVAETrainer

MOST_OF_Z = 1 / 16
"""Largest share of all numbers for z; chosen on validation recordings (docs/log/2026-11-29.md)."""
CALIBRATION_SECONDS = 20.0
"""Longest time for which our model's speed is measured."""


class Clock(Callback):
    """Times our training by `read_clock`, without validation; the fit of the linear code counts."""

    def __init__(self) -> None:
        self.began = self.mark = read_clock()
        self.start_seconds = self.spent = 0.0
        self.steps: list[tuple[float, int]] = []
        """Seconds and frames of each step."""

    def on_train_start(self, loop: Loop) -> None:
        """Note how long it took until here."""
        self.start_seconds = self.spent = read_clock() - self.began
        self.mark = read_clock()

    def on_step_end(self, loop: Loop) -> None:
        """Add a step, with the wait for its recordings."""
        now = read_clock()
        self.steps.append((now - self.mark, loop.task.step_frames))
        self.spent, self.mark = self.spent + now - self.mark, now

    def on_validation_end(self, loop: Loop) -> None:
        """Leave the time of a validation out."""
        self.mark = read_clock()

    @property
    def frames_per_second(self) -> float:
        """Speed of all steps but the first, which warms up."""
        counted = self.steps[1:] or self.steps
        return sum(frames for _, frames in counted) / sum(seconds for seconds, _ in counted)


def choose_sizes(numbers: float, lengths: Sequence[int], config: Config) -> dict[str, int]:
    """Return latent_dim and chunk_latent_dim of our model for at most so many numbers per 48 frames.

    z keeps its default size where that is at most `MOST_OF_Z` of all numbers, else z takes so much. What the
    chunk latents leave over by rounding, z takes again.

    Raises:
        ValueError: the recordings are so short that one number for z and for each chunk are too many.
    """
    grid, usual = ChunkGrid.of(config), ModelConfig().latent_dim
    cuts = [grid.cut(length) for length in lengths]
    windows = sum(len(own) for own in cuts)
    chunks = sum(stop - start for own in cuts for start, stop in (window.chunks for window in own))
    budget = numbers * sum(lengths) / SPAN
    most = min(usual, max(1, int(MOST_OF_Z * budget / windows)))
    chunk_latent_dim = int((budget - most * windows) / chunks)
    latent_dim = min(usual, int((budget - chunk_latent_dim * chunks) / windows))
    if min(chunk_latent_dim, latent_dim) < 1:
        least = SPAN * (windows + chunks) / sum(lengths)
        raise ValueError(
            f"numbers must be at least {least:.1f} on these recordings, one for z and one for each chunk, "
            f"but got {numbers:g}. Leave it out of --numbers."
        )
    return {"latent_dim": latent_dim, "chunk_latent_dim": chunk_latent_dim}


def cover_recordings(bench: Bench) -> Config:
    """Return the settings with windows as long as the longest recording.

    The windows of a longer one share chunks, and the numbers of shared chunks count in each of them.
    """
    parts = ("train", "val", "test")
    longest = max(len(p.pose) for part in parts for p in bench.data.processed(part))
    return bench.config.replace(max_frames=max(bench.config.data.max_frames, longest))


def calibrate(bench: Bench) -> dict[str, float]:
    """Train our model for a moment and return its speed and the time until its first step."""
    clock = Clock()
    minutes = min(CALIBRATION_SECONDS, 0.2 * bench.seconds) / 60
    fit_htvae(bench, cover_recordings(bench).replace(max_minutes=minutes), clock)
    return {"frames_per_second": clock.frames_per_second, "start_seconds": clock.start_seconds}


def measure_htvae(
    bench: Bench, numbers: float, seed: int, calibration: dict[str, float]
) -> dict[str, dict[str, Any]]:
    """Train our model and return the figures of two cells: refined, and encoder alone.

    Settings are the defaults, but for the length of windows and the sizes of latents.
    The time of training becomes a number of whole epochs, because the schedule needs their number: as many as
    fit into the time.

    Raises:
        ValueError: not one epoch fits.
    """
    config = cover_recordings(bench)
    sizes = choose_sizes(numbers, bench.lengths, config)
    left = bench.seconds - calibration["start_seconds"]
    epochs = int(left * calibration["frames_per_second"] / bench.data.num_train_frames)
    if epochs < 1:
        needed = bench.data.num_train_frames / calibration["frames_per_second"] + calibration["start_seconds"]
        raise ValueError(
            f"--minutes must be enough for one pass over the training frames, about {needed / 60:.2f}, but "
            f"got {bench.seconds / 60:g}."
        )
    clock = Clock()
    model = fit_htvae(bench, config.replace(num_epochs=epochs, seed=seed, **sizes), clock)
    shared = {
        "parameters": sum(p.numel() for p in model.model.parameters()),
        "seconds": clock.spent,
        "frames": sum(frames for _, frames in clock.steps),
        "precision": "as htvae train",
        "learning_rate": bench.config.training.learning_rate,
        "sizes": sizes,
    }
    return {
        name: score_htvae(bench, model, refine_steps)[1] | shared
        for name, refine_steps in (("htvae", REFINE_STEPS), ("htvae_encoder", 0))
    }


def score_htvae(
    bench: Bench, model: TrainedModel, refine_steps: int
) -> tuple[list[Reconstruction], dict[str, Any]]:
    """Return the reconstructions of the test recordings, and errors, numbers and bits."""
    answers = model.reconstruct_all(bench.test, refine_steps)
    needed, frames = count_numbers(answers)
    rates = measure_rates(model, answers)
    nats = rates["sequence_rate"] + rates["chunk_rate"]
    figures = {"numbers_used": SPAN * needed / frames, "bits": SPAN * nats / float(np.log(2))}
    return answers, figures | bench.score(bench.test, [answer.pose for answer in answers])


def fit_htvae(bench: Bench, config: Config, clock: Clock) -> TrainedModel:
    """Train our model; its files are removed at the end."""
    config = config.replace(experiment_name="cell", prior_steps=0)
    folder = Path(config.experiment.experiments_dir) / "cell"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        result = HTVAETrainer(config, bench.sequences, callbacks=[clock]).fit()
        return TrainedModel(load_checkpoint(result.best_model), config.training.device)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
