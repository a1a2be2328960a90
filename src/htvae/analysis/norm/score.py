"""One recording, or one person's recordings, beside a norm.

Axes: ``m`` measures, ``G`` groups, ``S`` spans, ``L`` landmarks, ``D`` coordinates.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from htvae.analysis.doubts import Doubt
from htvae.analysis.norm.bands import mean_deviation, span_deviations
from htvae.analysis.norm.held_out import predict_held_out
from htvae.analysis.norm.measures import MeasurePlan, measure_recording
from htvae.analysis.norm.norm import Norm, identify_model
from htvae.data.processing import ProcessedSequence
from htvae.inference.model import TrainedModel


@dataclass(frozen=True, kw_only=True, eq=False)
class Placement:
    """Measures beside the controls', (m,) each; NaN where there is no score."""

    values: np.ndarray
    """Logarithms of the measures."""
    z: np.ndarray
    """Standard deviations from the controls' mean."""
    percentile: np.ndarray
    """Percentage of controls that are expected below."""
    interval: tuple[np.ndarray, np.ndarray]
    """Limits of logarithms between which nine in ten new controls lie."""

    @property
    def is_outside(self) -> np.ndarray:
        """Whether (m,) a value lies outside of the interval."""
        outside: np.ndarray = (self.values < self.interval[0]) | (self.values > self.interval[1])
        return outside

    @property
    def order(self) -> np.ndarray:
        """Measures with a score, the largest |z| first."""
        size = np.where(np.isfinite(self.z), np.abs(self.z), -1.0)
        ordered: np.ndarray = np.argsort(-size, kind="stable")[: int((size >= 0).sum())]
        return ordered


