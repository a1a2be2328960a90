"""From a model file to one whose noise is calibrated on people whom the model was not trained on."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from htvae.data.loader import PoseDataLoader
from htvae.data.processing import ProcessedSequence
from htvae.generation.trials import cut_excerpts, hide_bursts, hide_points
from htvae.inference.checkpoint import BuildModel, load_checkpoint, save_checkpoint
from htvae.inference.model import TrainedModel
from htvae.poses.geometry import observed_points
from htvae.training.bands import choose_held_out
from htvae.training.noise_fit import Errors, fit_noise

logger = logging.getLogger(__name__)

NUM_EXCERPTS = 40
"""Most excerpts to calibrate on; they hold about 20,000 frames."""


def add_noise(
    model_file: Path,
    data: PoseDataLoader,
    device: str,
    seed: int,
    build_model: BuildModel | None = None,
) -> None:
    """Fit the noise of points to validation recordings, and put it into a model's file that has none.

    Args:
        model_file: ``best_model.pt``.
        data: the recordings, split as the model's.
        device: "auto", "cpu", "cuda" or "mps".
        seed: seed of the points that are hidden.
        build_model: makes the user's own architecture, where the model has one.
    """
    checkpoint = load_checkpoint(model_file)
    if checkpoint.noise is not None:
        return
    model = TrainedModel(checkpoint, device, build_model)
    shown = [p for p in choose_held_out(data, "noise") if observed_points(p.pose).any()]
    if not shown or not model.has_learned_scale:
        return
    excerpts = cut_excerpts(shown, NUM_EXCERPTS, 1)
    seen, hidden = collect_errors(model, excerpts, seed)
    noise = fit_noise(seen, hidden, model.learned_scale)
    save_checkpoint(model_file, replace(checkpoint, noise=noise))
    logger.info(
        "Noise calibrated on %d excerpts: a fast point that doubles its speed has %.2f times the error.",
        len(excerpts),
        2 ** noise.gain[0],
    )


def collect_errors(
    model: TrainedModel, processed: Sequence[ProcessedSequence], seed: int
) -> tuple[list[Errors], list[Errors]]:
    """Return the model's errors of points that it saw, and of points that were hidden from it for bursts."""
    rng, num_landmarks = np.random.default_rng(seed), len(model.processor.landmarks)
    masks = [hide_bursts((len(p.pose), num_landmarks), rng) for p in processed]
    blinded = [hide_points(p, mask) for p, mask in zip(processed, masks, strict=True)]
    seen = [Errors(r.pose - r.processed.pose, r.pose) for r in model.reconstruct_all(processed)]
    hidden = []
    for p, shown, r in zip(processed, blinded, model.reconstruct_all(blinded), strict=True):
        error = np.where(observed_points(shown.pose)[..., None], np.float32(np.nan), r.pose - p.pose)
        hidden.append(Errors(error, r.pose))
    return seen, hidden
