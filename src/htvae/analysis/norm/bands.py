"""Bands around predicted places: how far controls are from where the rest of their bodies puts them.

- Location and half-width are quantiles of controls' residuals, for each landmark and coordinate. Residuals
  have heavy tails, so that no formula stands for them.
- The half-width follows how far the prediction is from the landmark's usual place: a raised arm is predicted
  less exactly. Of the demo's arms, bands are a tenth narrower so; the predicted speed made none narrower.
- A factor for each part makes bands hold nine in ten points of people whom they were not fitted to, see
  `htvae.metrics.coverage`. A second one does so for seconds.

Axes: ``T`` frames, ``L`` landmarks, ``D`` coordinates, ``K`` knots, ``G`` groups, ``S`` spans, ``n``
recordings, ``s`` subjects.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from htvae.metrics.coverage import covering_factor, measure_coverage
from htvae.poses.body_groups import BodyGroup

LEVEL = 0.9
"""Share of controls' points inside of the bands."""
MOST_FOLDS = 20
"""Parts into which controls are divided by subject; up to this many subjects each is left out alone."""
MOST_FRAMES, LEAST_FRAMES = 40_000, 200
"""Frames of all subjects, and least of each, from which quantiles are computed."""
_EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0)
_LEAST_POINTS = 100


@dataclass(frozen=True, eq=False)
class Bands:
    """Bands without factors."""

    location: np.ndarray
    """Median (L, D) of observed less predicted, torso lengths; NaN where controls do not show a landmark."""
    center: np.ndarray
    """Median (L, D) of predicted places."""
    knots: np.ndarray
    """Distances (L, K) of predicted places from ``center``, ascending."""
    half_width: np.ndarray
    """Half-width (L, K, D) at the knots, linear between them."""

    def score(self, pose: np.ndarray, predicted: np.ndarray) -> np.ndarray:
        """Return observed less predicted in half-widths, (T, L, D), with sign; NaN where not observed."""
        away = np.linalg.norm(predicted - self.center, axis=-1)
        scores = np.full(pose.shape, np.nan)
        for k in np.flatnonzero(np.isfinite(self.location[:, 0])):
            for d in range(pose.shape[2]):
                width = np.interp(away[:, k], self.knots[k], self.half_width[k, :, d])
                scores[:, k, d] = (pose[:, k, d] - predicted[:, k, d] - self.location[k, d]) / width
        return scores


@dataclass(frozen=True, eq=False)
class FittedBands:
    """Bands, their factors, and how well they hold controls who were left out."""

    bands: Bands
    point_factor: np.ndarray
    """Factor (G,) of the bands of points."""
    span_factor: np.ndarray
    """Factor (G,) of deviations of spans."""
    point_coverage: np.ndarray
    """Share (s, G) of each subject's points in bands of the other subjects; NaN where not seen."""
    span_coverage: np.ndarray
    """The same of spans."""
    held_out_deviation: np.ndarray
    """Mean deviation (n, G) of each control's recording from bands of other subjects."""


def fit_bands(
    poses: Sequence[np.ndarray],
    predicted: Sequence[np.ndarray],
    subjects: np.ndarray,
    groups: Sequence[BodyGroup],
    span: int,
) -> FittedBands:
    """Fit bands to controls.

    Args:
        poses: (T, L, D) of each recording, NaN where missing.
        predicted: (T, L, D) from `predict_held_out`.
        subjects: (n,) integers from 0.
        groups: G parts of the body.
        span: frames of a span.
    """
    scores = _score_left_out(poses, predicted, subjects)
    count = int(subjects.max()) + 1
    points = [[_pool(scores, subjects, s, g) for s in range(count)] for g in groups]
    point_factor = np.array([covering_factor(own, LEVEL) for own in points])
    deviations = [span_deviations(own, groups, span) / point_factor[:, None] for own in scores]
    spans = [
        [
            np.concatenate([deviations[i][g] for i in np.flatnonzero(subjects == s).tolist()])
            for s in range(count)
        ]
        for g in range(len(groups))
    ]
    span_factor = np.array([covering_factor(own, LEVEL) for own in spans])
    return FittedBands(
        bands=_fit_quantiles(poses, predicted, subjects),
        point_factor=point_factor,
        span_factor=span_factor,
        point_coverage=np.stack([measure_coverage(own, LEVEL) for own in points], axis=1),
        span_coverage=np.stack([measure_coverage(own, LEVEL) for own in spans], axis=1),
        held_out_deviation=np.stack([mean_deviation(own / span_factor[:, None]) for own in deviations]),
    )


