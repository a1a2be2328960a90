"""Fitting `PointNoise` to errors by maximum likelihood.

Few numbers are fitted: a scale for each point and kind, and one gain for each kind. Each is drawn towards the
learned scale, and the gain towards 0, as if `PRIOR_COORDINATES` coordinates had spoken for that: where errors
are few, the noise stays what the model has learned.

Axes: ``T`` frames, ``N`` points, ``D`` coordinates, ``K`` kinds (seen by the model, hidden from it), ``n``
coordinates.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from htvae.inference.point_noise import DEGREES, PointNoise, measure_speed
from htvae.metrics.likelihoods import student_nll

PRIOR_COORDINATES = 200.0
"""Weight of the learned scale, in coordinates. Errors of neighbouring frames are alike, so that these many
coordinates say little more than ten independent ones."""
SCALE_RATIO = 3**-0.5
"""Scale over the standard deviation of Student's t distribution with 3 degrees of freedom."""
LEAST_SPEED = 1e-4
"""Smallest usual speed, torso lengths per frame."""
MOST_STEPS = 100
"""Iterations of L-BFGS at most; it takes some twenty."""


@dataclass(frozen=True, eq=False)
class Errors:
    """A recording's errors of one kind of points."""

    error: np.ndarray
    """(T, N, D) in torso lengths, NaN where nothing is scored."""
    pose: np.ndarray
    """Reconstruction (T, N, D)."""


def fit_noise(seen: Sequence[Errors], hidden: Sequence[Errors], learned: np.ndarray) -> PointNoise:
    """Return the noise under which errors are most likely.

    Args:
        seen: errors of points that the model saw; at least one recording.
        hidden: errors of points that were hidden from it.
        learned: (K, N) learned scale, torso lengths.
    """
    usual = np.median(np.concatenate([measure_speed(part.pose) for part in seen]), axis=0)
    usual = np.maximum(usual, LEAST_SPEED)
    fits = [_fit_kind(part, start, usual) for part, start in zip((seen, hidden), learned, strict=True)]
    return PointNoise(
        log_scale=np.stack([log_scale for log_scale, _ in fits]),
        gain=np.array([gain for _, gain in fits]),
        usual_speed=usual,
    )


def _fit_kind(errors: Sequence[Errors], learned: np.ndarray, usual: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the logarithms (N,) of the scales, and the gain, of one kind."""
    start = torch.from_numpy(np.log(learned * SCALE_RATIO))
    offset = torch.zeros(len(usual) + 1, dtype=torch.float64, requires_grad=True)
    error, faster, point = _flatten(errors, usual)
    optimizer = torch.optim.LBFGS([offset], max_iter=MOST_STEPS, line_search_fn="strong_wolfe")

    def score() -> Tensor:
        log_scale = (start + offset[:-1])[point] + offset[-1] * faster
        nats = student_nll(error, log_scale.exp(), DEGREES).sum()
        total: Tensor = nats + PRIOR_COORDINATES / 2 * offset.square().sum()
        return total / (len(error) + PRIOR_COORDINATES)

    def close() -> Tensor:
        optimizer.zero_grad()
        value = score()
        value.backward()
        return value

    with torch.enable_grad():
        optimizer.step(close)
    found = offset.detach()
    return (start + found[:-1]).numpy(), float(found[-1])


def _flatten(errors: Sequence[Errors], usual: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
    """Return of each scored coordinate (n,) its error, log(1 + speed / usual speed) and its point's index."""
    parts: list[tuple[np.ndarray, ...]] = [(np.zeros(0), np.zeros(0), np.zeros(0, int))]
    for own in errors:
        faster = np.log1p(measure_speed(own.pose) / usual)
        points = np.broadcast_to(np.arange(len(usual)), faster.shape)
        scored = np.isfinite(own.error)
        wide = (np.broadcast_to(value[..., None], scored.shape)[scored] for value in (faster, points))
        parts.append((own.error[scored].astype(np.float64), *wide))
    error, faster, point = (torch.from_numpy(np.concatenate(part)) for part in zip(*parts, strict=True))
    return error, faster, point
