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
from htvae.inference.checkpoint import BuildModel, PriorState, hash_weights, load_checkpoint, save_checkpoint
from htvae.inference.model import TrainedModel
from htvae.poses.geometry import measure_movement
from htvae.poses.ground import measure_ground_range
from htvae.training.machine import choose_precision
from htvae.training.prior_data import (
    TRAINING_FRAMES,
    PriorExamples,
    Vocabulary,
    collect_latents,
    record_scripts,
)
from htvae.training.prior_fit import PriorFitter, PriorRun
from htvae.utils.lock import hold_lock

logger = logging.getLogger(__name__)

STATE_FILE = "last_prior.pt"


def add_prior(
    model_file: Path,
    data: PoseDataLoader,
    config: PriorConfig,
    training: TrainingConfig,
    resume: bool = False,
    build_model: BuildModel | None = None,
) -> bool:
    """Fit a prior to the latents of a model's training recordings and put it into the model's file.

    Args:
        model_file: ``best_model.pt``; an earlier prior in it is replaced in the end.
        data: the recordings, split as the model's.
        config: settings of the prior.
        training: ``seed``, ``device``, ``precision`` and ``max_minutes`` are used.
        resume: go on from ``last_prior.pt`` beside the model, where that is of this model.
        build_model: makes the user's own architecture, where the model has one.

    Returns:
        False where time was up before the end; the model then has the prior as it is.

    Raises:
        KeyboardInterrupt: the user interrupted; the state is saved.
        ValueError: the model has no chunk latents, or there are no training recordings.
    """
    started = time.monotonic()
    checkpoint = load_checkpoint(model_file)
    vae_hash = hash_weights(checkpoint.state)
    earlier = checkpoint.prior
    if resume and earlier is not None and _is_finished(earlier, vae_hash, config):
        logger.info("%s has its prior already.", model_file)
        return True
    model = TrainedModel(checkpoint, training.device, build_model)
    _check(model, model_file, data)
    limit = math.inf if training.max_minutes is None else training.max_minutes
    fitter = PriorFitter(
        PriorRun(
            config=config,
            examples=_collect(model, data, training.seed),
            vae_hash=vae_hash,
            state_file=model_file.with_name(STATE_FILE),
            seed=training.seed,
            device=model.device,
            precision=choose_precision(training.precision, model.device),
            end_time=started + 60 * limit,
        )
    )
    if resume and fitter.resume():
        logger.info("The prior goes on at step %d.", fitter.step)
    prior = fitter.fit()
    _save(model_file, prior)
    if not prior.figures["finished"]:
        logger.info("Stopped by max_minutes at step %d of the prior. To go on: --resume.", fitter.step)
    return bool(prior.figures["finished"])


def add_prior_to(
    model_file: Path, settings: Config, moved: bool = False, build_model: BuildModel | None = None
) -> bool:
    """Fit a prior to a model on its own training recordings, read and split as in its training.

    Args:
        model_file: ``best_model.pt``.
        settings: those of the prior, and seed, device, precision, max_minutes and resume.
        moved: whether the recordings lie in ``settings.data.data_dir`` and not where they were in training.
        build_model: makes the user's own architecture, where the model has one.

    Returns, raises:
        As `add_prior`.
    """
    checkpoint = load_checkpoint(model_file)
    data_dir = settings.data.data_dir if moved else checkpoint.config.data.data_dir
    config = checkpoint.config.replace(data_dir=data_dir, experiments_dir=settings.experiment.experiments_dir)
    with hold_lock(model_file.with_name("prior.lock"), "Wait until it has ended."):
        data = PoseDataLoader(config, processor=checkpoint.processor, splits=checkpoint.splits)
        training = settings.training
        return add_prior(model_file, data, settings.prior, training, training.resume, build_model)


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
        *(len(train), _count(vocabulary.labels), _count(vocabulary.chunk_labels)),
    )
    return PriorExamples(
        train=collect_latents(model, train, vocabulary, seed, least_frames=TRAINING_FRAMES),
        val=collect_latents(model, val, vocabulary, seed) if val else None,
        vocabulary=vocabulary,
        ground_range=_measure_ground_range(model, train),
        movement=float(np.median([measure_movement(p.pose[:, :num_landmarks]) for p in train])),
        scripts=record_scripts(train, vocabulary),
    )


def _measure_ground_range(model: TrainedModel, recordings: Sequence[ProcessedSequence]) -> float:
    """Return `measure_ground_range` of people who walk through the picture; infinite for others."""
    processor = model.processor
    upright = processor.unit == "torso" and not processor.heading and processor.num_coordinates > 1
    if not (processor.root_motion and upright):
        return math.inf
    count = len(processor.landmarks)
    return measure_ground_range(
        (p.pose[:, :count], (p.record.anchor - p.record.anchor[0]) / p.record.unit, p.record.fps)
        for p in recordings
    )


def _is_finished(prior: PriorState, vae_hash: str, config: PriorConfig) -> bool:
    notes_all = bool(prior.label_shares and prior.scripts) and prior.movement > 0  # earlier versions' do not
    return (
        notes_all and (prior.vae_hash, prior.config) == (vae_hash, config) and bool(prior.figures["finished"])
    )


def _save(model_file: Path, prior: PriorState) -> None:
    checkpoint = load_checkpoint(model_file)
    config = replace(checkpoint.config, prior=prior.config)
    save_checkpoint(model_file, replace(checkpoint, config=config, prior=prior))
    loss, step = prior.figures["loss"], prior.figures["step"]
    logger.info("Prior of step %d (validation loss %.4f) added to %s.", step, loss, model_file)


def _count(labels: tuple[str, ...]) -> str:
    return (
        f"{len(labels)} ({', '.join(labels[:3])}{', ...' if len(labels) > 3 else ''})" if labels else "none"
    )
