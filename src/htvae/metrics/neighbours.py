"""Nearest neighbours: whether generated motion is as varied as real motion, or a copy; who resembles whom.

Axes: ``n`` real rows, ``m`` other rows, ``P`` numbers per row.
"""

from dataclasses import dataclass

import numpy as np

NUM_NEIGHBOURS = 5
"""k: the ball around a real row ends at its k-th nearest real row."""
_BLOCK_ROWS = 1_000


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


@dataclass(frozen=True)
class NeighbourShare:
    """How often neighbours have the same value, such as the label."""

    share: float
    """Share of pairs of a row and one of its neighbours that have the same value, in [0, 1]."""
    chance: float
    """Mean of this share with values dealt out anew."""
    chance_high: float
    """95th percentile of this share with values dealt out anew."""
    num_pairs: int
    """Pairs that were counted."""


def find_nearest(
    rows: np.ndarray, num_neighbours: int, groups: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest other rows (n, k) of each row, and their distances (n, k), the nearest first.

    k is ``num_neighbours``, less where there are fewer other rows. Where a row has fewer neighbours, places
    are -1 and distances infinite. Memory grows with n, not with its square.

    Args:
        rows: (n, P).
        num_neighbours: k.
        groups: (n,); rows of one group, such as one subject, are no neighbours. None: all are.
    """
    count = max(min(num_neighbours, len(rows) - 1), 0)
    index, found = np.full((len(rows), count), -1), np.full((len(rows), count), np.inf)
    for start in range(0, len(rows), _BLOCK_ROWS):
        own = np.arange(start, min(start + _BLOCK_ROWS, len(rows)))
        distances = _distances(rows[own], rows)
        distances[own - start, own] = np.inf
        if groups is not None:
            distances[groups[own, None] == groups] = np.inf
        order = np.argsort(distances, axis=1, kind="stable")[:, :count]
        found[own] = np.take_along_axis(distances, order, axis=1)
        index[own] = np.where(np.isfinite(found[own]), order, -1)
    return index, found


def share_alike(
    nearest: np.ndarray, values: np.ndarray, num_shuffles: int, rng: np.random.Generator
) -> NeighbourShare:
    """Return how often neighbours have the same value, beside values dealt out to rows anew.

    Args:
        nearest: (n, k) from `find_nearest`, -1 where there is none.
        values: (n,) texts; rows with an empty text are not counted.
        num_shuffles: deals.
        rng: source of the deals.
    """
    known = np.array([bool(value) for value in values])
    row, place = np.nonzero((nearest >= 0) & known[:, None])
    other = nearest[row, place]
    row, other = row[known[other]], other[known[other]]
    if not len(row):
        return NeighbourShare(float("nan"), float("nan"), float("nan"), 0)
    index = np.unique(values, return_inverse=True)[1]
    shares = []
    for deal in range(num_shuffles + 1):
        if deal:
            index = index.copy()
            index[known] = rng.permutation(index[known])
        shares.append(float((index[row] == index[other]).mean()))
    high = float(np.quantile(shares[1:], 0.95))
    return NeighbourShare(shares[0], float(np.mean(shares[1:])), high, len(row))


def _distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return Euclidean distances (m, n)."""
    from scipy.spatial.distance import cdist

    return cdist(first, second)
