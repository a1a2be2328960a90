"""What is scored, in which order: from a model and recordings to figures by name.

Reading, printing and writing are the command's, see `htvae.cli.evaluate`.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from htvae.config import NUM_EXCERPTS
from htvae.data.loader import PoseDataLoader
from htvae.data.processing import ProcessedSequence
from htvae.evaluation.completion import measure_completion
from htvae.evaluation.controls import fit_control, measure_linear_code, score_controls, score_truth
from htvae.evaluation.generation import measure_generation
from htvae.evaluation.levels import count_numbers, measure_level_use, measure_rates
from htvae.evaluation.likelihood import measure_likelihood
from htvae.evaluation.probes import check_columns, measure_probes
from htvae.evaluation.reconstruction import DEFAULT_METRICS, Metric, score_recording
from htvae.generation.sampler import MotionSampler
from htvae.inference.model import Reconstruction
from htvae.metrics.pca import PCAControl, numbers_per_window

__all__ = ["DEFAULT_METRICS", "ScoreRequest", "Scores", "choose_recordings", "score_model"]

logger = logging.getLogger(__name__)

SPLITS = ("train", "val", "test", "new")


@dataclass(frozen=True, kw_only=True)
class ScoreRequest:
    """What to score, and what to leave out."""

    split: str = "test"
    """Recordings to score: ``train``, ``val``, ``test``, ``new`` or ``all``."""
    truth_dir: Path | None = None
    """Folder of the same recordings without noise. None: errors against the truth are left out."""
    probe: str | None = None
    """Column that a linear classifier reads off the latents. None: probes are left out."""
    probe_groups: str = "subject"
    """Column whose values are never both in a probe's training and test part."""
    refine_steps: int = 0
    """Steps that fit the chunk latents to each recording, see `TrainedModel.reconstruct_all`."""
    num_excerpts: int = NUM_EXCERPTS
    """Excerpts in which points are hidden and filled in, at most."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """What scoring found."""

    figures: dict[str, float]
    """Values by name, see `htvae.evaluation.figures.FIGURES`; a user's own metrics among them."""
    reconstructions: list[Reconstruction]
    """The scored recordings as the model returns them."""


def score_model(
    model: MotionSampler,
    data: PoseDataLoader,
    request: ScoreRequest,
    metrics: Mapping[str, Metric] = DEFAULT_METRICS,
) -> Scores:
    """Score a model on the recordings of a split.

    Args:
        model: the model.
        data: recordings, processed and split as the model's own were.
        request: what to score.
        metrics: metrics of reconstruction by name.

    Raises:
        FileNotFoundError: ``truth_dir`` is not there.
        ValueError: no recordings in the split, an unknown column, or a truth that does not fit.
    """
    processed = choose_recordings(data, request.split)
    _check_request(request, processed)
    logger.info("Scoring %d recordings (%s) of %s.", len(processed), request.split, data.config.data.data_dir)
    reconstructions = model.reconstruct_all(processed, request.refine_steps)
    train, num_landmarks = data.processed("train"), len(model.processor.landmarks)
    fallback = np.asarray(model.processor.pose_mean, np.float32)[:num_landmarks]

    control = fit_control([p.pose[:, :num_landmarks] for p in train], reconstructions)
    figures = score_reconstructions(model, reconstructions, control, metrics)
    if request.truth_dir is not None:
        figures |= score_truth(model, request.truth_dir, reconstructions, control)
    figures |= measure_completion(model, processed, fallback, request.num_excerpts, request.refine_steps)
    if model.has_prior:
        held_out = request.split in ("val", "test", "new")
        figures |= measure_generation(model, reconstructions, train, fallback, held_out, request.refine_steps)
    if request.probe is not None:
        figures |= measure_probes(reconstructions, num_landmarks, request.probe, request.probe_groups)
    return Scores(figures=figures, reconstructions=reconstructions)


def score_reconstructions(
    model: MotionSampler,
    reconstructions: Sequence[Reconstruction],
    control: PCAControl | None,
    metrics: Mapping[str, Metric] = DEFAULT_METRICS,
) -> dict[str, float]:
    """Return the figures of reconstructions, yardsticks, likelihood and latent levels, in a few seconds.

    Args:
        model: the model that made the reconstructions.
        reconstructions: the scored recordings.
        control: from `fit_control`.
        metrics: metrics of reconstruction by name.
    """
    num_landmarks = len(model.processor.landmarks)
    grid = model.config.model.chunk_size, model.config.model.resolved_chunk_overlap
    scored = [score_recording(r, num_landmarks, model.processor.edges, grid) for r in reconstructions]
    figures = {name: float(metric(scored)) for name, metric in metrics.items()}
    figures["numbers_per_48_frames"] = float(numbers_per_window(*count_numbers(reconstructions)))
    figures |= score_controls(scored, control)
    figures |= measure_linear_code(model, [r.processed for r in reconstructions])
    figures |= measure_likelihood(model, reconstructions)
    figures |= measure_rates(model, reconstructions)
    fallback = np.asarray(model.processor.pose_mean, np.float32)[:num_landmarks]
    return figures | measure_level_use(model, reconstructions, fallback)


def choose_recordings(data: PoseDataLoader, split: str) -> list[ProcessedSequence]:
    """Return the recordings of a split, or of all.

    Raises:
        ValueError: there are none.
    """
    parts = SPLITS if split == "all" else (split,)
    chosen = [p for part in parts for p in data.processed(part)]
    if not chosen:
        found = ", ".join(f"{len(data.recordings(part))} {part}" for part in SPLITS)
        raise ValueError(
            f"{data.config.data.data_dir} must hold recordings of the split {split!r}, but has {found}. "
            "Choose another with --split (all scores every recording)."
        )
    return chosen


def _check_request(request: ScoreRequest, processed: Sequence[ProcessedSequence]) -> None:
    """Find what cannot work before anything is computed."""
    if request.truth_dir is not None and not request.truth_dir.is_dir():
        raise FileNotFoundError(
            f"{request.truth_dir} must be a folder of noise-free recordings, but is not there."
        )
    if request.probe is not None:
        check_columns(processed, (request.probe, request.probe_groups))
