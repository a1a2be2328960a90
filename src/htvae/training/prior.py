"""From a trained model file to one with a prior."""

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from htvae.config import Config, PriorConfig, TrainingConfig
from htvae.data.loader import PoseDataLoader
from htvae.data.processing import ProcessedSequence
from htvae.generation.bands import BUDGET_SECONDS
from htvae.inference.checkpoint import (
    BuildModel,
    PriorState,
    hash_weights,
    load_checkpoint,
    save_checkpoint,
)
from htvae.inference.model import TrainedModel
from htvae.inference.model_folder import weights_file
from htvae.poses.geometry import measure_movement
from htvae.poses.ground import measure_ground_range
from htvae.training.bands import add_bands
from htvae.training.loop import STATE_FORMAT, Loop, LoopSettings
from htvae.training.machine import choose_precision
from htvae.training.noise import add_noise
from htvae.training.prior_data import (
    TRAINING_FRAMES,
    PriorExamples,
    Vocabulary,
    collect_latents,
    record_scripts,
)
from htvae.training.prior_distance import build_distance
from htvae.training.prior_task import PriorTask
from htvae.training.report import ProgressReport
from htvae.utils.files import read_tensors
from htvae.utils.interruption import EndRequest
from htvae.utils.lock import hold_lock
from htvae.utils.saving import ModelCheckpoint

logger = logging.getLogger(__name__)

BEST_FILE, STATE_FILE = "best_prior.pt", "last_prior.pt"
"""Files beside the model while its prior is fitted; both vanish when the model has it."""
WARMUP_STEPS = 50
NUM_TURNS = 4
"""Steps from one move of a hidden matrix to its next. With 16, 600 steps learn less."""
WEIGHT_DECAY = 0.01
GRADIENT_CLIP = 1.0


def add_prior(
    model_file: Path,
    data: PoseDataLoader,
    config: PriorConfig,
    training: TrainingConfig,
    resume: bool = False,
    build_model: BuildModel | None = None,
) -> bool:
    """Fit a prior to the latents of a model's training recordings and put it into the model's file.

    Then completion's intervals are calibrated with it, briefly where time is up. A file of before also gets
    the noise of its points, see `htvae.training.noise`.

    Args:
        model_file: ``best_model.pt``, or the folder of an export; an earlier prior in it is replaced in the
            end.
        data: the recordings, split as the model's.
        config: settings of the prior.
        training: ``seed``, ``device``, ``precision`` and ``max_minutes`` are used.
        resume: go on from ``last_prior.pt`` beside the model, where it belongs to this model.
        build_model: makes the user's own architecture, where the model has one.

    Returns:
        False where time was up before the end; the model then has the prior as it is.

    Raises:
        KeyboardInterrupt: the user interrupted; the state is saved.
        LockHeldError: another process fits a prior to this model.
        ValueError: the model has no chunk latents, or there are no training recordings, or the model was
            replaced meanwhile.
    """
    model_file = weights_file(model_file)
    with hold_lock(model_file.with_name("prior.lock"), "Wait until it has ended."):
        return _add_prior(model_file, data, config, training, resume, build_model)


