"""Norms: what controls do, part by part, as a reference for one patient.

The unit is the subject. Two kinds of results come of it:

- *Deviations*: for each part of the body and each second, how far it is from where the rest of the body would
  put it, in units of bands that hold nine in ten seconds of controls.
- *Measures* of a recording (range, speed, length, asymmetry, mean deviation) beside those of controls.

Axes: ``n`` recordings, ``s`` subjects, ``m`` measures, ``G`` groups, ``S`` spans.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from htvae.analysis.doubts import Doubt
from htvae.analysis.measures import Measure
from htvae.analysis.norm.bands import Bands, FittedBands, fit_bands
from htvae.analysis.norm.held_out import predict_held_out
from htvae.analysis.norm.measures import USUAL_FPS, MeasurePlan, measure_recording
from htvae.data.processing import ProcessedSequence
from htvae.inference.model import TrainedModel
from htvae.metrics.reliability import Reliability, retest_reliability
from htvae.metrics.single_case import LEAST_SUBJECTS, ControlSpread
from htvae.poses.body_groups import BodyGroup, group_landmarks
from htvae.poses.sequence import content_hash

ADVISED_SUBJECTS = 20
"""Controls below which a norm says little of rare values."""
LARGEST_LEVEL = 0.9
"""Share of controls' recordings whose largest |z| lies below `Norm.largest_z`."""
_DRAWS = 500


@dataclass(frozen=True, kw_only=True, eq=False)
class Norm:
    """What controls do."""

    model_id: str
    """Identity of the model, see `identify_model`."""
    points: tuple[str, ...]
    """The model's points."""
    groups: tuple[BodyGroup, ...]
    """Parts of the body."""
    span: int
    """Model frames of a span: a second."""
    bands: Bands
    """Bands around predicted places."""
    point_factor: np.ndarray
    """(G,), see `FittedBands`."""
    span_factor: np.ndarray
    """(G,), see `FittedBands`."""
    point_coverage: np.ndarray
    """(s, G), see `FittedBands`."""
    span_coverage: np.ndarray
    """(s, G), see `FittedBands`."""
    measures: tuple[Measure, ...]
    """Measures (m,) of a recording."""
    spread: ControlSpread
    """Spread of the controls' logarithms of measures."""
    reliability: Reliability
    """Agreement of a subject's recordings (ICC) in each measure, NaN where no subject has several."""
    largest_z: float
    """What the largest |z| over measures stays below in nine of ten recordings of controls left out."""
    num_subjects: int
    num_recordings: int
    doubts: tuple[Doubt, ...]
    """What users must know of these controls."""


@dataclass(frozen=True, eq=False)
class NormFit:
    """A norm, and the controls' own values."""

    norm: Norm
    values: np.ndarray
    """Logarithms (n, m) of the controls' measures."""
    subjects: np.ndarray
    """Subject (n,) of each recording, integers from 0."""


def fit_norm(model: TrainedModel, recordings: Sequence[ProcessedSequence]) -> NormFit:
    """Fit a norm to recordings of controls.

    Args:
        model: the model.
        recordings: in the model's coordinates; those without a subject count as subjects of their own.

    Raises:
        ValueError: fewer than three controls.
    """
    subjects, doubts = _find_subjects(recordings)
    groups = group_landmarks(model.processor.landmarks, model.processor.edges)
    predicted = predict_held_out(model, recordings, groups)
    count = len(model.processor.landmarks)
    poses = [p.pose[:, :count] for p in recordings]
    span = span_frames(model)
    fitted = fit_bands(poses, predicted, subjects, groups, span)
    plan = MeasurePlan.of(groups, model.processor)
    motion = [
        measure_recording(pose, own, plan, p.record.fps)
        for pose, own, p in zip(poses, predicted, recordings, strict=True)
    ]
    values = np.hstack([np.stack(motion), _log(fitted.held_out_deviation)])
    rng = np.random.default_rng(0)
    norm = Norm(
        model_id=identify_model(model),
        points=model.processor.points,
        groups=groups,
        span=span,
        bands=fitted.bands,
        point_factor=fitted.point_factor,
        span_factor=fitted.span_factor,
        point_coverage=fitted.point_coverage,
        span_coverage=fitted.span_coverage,
        measures=(*plan.measures, *_deviation_measures(groups)),
        spread=ControlSpread.of(values, subjects),
        reliability=retest_reliability(values, subjects, np.zeros(len(subjects), int), _DRAWS, rng),
        largest_z=_find_largest(values, subjects),
        num_subjects=int(subjects.max()) + 1,
        num_recordings=len(recordings),
        doubts=(*doubts, *_doubt_training(model, recordings), *_doubt_landmarks(groups, fitted)),
    )
    return NormFit(norm, values, subjects)


