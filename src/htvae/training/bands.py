"""From a model file with a prior to one whose 90 % intervals hold on people whom it does not know."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from htvae.data.loader import PoseDataLoader
from htvae.data.processing import ProcessedSequence
from htvae.generation.bands import fit_bands
from htvae.generation.sampler import MotionSampler
from htvae.inference.band_factors import BandFactors
from htvae.inference.checkpoint import BuildModel, load_checkpoint, save_checkpoint

logger = logging.getLogger(__name__)


def add_bands(
    model_file: Path,
    data: PoseDataLoader,
    device: str,
    seed: int,
    seconds: float,
    build_model: BuildModel | None = None,
) -> None:
    """Calibrate completion's intervals on validation recordings, and put the factors into a model's file.

    Args:
        model_file: ``best_model.pt`` with a prior; earlier factors are replaced.
        data: the recordings, split as the model's.
        device: "auto", "cpu", "cuda" or "mps".
        seed: seed of what is hidden, and of samples.
        seconds: time after which no further excerpt is completed.
        build_model: makes the user's own architecture, where the model has one.
    """
    checkpoint = replace(load_checkpoint(model_file), bands=None)
    model = MotionSampler(checkpoint, device, build_model)
    bands = fit_bands(model, choose_held_out(data, "intervals"), seed, seconds)
    if bands is None:
        logger.info("No recording is long enough to calibrate intervals on: they stay as they are.")
        return
    save_checkpoint(model_file, replace(checkpoint, bands=bands))
    logger.info("Intervals of completed points are calibrated: %s.", describe(bands))


def choose_held_out(data: PoseDataLoader, what: str) -> Sequence[ProcessedSequence]:
    """Return the recordings to calibrate on: those of validation, or of training where there are none.

    Args:
        data: the recordings, split as the model's.
        what: word for what is calibrated, for a warning.
    """
    held_out = data.processed("val")
    if not held_out:
        logger.warning(
            "There should be validation recordings to calibrate %s on, but there are none: training "
            "recordings take their place, on which the model errs less than on people whom it does not know. "
            "Raise --val_fraction.",
            what,
        )
    return held_out or data.processed("train")


def describe(bands: BandFactors) -> str:
    """Return the factors in words."""
    frames, points = (f"{min(kind):.2f} to {max(kind):.2f}" for kind in (bands.frames, bands.points))
    return (
        f"their widths are multiplied by {frames} in gaps of whole frames, by {points} where single "
        f"landmarks are lost, by {bands.never:.2f} for landmarks that are never seen"
    )
