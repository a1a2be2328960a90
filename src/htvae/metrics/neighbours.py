"""Whether generated motion is as varied as real motion, or a copy, by its nearest neighbours.

Axes: ``n`` real rows, ``m`` other rows, ``P`` numbers per row.
"""

import numpy as np

NUM_NEIGHBOURS = 5
"""k: the ball around a real row ends at its k-th nearest real row."""


def measure_coverage(real: np.ndarray, other: np.ndarray, num_neighbours: int = NUM_NEIGHBOURS) -> float:
    """Return the share of real rows that other rows reach.

    Around each real row is a ball up to its k-th nearest real row. A real row is reached where its ball holds
    an other row. The share depends on n and m, so compare it with what as many real rows give that are not
    among ``real``.

    Args:
        real: (n, P), more than k rows.
        other: (m, P), at least one.
        num_neighbours: k.

    Returns:
        In [0, 1].

    Raises:
        ValueError: too few rows.

    Source: Naeem et al. 2020, "Reliable Fidelity and Diversity Metrics for Generative Models", eq. 7, their X
    being our real, Y our other rows.
    """
    if len(real) <= num_neighbours or not len(other):
        raise ValueError(
            f"Coverage must have more than {num_neighbours} real rows and at least one other, "
            f"but got {len(real)} and {len(other)}. Use more recordings."
        )
    among = _distances(real, real)  # a row's nearest is itself
    radius = np.partition(among, num_neighbours, axis=1)[:, num_neighbours]
    inside = _distances(real, other) <= radius[:, None]
    return float(inside.any(axis=1).mean())


def find_nearest_distances(rows: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return (m,), the distance of each row (m, P) from the nearest of the reference (n, P)."""
    return _distances(rows, reference).min(axis=1)


def measure_copying(rows: np.ndarray, reference: np.ndarray, groups: np.ndarray) -> float:
    """Return the share of rows that are nearer to a reference row than any row of another group is to that.

    Copies have a share of 1, real rows of yet another group about a half, wherever they lie: unlike a
    distance, it does not fall where everything lies close together. NaN where there is one group alone.

    Args:
        rows: (m, P), at least one.
        reference: (n, P), at least one.
        groups: (n,) int; rows of one group, such as one recording, may be alike.

    Source: Alaa et al. 2022, "How Faithful is your Synthetic Data? Sample-level Metrics for Evaluating and
    Auditing Generative Models", on authenticity: 1 minus this share, with every row its own group.
    """
    if len(np.unique(groups)) < 2:
        return np.nan
    among = _distances(reference, reference)
    among[groups[:, None] == groups] = np.inf
    distances = _distances(rows, reference)
    nearest = distances.argmin(axis=1)
    return float((distances.min(axis=1) < among.min(axis=1)[nearest]).mean())


def _distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return Euclidean distances (m, n)."""
    from scipy.spatial.distance import cdist

    return cdist(first, second)