def _add_prior(
    model_file: Path,
    data: PoseDataLoader,
    config: PriorConfig,
    training: TrainingConfig,
    resume: bool,
    build_model: BuildModel | None,
) -> bool:
    started = time.monotonic()
    add_noise(model_file, data, training.device, training.seed, build_model)
    checkpoint = load_checkpoint(model_file)
    vae_hash, earlier = hash_weights(checkpoint.state), checkpoint.prior
    if resume and earlier is not None and _is_finished(earlier, vae_hash, config):
        logger.info("%s has its prior already.", model_file)
        _remove_files(model_file.parent)  # an end just before it removed them
        if checkpoint.bands is None:  # an end while they were calibrated
            add_bands(model_file, data, training.device, training.seed, BUDGET_SECONDS, build_model)
        return True
    model = TrainedModel(checkpoint, training.device, build_model)
    _check(model, model_file, data)
    examples = _collect(model, data, training.seed)
    precision = choose_precision(training.precision, model.device)
    distance = build_distance(model, examples.val, training.seed)
    task = PriorTask(config, examples, vae_hash, training.seed, model.device, precision, distance)
    spent = time.monotonic() - started
    seconds = None if training.max_minutes is None else max(60 * training.max_minutes - spent, 0.0)
    loop = build_loop(task, model_file.parent, EndRequest(seconds))
    _begin(loop, resume)
    finished = loop.fit()
    if not loop.checkpoint.best_step:  # time was up before the first validation
        figures = {"step": float(loop.step)}
        loop.averaged.catch_up(loop.model, loop.step)
        task.write_model(loop.checkpoint.best_path, loop.averaged.module.state_dict(), figures)
    _save(model_file, _read_prior(loop.checkpoint.best_path, task, finished))
    if finished:
        _remove_files(model_file.parent)
    seconds = BUDGET_SECONDS if finished else 0.0
    add_bands(model_file, data, training.device, training.seed, seconds, build_model)
    return finished


def add_prior_to(
    model_file: Path, settings: Config, moved: bool = False, build_model: BuildModel | None = None
) -> bool:
    """Fit a prior to a model on its own training recordings, read and split as in its training.

    Args:
        model_file: ``best_model.pt``, or the folder of an export.
        settings: settings of the prior, and seed, device, precision, max_minutes and resume.
        moved: whether the recordings lie in ``settings.data.data_dir`` and not where they were in training.
        build_model: makes the user's own architecture, where the model has one.

    Returns, raises:
        As `add_prior`.
    """
    checkpoint = load_checkpoint(model_file)
    data_dir = settings.data.data_dir if moved else checkpoint.config.data.data_dir
    config = checkpoint.config.replace(data_dir=data_dir, experiments_dir=settings.experiment.experiments_dir)
    data = PoseDataLoader(config, processor=checkpoint.processor, splits=checkpoint.splits)
    training = settings.training
    return add_prior(model_file, data, settings.prior, training, training.resume, build_model)


def build_loop(task: PriorTask, folder: Path, pause: EndRequest) -> Loop:
    """Return the loop that fits a prior, with its files in a folder."""
    config = task.config
    settings = LoopSettings(
        learning_rate=config.prior_learning_rate,
        weight_decay=WEIGHT_DECAY,
        warmup_steps=WARMUP_STEPS,
        gradient_clip=GRADIENT_CLIP,
        ema_decay=config.prior_ema_decay,
        validation_interval=config.prior_validation_interval,
        patience=config.prior_patience,
        precision=task.precision,
        num_turns=NUM_TURNS,
        seed=task.seed,
    )
    files = ModelCheckpoint(folder, BEST_FILE, STATE_FILE)
    return Loop(task, settings, files, pause, [ProgressReport()])


def _begin(loop: Loop, resume: bool) -> None:
    """Restore the saved state where it belongs to this model and these settings; else start afresh."""
    path = loop.checkpoint.last_path
    if resume and path.is_file():
        try:
            state = loop.checkpoint.load_state()
        except ValueError as error:
            logger.info("%s. The prior begins anew.", error)
            state = {}
        if state and (state.get("format"), state.get("identity")) == (STATE_FORMAT, loop.task.identity()):
            loop.load_state_dict(state)
            logger.info("The prior goes on at step %d.", loop.step)
            return
        if state:
            logger.info("%s belongs to another model or other settings: the prior begins anew.", path)
    _remove_files(path.parent)


def _remove_files(folder: Path) -> None:
    for name in (BEST_FILE, STATE_FILE):
        (folder / name).unlink(missing_ok=True)


