"""How far points lie from their reconstruction: noise calibrated on people whom the model does not know.

- The learned scale is one number a point, fitted to training recordings. It is too sure of other people, and
  knows nothing of speed: a wrist that flies errs more than one that rests.
- Here, errors have Student's t distribution with 3 degrees of freedom, whose scale follows the point's own
  speed in the reconstruction.

Axes: ``T`` frames, ``N`` points, ``D`` coordinates, ``K`` kinds (seen by the model, hidden from it).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from htvae.metrics.likelihoods import student_nll

DEGREES = 3.0
"""Degrees of freedom."""
NORMAL_RATIO = 2.353 / 1.645
"""Standard deviation of the normal distribution whose middle 90 % are as wide as this one's, over the scale.
Source: the 95th percentiles of Student's t distribution with 3 degrees of freedom, and of the normal one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PointNoise:
    """Noise of a point: ``log scale = log_scale + gain * log(1 + speed / usual_speed)``."""

    log_scale: np.ndarray
    """Logarithm (K, N) of the scale (torso lengths) at rest."""
    gain: np.ndarray
    """How the logarithm of the scale follows the speed, (K,)."""
    usual_speed: np.ndarray
    """Usual speed (N,) of each point, torso lengths per frame."""

    def __post_init__(self) -> None:
        points = len(self.usual_speed)
        if self.log_scale.shape != (2, points) or self.gain.shape != (2,):
            raise ValueError("its noise has an unequal number of points")
        known = all(np.isfinite(part).all() for part in (self.log_scale, self.gain, self.usual_speed))
        if not known or not (self.usual_speed > 0).all():
            raise ValueError("its noise has numbers that are not finite, or a speed that is not above 0")

    def scale(self, pose: np.ndarray, observed: np.ndarray) -> np.ndarray:
        """Return the scale (T, N) of the errors, torso lengths.

        Args:
            pose: (T, N, D), the reconstruction.
            observed: (T, N) bool, True where the model saw the point.
        """
        faster = np.log1p(measure_speed(pose) / self.usual_speed)
        log_scale = np.where(
            observed, *(self.log_scale + self.gain[:, None] * faster[:, None]).swapaxes(0, 1)
        )
        found: np.ndarray = np.exp(log_scale).astype(np.float32)
        return found

    def nll(self, error: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """Return the negative log-likelihood (nats) of errors (T, N, D), given their scale (T, N)."""
        nats = student_nll(torch.from_numpy(error), torch.from_numpy(scale)[..., None], DEGREES)
        return nats.numpy()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for a model file."""
        return {name: value.tolist() for name, value in vars(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any] | None) -> "PointNoise | None":
        """Return the noise in a model file's values, None where the file has none.

        Raises:
            ValueError: the values contradict each other.
        """
        if not values:
            return None
        return cls(**{name: np.array(values[name], np.float64) for name in cls.__dataclass_fields__})


def measure_speed(pose: np.ndarray) -> np.ndarray:
    """Return the speed (T, N) of each point, torso lengths per frame.

    It is half of the way from the frame before to the frame after; at the ends, the way from or to the
    neighbour.

    Args:
        pose: (T, N, D) without missing points.
    """
    if len(pose) < 2:
        return np.zeros(pose.shape[:2])
    speed: np.ndarray = np.linalg.norm(np.gradient(pose.astype(np.float64), axis=0), axis=-1)
    return speed
