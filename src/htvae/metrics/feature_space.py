"""The space that distances between motions are measured in.

Axes: ``n`` windows, ``F`` features, ``P`` components.
"""

from dataclasses import dataclass

import numpy as np

NUM_COMPONENTS = 32
"""P; what lies outside of the components counts for nothing."""


@dataclass(frozen=True, eq=False)
class FeatureSpace:
    """Features in units of their spread among real windows, in the directions in which these differ most."""

    mean: np.ndarray
    """(F,)."""
    spread: np.ndarray
    """(F,), 1 where a feature is constant."""
    components: np.ndarray
    """(F, P)."""

    @classmethod
    def fit(cls, reference: np.ndarray) -> "FeatureSpace":
        """Fit the space to the features (n, F) of real windows."""
        mean, spread = reference.mean(axis=0, dtype=np.float64), reference.std(axis=0, dtype=np.float64)
        spread = np.where(spread > 1e-6, spread, 1.0)
        standardised = (reference - mean) / spread
        _, vectors = np.linalg.eigh(standardised.T @ standardised)
        return cls(mean, spread, vectors[:, -NUM_COMPONENTS:])

    def project(self, features: np.ndarray) -> np.ndarray:
        """Return features (n, F) in this space, (n, P)."""
        return (features - self.mean) / self.spread @ self.components