def span_deviations(scores: np.ndarray, groups: Sequence[BodyGroup], span: int) -> np.ndarray:
    """Return the mean size (G, S) of scores (T, L, D) in each span of frames; NaN where nothing is seen."""
    num_spans = math.ceil(len(scores) / span)
    sizes = np.full((num_spans * span, scores.shape[1]), np.nan)
    sizes[: len(scores)] = np.abs(scores).mean(axis=-1)
    found = np.full((len(groups), num_spans), np.nan)
    for g, group in enumerate(groups):
        own = sizes[:, list(group.landmarks)].reshape(num_spans, -1)
        known = np.isfinite(own)
        total = np.where(known, own, 0.0).sum(axis=1)
        found[g] = np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan)
    return found


def mean_deviation(deviations: np.ndarray) -> np.ndarray:
    """Return the mean (G,) over spans (G, S); NaN where none is seen."""
    known = np.isfinite(deviations)
    total = np.where(known, deviations, 0.0).sum(axis=1)
    mean: np.ndarray = np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan)
    return mean


def _score_left_out(
    poses: Sequence[np.ndarray], predicted: Sequence[np.ndarray], subjects: np.ndarray
) -> list[np.ndarray]:
    """Return each recording's scores in bands of subjects of other folds."""
    folds = subjects % min(MOST_FOLDS, int(subjects.max()) + 1)
    scores: list[np.ndarray] = [np.empty(0)] * len(poses)
    for fold in np.unique(folds):
        rest = np.flatnonzero(folds != fold).tolist()
        bands = _fit_quantiles([poses[i] for i in rest], [predicted[i] for i in rest], subjects[rest])
        for i in np.flatnonzero(folds == fold).tolist():
            scores[i] = bands.score(poses[i], predicted[i])
    return scores


def _pool(scores: Sequence[np.ndarray], subjects: np.ndarray, subject: int, group: BodyGroup) -> np.ndarray:
    """Return the sizes of a subject's scores of a group."""
    rows = np.flatnonzero(subjects == subject).tolist()
    own = [np.abs(scores[i][:, list(group.landmarks)]).ravel() for i in rows]
    pooled = np.concatenate(own)
    return pooled[np.isfinite(pooled)]


def _fit_quantiles(
    poses: Sequence[np.ndarray], predicted: Sequence[np.ndarray], subjects: np.ndarray
) -> Bands:
    """Return the bands of recordings; each subject gives about as many frames."""
    rows = _choose_frames([len(pose) for pose in poses], subjects)
    pose = np.concatenate([p[own] for p, own in zip(poses, rows, strict=True)]).astype(np.float64)
    expected = np.concatenate([p[own] for p, own in zip(predicted, rows, strict=True)]).astype(np.float64)
    _, landmarks, dims = pose.shape
    center = np.median(expected, axis=0)
    away = np.linalg.norm(expected - center, axis=-1)
    location = np.full((landmarks, dims), np.nan)
    knots = np.full((landmarks, len(_EDGES) - 1), np.nan)
    width = np.full((landmarks, len(_EDGES) - 1, dims), np.nan)
    for k in range(landmarks):
        seen = np.isfinite(pose[:, k, 0])
        if seen.sum() >= _LEAST_POINTS:
            residual = pose[seen, k] - expected[seen, k]
            location[k] = np.median(residual, axis=0)
            knots[k], width[k] = _fit_widths(np.abs(residual - location[k]), away[seen, k])
    return Bands(location, center, knots, width)


def _fit_widths(size: np.ndarray, away: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return knots (K,) and half-widths (K, D) of residuals' sizes (p, D) at distances (p,)."""
    order = np.argsort(away, kind="stable")
    borders = (np.array(_EDGES) * len(order)).round().astype(int)
    parts = [order[a:b] for a, b in pairwise(borders)]
    knots = np.array([np.median(away[part]) for part in parts])
    width = np.stack([np.quantile(size[part], LEVEL, axis=0) for part in parts])
    return knots, np.maximum(width, 1e-6)


def _choose_frames(lengths: Sequence[int], subjects: np.ndarray) -> list[np.ndarray]:
    """Return frames of each recording, evenly spread, about as many of each subject."""
    names, own = np.unique(subjects, return_inverse=True)
    total = np.bincount(own, weights=lengths)
    wanted = max(MOST_FRAMES // len(names), LEAST_FRAMES)
    chosen = []
    for length, subject in zip(lengths, own, strict=True):
        count = max(1, min(length, round(wanted * length / total[subject])))
        chosen.append(np.linspace(0, length - 1, count).round().astype(int))
    return chosen