def span_frames(model: TrainedModel) -> int:
    """Return the model frames of a second; `USUAL_FPS` where no frame rate is known."""
    return max(1, round(model.processor.fps or USUAL_FPS))


def identify_model(model: TrainedModel) -> str:
    """Return a hash of a model's weights and points: a norm belongs to one model."""
    digest = hashlib.blake2b(repr(model.processor.points).encode(), digest_size=16)
    for name, value in sorted(model.model.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().data)
    return digest.hexdigest()


def _find_subjects(recordings: Sequence[ProcessedSequence]) -> tuple[np.ndarray, list[Doubt]]:
    """Return the subject (n,) of each recording, and what is doubtful about their number."""
    unknown = [p.name for p in recordings if not p.source.subject]
    marks = [("subject", p.source.subject) if p.source.subject else ("name", p.name) for p in recordings]
    names = list(dict.fromkeys(marks))
    if len(names) < LEAST_SUBJECTS:
        raise ValueError(
            f"A norm must have at least {LEAST_SUBJECTS} controls, but got {len(names)}, in "
            f"{len(recordings)} recordings. Add recordings of other people; {ADVISED_SUBJECTS} or more are "
            "better."
        )
    doubts = []
    if unknown:
        doubts.append(
            Doubt(
                "no_subject",
                f"{len(unknown)} of {len(recordings)} recordings have no subject: each counts as another "
                "person. If they are not, the norm is too narrow: name subjects in manifest.csv.",
            )
        )
    if len(names) < ADVISED_SUBJECTS:
        doubts.append(
            Doubt(
                "few_subjects",
                f"Few controls ({len(names)}): intervals are wide, and 99th percentiles a guess. "
                f"{ADVISED_SUBJECTS} or more are better.",
            )
        )
    return np.array([names.index(mark) for mark in marks]), doubts


def _doubt_training(model: TrainedModel, recordings: Sequence[ProcessedSequence]) -> list[Doubt]:
    """Return a doubt where the model was trained on controls, since it predicts these too well."""
    seen = [p for p in recordings if model.splits.of(p.name, content_hash(p.source)) == "train"]
    if not seen:
        return []
    return [
        Doubt(
            "trained_on_controls",
            f"The model was trained on {len(seen)} of {len(recordings)} recordings of controls, and predicts "
            "them better than new ones: bands may be too narrow. Use controls that training did not see.",
        )
    ]


def _doubt_landmarks(groups: Sequence[BodyGroup], fitted: FittedBands) -> list[Doubt]:
    """Return a doubt where controls do not show a part of the body."""
    lost = [g.name for g, factor in zip(groups, fitted.point_factor, strict=True) if not np.isfinite(factor)]
    if not lost:
        return []
    return [
        Doubt(
            "unseen_parts",
            f"Fewer than two controls show {', '.join(lost)}: there is no norm for it. Check the landmarks.",
        )
    ]


def _deviation_measures(groups: Sequence[BodyGroup]) -> list[Measure]:
    return [
        Measure(f"deviation of {group.name}", "mean of seconds / band", "deviation", group.name)
        for group in groups
    ]


def _log(deviation: np.ndarray) -> np.ndarray:
    logarithm: np.ndarray = np.log(np.maximum(deviation, 1e-6))
    return logarithm


def _find_largest(values: np.ndarray, subjects: np.ndarray) -> float:
    """Return the 90th percentile over subjects' recordings of the largest |z| beside the other subjects."""
    largest, weights = np.full(len(values), np.nan), 1 / np.bincount(subjects)[subjects]
    for subject in np.unique(subjects):
        own = subjects == subject
        spread = ControlSpread.of(values[~own], subjects[~own])
        z = np.abs(np.stack([spread.z(row) for row in values[own]]))
        known = np.isfinite(z).any(axis=1)
        largest[own] = np.where(known, np.where(np.isfinite(z), z, 0.0).max(axis=1), np.nan)
    known = np.isfinite(largest)
    if not known.any():
        return float("nan")
    order = np.flatnonzero(known)[np.argsort(largest[known])]
    share = np.cumsum(weights[order]) / weights[order].sum()
    return float(largest[order[np.searchsorted(share, LARGEST_LEVEL - 1e-9)]])
