"""What a run says before it starts: recordings, steps, time and memory."""

import itertools
import logging
import time

from htvae.data.loader import TrainingLoader
from htvae.training import machine
from htvae.training.vae_task import VAETask
from htvae.utils.text import format_duration
from htvae.utils.world import World

logger = logging.getLogger(__name__)

MEASURED_STEPS = 4
"""Steps that are taken on a copy of the model to estimate the time of a run; the first does not count."""


def announce(task: VAETask, world: World) -> None:
    """Say what a run is about to do, and about how long it will take."""
    data, model = task.data, task.model
    parts = ("train", "val", "test")
    grows = task.total_steps < data.num_epochs * data.steps_per_epoch
    counts = ", ".join(f"{len(getattr(data.splits, part))} {part}" for part in parts)
    logger.info("Recordings: %s. Training frames: %s.", counts, f"{data.num_train_frames:,}")
    logger.info(
        "%d epochs of about %d windows in %d steps%s: %s steps, %.1f M frames.",
        data.num_epochs,
        data.windows_per_epoch,
        data.steps_per_epoch,
        " at first, in fewer and larger ones later" if grows else "",
        f"{task.total_steps:,}",
        task.total / 1e6,
    )
    seconds = estimate_seconds(task, world)
    logger.info(
        "%.1f M parameters. About %s to go and %.1f GB%s.",
        sum(p.numel() for p in model.parameters()) / 1e6,
        format_duration(seconds),
        machine.estimate_memory(model, task.config, task.precision) / 1e9,
        " (before the model is compiled)" if task.config.training.compile_model else "",
    )


def estimate_seconds(task: VAETask, world: World) -> float:
    """Return the time that is left, by a few steps on a copy of the model and by validations."""
    alone = task.config.replace(num_workers=0)
    loader = TrainingLoader(task.data.dataset("train", training=True), alone)
    started = time.perf_counter()
    steps = list(itertools.islice(loader, MEASURED_STEPS))
    frames = sum(int(batch.num_frames.sum()) for step in steps for batch in step)
    loading = (time.perf_counter() - started) / max(frames, 1) / max(task.config.data.num_workers, 1)
    computing = machine.measure_frame_seconds(
        task.model, task.loss, steps, task.config, task.device, task.precision
    )
    left = task.total - task.done
    scored = sum(len(p.pose) for p in task.data.processed("val"))
    validations = task.total_steps * left / task.total / task.config.training.validation_interval
    forward = computing / 3  # a backward pass takes twice a forward pass
    return (left * (computing + loading) + validations * scored * forward) / world.size
