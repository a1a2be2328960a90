"""Evaluation from a checkpoint to tables, latents, pictures and a verdict."""

import json
import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from htvae.cli.options import EvaluateOptions
from htvae.data.loader import PoseDataLoader
from htvae.data.processing import ProcessedSequence
from htvae.evaluation.completion import measure_completion
from htvae.evaluation.generation import measure_generation
from htvae.evaluation.generation_table import explain, format_generation
from htvae.evaluation.levels import count_numbers, measure_level_use, measure_rates
from htvae.evaluation.pictures import draw_pictures
from htvae.evaluation.reconstruction import DEFAULT_METRICS, Metric, ScoredRecording, score_recording
from htvae.evaluation.tables import format_figures
from htvae.evaluation.verdict import give_verdict
from htvae.generation.model import load
from htvae.generation.sampler import MotionSampler
from htvae.inference.checkpoint import BuildModel
from htvae.inference.latent_files import save_latents
from htvae.inference.model import Encoding, Reconstruction, TrainedModel
from htvae.metrics.pca import PCAControl, hold_mean_pose, numbers_per_window
from htvae.metrics.probe import probe_with_yardsticks
from htvae.poses.geometry import resample_frames
from htvae.poses.sequence import PoseSequence
from htvae.utils.files import atomic_write
from htvae.utils.text import format_duration

__all__ = ["DEFAULT_METRICS", "evaluate"]

logger = logging.getLogger(__name__)


def evaluate(
    options: EvaluateOptions,
    metrics: Mapping[str, Metric] = DEFAULT_METRICS,
    build_model: BuildModel | None = None,
) -> dict[str, float]:
    """Score a model and write what was found to ``options.output_dir``.

    Args:
        options: checkpoint, recordings, what to write.
        metrics: metrics of reconstruction by name; a user's own among them.
        build_model: makes the user's own architecture, where the model was trained with one.

    Returns:
        All figures by name, also in ``metrics.json``.

    Raises:
        FileNotFoundError: no such checkpoint or folder.
        ValueError: faulty files, or no recordings to score.
    """
    started = time.monotonic()
    model = load(options.checkpoint, options.device, build_model)
    model.batch_frames = options.batch_size * model.config.data.max_frames
    data = _open_data(model, options)
    processed = _choose(data, options.split)
    logger.info("Scoring %d recordings (%s) of %s.", len(processed), options.split, data.config.data.data_dir)
    _check_options(options, processed)
    reconstructions = model.reconstruct_all(processed, options.refine_steps)
    figures = _score(model, data, reconstructions, metrics, options)
    _print_figures(figures)
    verdict = give_verdict(figures)
    print("\n" + "\n".join(verdict))
    _write_figures(options, figures, verdict, processed)
    encodings = [r.encoding for r in reconstructions]
    if options.extract_latents:
        encodings = _extract_latents(model, data, options.output_dir)
    if options.visualize:
        log_file = Path(options.checkpoint).parent.parent / "logs" / "metrics.csv"
        draw_pictures(model, reconstructions, encodings, options.output_dir / "pictures", log_file)
    logger.info("Written to %s in %s.", options.output_dir, format_duration(time.monotonic() - started))
    return figures


def _print_figures(figures: Mapping[str, float]) -> None:
    """Print figures one below the other, but those of generated motion side by side."""
    generation = format_generation(figures)
    single = {name: value for name, value in figures.items() if not generation or explain(name) is None}
    print(format_figures(single))
    if generation:
        print("\n" + generation)


def _check_options(options: EvaluateOptions, processed: Sequence[ProcessedSequence]) -> None:
    """Find what cannot work before anything is computed."""
    if options.truth_dir is not None and not options.truth_dir.is_dir():
        raise FileNotFoundError(
            f"{options.truth_dir} must be a folder of noise-free recordings, but is not there."
        )
    if options.probe is None:
        return
    known = dict.fromkeys(["label", "subject", *(key for p in processed for key in p.source.covariates)])
    for column in (options.probe, options.probe_groups or "subject"):
        if column not in known:
            raise ValueError(
                f"probe and probe_groups must be columns of manifest.csv, but got {column!r}. "
                f"Known: {', '.join(known)}."
            )