def _check(model: TrainedModel, model_file: Path, data: PoseDataLoader) -> None:
    if model.config.model.chunk_latent_dim == 0:
        raise ValueError(
            f"{model_file}: a prior needs chunk latents, but chunk_latent_dim is 0. Train with more, or "
            "leave the prior out (--prior_steps 0)."
        )
    if not data.processed("train"):
        raise ValueError(
            f"{data.config.data.data_dir} must hold the recordings that the model was trained on, but has "
            "none of them. Give their folder with --data_dir."
        )


def _collect(model: TrainedModel, data: PoseDataLoader, seed: int) -> PriorExamples:
    """Encode the recordings of training and validation."""
    train, val = data.processed("train"), data.processed("val")
    vocabulary, num_landmarks = Vocabulary.of(train), len(model.processor.landmarks)
    logger.info(
        "Prior: encoding %d recordings; labels: %s; labels of spans: %s.",
        len(train),
        _count(vocabulary.labels),
        _count(vocabulary.chunk_labels),
    )
    return PriorExamples(
        train=collect_latents(model, train, vocabulary, seed, least_frames=TRAINING_FRAMES),
        val=collect_latents(model, val, vocabulary, seed) if val else None,
        vocabulary=vocabulary,
        ground_range=_measure_ground_range(model, train),
        movement=float(np.median([measure_movement(p.pose[:, :num_landmarks]) for p in train])),
        scripts=record_scripts(train, vocabulary),
        num_chunks=sum(model.grid.num_chunks(len(p.pose)) for p in train),
    )


def _measure_ground_range(model: TrainedModel, recordings: Sequence[ProcessedSequence]) -> float:
    """Return `measure_ground_range` of people who walk through the picture; infinite for others."""
    processor = model.processor
    turned = processor.heading and processor.num_coordinates < 3  # in 3-D a heading leaves the vertical alone
    upright = processor.unit == "torso" and not turned and processor.num_coordinates > 1
    if not (processor.root_motion and upright):
        return math.inf
    count = len(processor.landmarks)
    return measure_ground_range(
        (p.pose[:, :count], (p.record.anchor - p.record.anchor[0]) / p.record.unit, p.record.fps)
        for p in recordings
    )


def _is_finished(prior: PriorState, vae_hash: str, config: PriorConfig) -> bool:
    return (prior.vae_hash, prior.config) == (vae_hash, config) and bool(prior.figures["finished"])


def _read_prior(path: Path, task: PriorTask, finished: bool) -> PriorState:
    """Return the best prior of a run with what is noted of its training recordings."""
    saved, examples = read_tensors(path), task.examples
    found = saved["figures"]
    figures = {name: found.get(name, math.nan) for name in ("loss", "frechet")} | {"step": found["step"]}
    return PriorState(
        state=saved["state"],
        config=task.config,
        labels=examples.vocabulary.labels,
        chunk_labels=examples.vocabulary.chunk_labels,
        label_shares=examples.train.label_shares(len(examples.vocabulary.labels)),
        ground_range=examples.ground_range,
        movement=examples.movement,
        scripts=examples.scripts,
        vae_hash=task.vae_hash,
        figures={**figures, "finished": float(finished)},
    )


def _save(model_file: Path, prior: PriorState) -> None:
    checkpoint = load_checkpoint(model_file)
    if hash_weights(checkpoint.state) != prior.vae_hash:
        raise ValueError(
            f"{model_file}: must hold the model that the prior was fitted to, but was replaced meanwhile. "
            "Fit a prior to the new model: htvae train-prior."
        )
    config = replace(checkpoint.config, prior=prior.config)
    save_checkpoint(model_file, replace(checkpoint, config=config, prior=prior, bands=None))
    figures = prior.figures
    logger.info(
        "Prior of step %d (validation loss %.4f%s) added to %s.",
        figures["step"],
        figures["loss"],
        "" if math.isnan(figures["frechet"]) else f", Frechet distance {figures['frechet']:.1f}",
        model_file,
    )


def _count(labels: tuple[str, ...]) -> str:
    shown = ", ".join(labels[:3]) + (", ..." if len(labels) > 3 else "")
    return f"{len(labels)} ({shown})" if labels else "none"
