"""What the nearest neighbours of generated motion tell: is it like real motion, as varied, or a copy?

Axes: ``n`` real rows, ``m`` other rows, ``P`` numbers per row.
"""

import numpy as np

NUM_NEIGHBOURS = 5
"""k: a real row's surroundings reach as far as its k-th nearest real row."""


def measure_density_coverage(
    real: np.ndarray, other: np.ndarray, num_neighbours: int = NUM_NEIGHBOURS
) -> tuple[float, float]:
    """Return how densely other rows lie among real ones, and how many real ones they reach.

    Around each real row is a ball up to its k-th nearest real row. *Density*: in how many balls an other row
    lies, on average, over k. *Coverage*: the share of real rows whose ball holds an other row. Both depend on
    n and m, so compare them with what as many real rows give that are not among ``real``.

    Args:
        real: (n, P), more than k rows.
        other: (m, P), at least one.
        num_neighbours: k.

    Returns:
        Density, 0 or more and about 1 where both are alike; coverage in [0, 1].

    Raises:
        ValueError: too few rows.

    Source: Naeem et al. 2020, "Reliable Fidelity and Diversity Metrics for Generative Models", eq. 6 and 7,
    their X being our real, Y our other rows.
    """
    if len(real) <= num_neighbours or not len(other):
        raise ValueError(
            f"Density and coverage must have more than {num_neighbours} real rows and at least one other, "
            f"but got {len(real)} and {len(other)}. Use more recordings."
        )
    among = _distances(real, real)  # a row's nearest is itself
    radius = np.partition(among, num_neighbours, axis=1)[:, num_neighbours]
    inside = _distances(real, other) <= radius[:, None]
    return float(inside.sum(axis=0).mean() / num_neighbours), float(inside.any(axis=1).mean())


def find_nearest_distances(rows: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return (m,), the distance of each row (m, P) from the nearest of the reference (n, P)."""
    return _distances(rows, reference).min(axis=1)


def _distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return Euclidean distances (m, n)."""
    from scipy.spatial.distance import cdist

    return cdist(first, second)