def _open_data(model: TrainedModel, options: EvaluateOptions) -> PoseDataLoader:
    """Read recordings as the model's own were read, split as its training split them."""
    data_dir = str(options.data_dir or model.config.data.data_dir)
    config = model.config.replace(data_dir=data_dir, experiments_dir=str(options.experiments_dir))
    return PoseDataLoader(config, processor=model.processor, splits=model.splits)


def _choose(data: PoseDataLoader, split: str) -> list[ProcessedSequence]:
    parts = ("train", "val", "test", "new") if split == "all" else (split,)
    chosen = [p for part in parts for p in data.processed(part)]
    if not chosen:
        counts = {part: len(data.recordings(part)) for part in ("train", "val", "test", "new")}
        found = ", ".join(f"{count} {part}" for part, count in counts.items())
        raise ValueError(
            f"{data.config.data.data_dir} must hold recordings of the split {split!r}, but has {found}. "
            "Choose another with --split (all scores every recording)."
        )
    return chosen


def _score(
    model: MotionSampler,
    data: PoseDataLoader,
    reconstructions: Sequence[Reconstruction],
    metrics: Mapping[str, Metric],
    options: EvaluateOptions,
) -> dict[str, float]:
    """Return all figures by name."""
    num_landmarks = len(model.processor.landmarks)
    grid = model.config.model.chunk_size, model.config.model.resolved_chunk_overlap
    scored = [score_recording(r, num_landmarks, model.processor.edges, grid) for r in reconstructions]
    train = [p.pose[:, :num_landmarks] for p in data.processed("train")]
    fallback = np.asarray(model.processor.pose_mean, np.float32)[:num_landmarks]
    figures = {name: float(metric(scored)) for name, metric in metrics.items()}
    numbers = numbers_per_window(*count_numbers(reconstructions))
    figures["numbers_per_48_frames"] = float(numbers)
    control = _fit_control(train, numbers)
    figures |= _score_controls(scored, control)
    if options.truth_dir is not None:
        figures |= _score_truth(model, options.truth_dir, reconstructions, control)
    figures |= measure_rates(model, reconstructions)
    figures |= measure_level_use(model, reconstructions, fallback)
    processed = [r.processed for r in reconstructions]
    figures |= measure_completion(model, processed, fallback, options.num_excerpts, options.refine_steps)
    if model.has_prior:
        held_out = options.split in ("val", "test", "new")
        figures |= measure_generation(model, reconstructions, data.processed("train"), fallback, held_out)
    if options.probe is not None:
        figures |= _probe(reconstructions, num_landmarks, options)
    return figures


def _fit_control(train: Sequence[np.ndarray], numbers: int) -> PCAControl | None:
    if train:
        return PCAControl.fit(train, numbers)
    logger.info("PCA is left out: the training recordings, which it is fitted to, are not in this folder.")
    return None


def _score_controls(scored: Sequence[ScoredRecording], control: PCAControl | None) -> dict[str, float]:
    """Return the errors of a pose that stands still, and of PCA with as many numbers."""
    still = [replace(s, reconstruction=_tensor(hold_mean_pose(s.pose.numpy()))) for s in scored]
    figures = {"static_mpjpe": DEFAULT_METRICS["mpjpe"](still)}
    if control is None:
        return figures
    linear = [replace(s, reconstruction=_tensor(control.reconstruct(s.pose.numpy()))) for s in scored]
    return figures | {"pca_mpjpe": DEFAULT_METRICS["mpjpe"](linear)}


def _score_truth(
    model: TrainedModel,
    folder: Path,
    reconstructions: Sequence[Reconstruction],
    control: PCAControl | None,
) -> dict[str, float]:
    """Return errors (torso lengths) against noise-free recordings of the same names."""
    from htvae.io.folder import read_folder

    truth = {s.name: s for s in read_folder(folder, model.config.data)}
    absent = [r.processed.name for r in reconstructions if r.processed.name not in truth]
    if absent:
        raise ValueError(
            f"{folder} must hold the truth of every scored recording, but lacks {', '.join(absent[:5])}."
        )
    sums = np.zeros((3, 2))
    for r in reconstructions:
        record = r.processed.record
        true = _read_truth(truth[r.processed.name], record.source_frames, model.processor.landmarks)
        recorded = r.processed.pose[:, : true.shape[1]]
        guesses = [r.pose, control.reconstruct(recorded) if control else None, recorded]
        for row, guess in zip(sums, guesses, strict=True):
            if guess is not None:
                distance = (
                    np.linalg.norm(model.processor.inverse(guess, record) - true, axis=-1) / record.unit
                )
                row += np.nansum(distance), np.isfinite(distance).sum()
    names = ("truth_mpjpe", "truth_pca_mpjpe", "truth_recording_mpjpe")
    return {name: float(total / count) for name, (total, count) in zip(names, sums, strict=True) if count}


