"""Yardsticks of reconstruction: PCA with as many numbers, a still pose, and the noise-free truth.

Axes: ``T`` frames, ``L`` landmarks, ``D`` coordinates.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from htvae.data.processing import ProcessedSequence
from htvae.evaluation.levels import count_numbers
from htvae.evaluation.reconstruction import DEFAULT_METRICS, ScoredRecording
from htvae.inference.model import Reconstruction, TrainedModel
from htvae.inference.windows import WindowedModel
from htvae.io.folder import read_folder
from htvae.metrics.pca import PCAControl, hold_mean_pose, numbers_per_window
from htvae.models.vae import HierarchicalTransformerVAE
from htvae.poses.geometry import resample_frames
from htvae.poses.sequence import PoseSequence

logger = logging.getLogger(__name__)


def fit_control(train: Sequence[np.ndarray], reconstructions: Sequence[Reconstruction]) -> PCAControl | None:
    """Return PCA with as many numbers as the model has; None where there are no training recordings.

    Args:
        train: (T, L, D) each, poses of the training recordings.
        reconstructions: what the model made of the scored recordings.
    """
    if train:
        return PCAControl.fit(train, numbers_per_window(*count_numbers(reconstructions)))
    logger.info("PCA is left out: the training recordings, which it is fitted to, are not in this folder.")
    return None


def score_controls(scored: Sequence[ScoredRecording], control: PCAControl | None) -> dict[str, float]:
    """Return the errors (torso lengths) of a pose that stands still, and of PCA where there is one."""
    figures = {"static_mpjpe": _score(scored, [hold_mean_pose(s.pose.numpy()) for s in scored])}
    if control is not None:
        figures["pca_mpjpe"] = _score(scored, [control.reconstruct(s.pose.numpy()) for s in scored])
    return figures


def measure_linear_code(model: TrainedModel, processed: Sequence[ProcessedSequence]) -> dict[str, float]:
    """Return the errors (torso lengths) of the encoder and of the model's linear code, neither refined.

    Models without a linear code have neither figure.
    """
    network = model.windowed.network
    if not (isinstance(network, HierarchicalTransformerVAE) and network.config.linear_path):
        return {}
    linear = replace(model.windowed, network=network.linear_part())
    num_landmarks = len(model.processor.landmarks)
    return {
        name: _error(windowed, processed, num_landmarks)
        for name, windowed in (("encoder_mpjpe", model.windowed), ("linear_code_mpjpe", linear))
    }


def _error(model: WindowedModel, processed: Sequence[ProcessedSequence], num_landmarks: int) -> float:
    poses = [p.pose for p in processed]
    answers, _ = model.reconstruct(poses, refine_steps=0, min_scale=1.0)
    distances = [
        np.linalg.norm(answer[:, :num_landmarks] - pose[:, :num_landmarks], axis=-1).ravel()
        for answer, pose in zip(answers, poses, strict=True)
    ]
    return float(np.nanmean(np.concatenate(distances)))


def _score(scored: Sequence[ScoredRecording], poses: Sequence[np.ndarray]) -> float:
    return DEFAULT_METRICS["mpjpe"](
        [
            replace(s, reconstruction=torch.from_numpy(np.ascontiguousarray(pose)))
            for s, pose in zip(scored, poses, strict=True)
        ]
    )


def score_truth(
    model: TrainedModel,
    folder: Path,
    reconstructions: Sequence[Reconstruction],
    control: PCAControl | None,
) -> dict[str, float]:
    """Return errors (torso lengths) against noise-free recordings of the same names.

    They are the errors of the model, of PCA where there is one, and of the recordings themselves.

    Raises:
        ValueError: the folder lacks a scored recording, or one of the model's landmarks.
    """
    names = ("truth_mpjpe", "truth_pca_mpjpe", "truth_recording_mpjpe")
    totals = dict.fromkeys(names, 0.0)
    counts = dict.fromkeys(names, 0)
    for r, true in _pair_with_truth(model, folder, reconstructions):
        recorded = r.processed.pose[:, : true.shape[1]]
        guesses = (r.pose, control.reconstruct(recorded) if control else None, recorded)
        for name, guess in zip(names, guesses, strict=True):
            if guess is not None:
                there = model.processor.inverse(guess, r.processed.record)
                distance = np.linalg.norm(there - true, axis=-1) / r.processed.record.unit
                totals[name] += float(np.nansum(distance))
                counts[name] += int(np.isfinite(distance).sum())
    return {name: totals[name] / counts[name] for name in names if counts[name]}


def _pair_with_truth(
    model: TrainedModel, folder: Path, reconstructions: Sequence[Reconstruction]
) -> Iterator[tuple[Reconstruction, np.ndarray]]:
    """Yield each reconstruction with the true poses (T, L, D) of its frames, in the source's coordinates."""
    truth = {s.name: s for s in read_folder(folder, model.config.data)}
    absent = [r.processed.name for r in reconstructions if r.processed.name not in truth]
    if absent:
        raise ValueError(
            f"{folder} must hold the truth of every scored recording, but lacks {', '.join(absent[:5])}."
        )
    for r in reconstructions:
        frames = r.processed.record.source_frames
        yield r, read_truth(truth[r.processed.name], frames, model.processor.landmarks)


def read_truth(truth: PoseSequence, source_frames: np.ndarray, landmarks: Sequence[str]) -> np.ndarray:
    """Return true poses (T, L, D) at fractional source frames; NaN at frames that the truth lacks."""
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
