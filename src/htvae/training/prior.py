"""From a trained model file to one with a prior."""

import logging
import math
import time
from dataclasses import replace
from pathlib import Path

from htvae.checkpoint import BuildModel, PriorState, hash_weights, load_checkpoint, save_checkpoint
from htvae.config import PriorConfig, TrainingConfig
from htvae.data.loader import PoseDataLoader
from htvae.inference import TrainedModel
from htvae.training.machine import choose_precision
from htvae.training.prior_data import TRAINING_FRAMES, Vocabulary, collect_latents
from htvae.training.prior_fit import PriorFitter, PriorRun

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
        False where time was up before the end.

    Raises:
        KeyboardInterrupt: the user interrupted; the state is saved.
        ValueError: the model has no chunk latents, or there are no training recordings.
    """
    started = time.monotonic()
    checkpoint = load_checkpoint(model_file)
    model = TrainedModel(checkpoint, training.device, build_model)
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
    vocabulary = Vocabulary.of(data.processed("train"))
    logger.info(
        "Prior: encoding %d recordings; labels: %s; labels of spans: %s.",
        *(len(data.processed("train")), _count(vocabulary.labels), _count(vocabulary.chunk_labels)),
    )
    train = collect_latents(
        model, data.processed("train"), vocabulary, training.seed, least_frames=TRAINING_FRAMES
    )
    val = data.processed("val")
    fitter = PriorFitter(
        PriorRun(
            config=config,
            train=train,
            val=collect_latents(model, val, vocabulary, training.seed) if val else None,
            vocabulary=vocabulary,
            vae_hash=hash_weights(checkpoint.state),
            state_file=model_file.with_name(STATE_FILE),
            seed=training.seed,
            device=model.device,
            precision=choose_precision(training.precision, model.device),
            end_time=started + 60 * (training.max_minutes or math.inf),
        )
    )
    if resume and fitter.resume():
        logger.info("The prior goes on at step %d.", fitter.step)
    prior = fitter.fit()
    if prior is None:
        logger.info("Stopped by max_minutes at step %d of the prior. To go on: --resume.", fitter.step)
        return False
    _save(model_file, prior)
    return True


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