@dataclass(frozen=True, kw_only=True, eq=False)
class RecordingScore:
    """One recording beside a norm."""

    processed: ProcessedSequence
    deviations: np.ndarray
    """Deviations (G, S) of spans in band units: controls stay below 1 in nine of ten; NaN where not seen."""
    offsets: np.ndarray
    """Mean (G, S, D) of observed less predicted places, torso lengths."""
    landmark_deviations: np.ndarray
    """Mean deviation (L,) of each landmark, in the units of its group's points."""
    placement: Placement
    doubts: tuple[Doubt, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class SubjectScore:
    """The mean of one person's recordings beside a norm."""

    subject: str
    recordings: tuple[str, ...]
    placement: Placement


@dataclass(frozen=True, kw_only=True, eq=False)
class NormScore:
    """Recordings beside a norm."""

    norm: Norm
    recordings: tuple[RecordingScore, ...]
    subjects: tuple[SubjectScore, ...]
    """People with several recordings."""


def score_norm(model: TrainedModel, recordings: Sequence[ProcessedSequence], norm: Norm) -> NormScore:
    """Place recordings beside a norm.

    Args:
        model: the model of the norm.
        recordings: in the model's coordinates.
        norm: from `fit_norm`.

    Raises:
        ValueError: the norm belongs to another model.
    """
    check_model(norm, model)
    predicted = predict_held_out(model, recordings, norm.groups)
    plan = MeasurePlan.of(norm.groups, model.processor)
    scores = tuple(_score(p, own, norm, plan) for p, own in zip(recordings, predicted, strict=True))
    return NormScore(norm=norm, recordings=scores, subjects=_join_subjects(scores, norm))


def check_model(norm: Norm, model: TrainedModel) -> None:
    """Raise ValueError where a norm was fitted with another model."""
    if norm.model_id != identify_model(model):
        raise ValueError(
            "A norm must be used with the model that it was fitted with, but this one belongs to another "
            "(its weights differ). Give that model with --checkpoint, or fit the norm again."
        )


def _score(
    processed: ProcessedSequence, predicted: np.ndarray, norm: Norm, plan: MeasurePlan
) -> RecordingScore:
    pose = processed.pose[:, : predicted.shape[1]]
    scores = norm.bands.score(pose, predicted)
    deviations = span_deviations(scores, norm.groups, norm.span)
    deviations = deviations / (norm.point_factor * norm.span_factor)[:, None]
    values = np.concatenate(
        [
            measure_recording(pose, predicted, plan, processed.record.fps),
            np.log(np.maximum(mean_deviation(deviations), 1e-6)),
        ]
    )
    return RecordingScore(
        processed=processed,
        deviations=deviations,
        offsets=_offsets(pose - predicted - norm.bands.location, norm),
        landmark_deviations=_landmark_deviations(scores, norm),
        placement=_place(values, norm, 1),
        doubts=_doubt(pose, values, norm),
    )


def _place(values: np.ndarray, norm: Norm, num_recordings: np.ndarray | int) -> Placement:
    spread = norm.spread
    return Placement(
        values=values,
        z=spread.z(values, num_recordings),
        percentile=spread.percentile(values, num_recordings),
        interval=spread.interval(num_recordings),
    )


def _join_subjects(scores: Sequence[RecordingScore], norm: Norm) -> tuple[SubjectScore, ...]:
    """Return the people with several recordings."""
    joined = []
    for subject in dict.fromkeys(score.processed.source.subject for score in scores):
        own = [score for score in scores if score.processed.source.subject == subject]
        if subject is None or subject == "" or len(own) < 2:
            continue
        values = np.stack([score.placement.values for score in own])
        count = np.isfinite(values).sum(axis=0)
        mean = np.where(count > 0, np.nansum(values, axis=0) / np.maximum(count, 1), np.nan)
        joined.append(
            SubjectScore(
                subject=subject,
                recordings=tuple(score.processed.name for score in own),
                placement=_place(mean, norm, count),
            )
        )
    return tuple(joined)


def _offsets(residual: np.ndarray, norm: Norm) -> np.ndarray:
    """Return the mean (G, S, D) of residuals (T, L, D) over the landmarks and frames of each span."""
    num_spans = -(-len(residual) // norm.span)
    padded = np.full((num_spans * norm.span, *residual.shape[1:]), np.nan)
    padded[: len(residual)] = residual
    found = np.full((len(norm.groups), num_spans, residual.shape[2]), np.nan)
    for g, group in enumerate(norm.groups):
        own = padded[:, list(group.landmarks)].reshape(num_spans, -1, residual.shape[2])
        known = np.isfinite(own)
        total = np.where(known, own, 0.0).sum(axis=1)
        found[g] = np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan)
    return found


def _landmark_deviations(scores: np.ndarray, norm: Norm) -> np.ndarray:
    """Return the mean size (L,) of scores (T, L, D) of each landmark, in the units of its group's spans."""
    known = np.isfinite(scores)
    total = np.where(known, np.abs(scores), 0.0).sum(axis=(0, 2))
    mean = np.where(known.any(axis=(0, 2)), total / np.maximum(known.sum(axis=(0, 2)), 1), np.nan)
    for group, factor in zip(norm.groups, norm.point_factor * norm.span_factor, strict=True):
        mean[list(group.landmarks)] /= factor
    return mean


def _doubt(pose: np.ndarray, values: np.ndarray, norm: Norm) -> tuple[Doubt, ...]:
    """Return what is doubtful about a recording's scores."""
    seen = np.isfinite(pose[..., 0]).any(axis=0)
    lost = [group.name for group in norm.groups if not seen[list(group.landmarks)].any()]
    doubts = []
    if lost:
        doubts.append(
            Doubt(
                "unseen_parts",
                f"{', '.join(lost)} are not in the recording and have no score. Other parts are predicted "
                "from less than the controls' were, and may deviate for that alone.",
            )
        )
    motion = values[: len(values) - len(norm.groups)]
    if not np.isfinite(motion).any():
        doubts.append(
            Doubt("short", "Too short, or hardly seen, to measure range, speed and length (2 s are needed).")
        )
    return tuple(doubts)
