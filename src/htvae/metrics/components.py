"""Principal components of rows, and how many of them carry the variance.

Axes: ``n`` rows, ``d`` numbers, ``k`` components.
"""

from dataclasses import dataclass

import numpy as np

_ROUNDING = 1e-6
"""Spread of a component, relative to the first, that is rounding."""


@dataclass(frozen=True, eq=False)
class Components:
    """Principal components, the largest first; fewer than two rows have none."""

    mean: np.ndarray
    """(d,)."""
    directions: np.ndarray
    """(k, d), orthonormal; each points to where its largest number is positive."""
    variances: np.ndarray
    """(k,), of the rows along each direction."""
    num_rows: int
    """n; k is at most n - 1."""

    @classmethod
    def fit(cls, rows: np.ndarray) -> "Components":
        """Return the components of rows (n, d)."""
        rows = np.asarray(rows, np.float64)
        mean = rows.mean(axis=0)
        if len(rows) < 2 or not rows.shape[1]:
            return cls(mean, np.zeros((0, rows.shape[1])), np.zeros(0), len(rows))
        _, strength, directions = np.linalg.svd(rows - mean, full_matrices=False)
        kept = strength > _ROUNDING * max(float(strength[0]), 1e-12)
        directions, strength = directions[kept], strength[kept]
        largest = np.take_along_axis(directions, np.abs(directions).argmax(axis=1, keepdims=True), axis=1)
        return cls(mean, directions * np.sign(largest), strength**2 / len(rows), len(rows))

    @property
    def shares(self) -> np.ndarray:
        """Share (k,) of the variance that each component has."""
        shares: np.ndarray = self.variances / max(float(self.variances.sum()), 1e-300)
        return shares

    @property
    def spreads(self) -> np.ndarray:
        """Standard deviation (k,) of the rows along each component."""
        spreads: np.ndarray = np.sqrt(self.variances)
        return spreads

    @property
    def participation_ratio(self) -> float:
        """Return how many components the variance is spread over: ``(sum v)^2 / sum v^2``, in [1, k].

        It is k if all variances are equal, and 1 if one component has all; NaN without components. Few rows
        lower it.

        Source: Gao et al. 2017, "A theory of multineuronal dimensionality, dynamics and measurement".
        """
        total = float(self.variances.sum())
        return total**2 / float(np.square(self.variances).sum()) if total > 0 else float("nan")

    def project(self, rows: np.ndarray) -> np.ndarray:
        """Return the scores (n, k) of rows (n, d)."""
        scores: np.ndarray = (np.asarray(rows, np.float64) - self.mean) @ self.directions.T
        return scores