def _read_truth(truth: PoseSequence, source_frames: np.ndarray, landmarks: Sequence[str]) -> np.ndarray:
    """Return true poses (T, L, D) at fractional source frames; NaN where the truth does not know them."""
    absent = [name for name in landmarks if name not in truth.landmarks]
    if absent:
        raise ValueError(
            f"{truth.name}: the truth must have the model's landmarks, but lacks {', '.join(absent)}."
        )
    positions = source_frames - truth.first_frame
    inside = (positions >= 0) & (positions <= truth.num_frames - 1)
    order = [truth.landmarks.index(name) for name in landmarks]
    true = np.full((len(positions), len(order), truth.pose.shape[2]), np.nan, np.float32)
    true[inside] = resample_frames(truth.pose[:, order], positions[inside])
    return true


def _probe(
    reconstructions: Sequence[Reconstruction], num_landmarks: int, options: EvaluateOptions
) -> dict[str, float]:
    """Return what a linear classifier reads off the latents, by the name of the features."""
    label_column, group_column = options.probe or "label", options.probe_groups or "subject"

    def value(encoding: Encoding, column: str) -> str | None:
        own: dict[str, Any] = {"label": encoding.label, "subject": encoding.subject, **encoding.covariates}
        return own.get(column)

    rows = [r for r in reconstructions if value(r.encoding, label_column)]
    if not rows:
        raise ValueError(
            f"Recordings must have a {label_column} to probe for, but none has. Fill in manifest.csv."
        )
    chunks = [_summary(r.encoding.chunk_latents) for r in rows]
    sequence = np.stack([r.encoding.sequence_latent for r in rows])
    latents = {"sequence_latent": sequence}
    if chunks[0].size:
        latents |= {
            "chunk_latents": np.stack(chunks),
            "both_latents": np.hstack([sequence, np.stack(chunks)]),
        }
    scores = probe_with_yardsticks(
        latents,
        [r.processed.pose[:, :num_landmarks] for r in rows],
        [str(value(r.encoding, label_column)) for r in rows],
        [value(r.encoding, group_column) or r.encoding.name for r in rows],
    )
    return {f"probe_{name}": score for name, score in scores.items()}


def _summary(chunk_latents: np.ndarray) -> np.ndarray:
    """Return mean and spread over a recording's chunks."""
    return np.concatenate([chunk_latents.mean(axis=0), chunk_latents.std(axis=0)])


def _extract_latents(model: TrainedModel, data: PoseDataLoader, folder: Path) -> list[Encoding]:
    """Save the latents of every recording in the folder, whatever its split."""
    by_split = {split: data.processed(split) for split in ("train", "val", "test", "new")}
    splits = {p.name: split for split, part in by_split.items() for p in part}
    encodings = model.encode_all(
        sorted((p for part in by_split.values() for p in part), key=lambda p: p.name)
    )
    for path in save_latents(folder / "latents", encodings, splits):
        logger.info("%s", path)
    return encodings


def _write_figures(
    options: EvaluateOptions,
    figures: Mapping[str, float],
    verdict: Sequence[str],
    processed: Sequence[ProcessedSequence],
) -> None:
    content = {
        "checkpoint": str(options.checkpoint),
        "split": options.split,
        "recordings": [p.name for p in processed],
        "figures": {name: value if math.isfinite(value) else None for name, value in figures.items()},
        "verdict": list(verdict),
    }
    options.output_dir.mkdir(parents=True, exist_ok=True)
    with atomic_write(options.output_dir / "metrics.json") as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _tensor(pose: np.ndarray) -> Any:
    import torch

    return torch.from_numpy(np.ascontiguousarray(pose))
