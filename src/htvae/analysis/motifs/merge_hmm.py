"""Motifs by a merged hidden Markov model: many small states, joined until the wanted number is left.

1. k-means puts many states into the features, and a few rounds of expectation and maximisation fit a hidden
   Markov model.
2. The two states that cost the fewest nats to describe by one Gaussian are joined, again and again. The order
   of joining is a tree.
3. More rounds fit the model that is left. Of several seeds the one with the highest likelihood is kept.

Starting with many states makes the result depend little on where k-means began; joining finds motifs of any
shape that k-means cuts into pieces.

Axes: ``n`` vectors, ``F`` features, ``K`` states.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from htvae.analysis.motifs.hmm import Chain, GaussianStates, Vectors, estimate_states, infer_shares

FIRST_STATES = 40
"""States before joining; twice the wanted number where that is more."""
FIRST_ROUNDS, LAST_ROUNDS = 6, 12
"""Rounds before and after joining."""
NUM_STARTS = 8
"""Starts of which the best is kept."""
MOST_FOR_KMEANS = 10_000
"""Vectors that k-means is started with, at most."""


class Join(NamedTuple):
    """One step of joining states."""

    kept: int
    """State that both become, in the numbering at that time."""
    removed: int
    """State that is left out; later states move up by one."""
    cost: float
    """Nats that one Gaussian costs over two."""


@dataclass(frozen=True, eq=False)
class MergedStates:
    """A fitted model."""

    states: GaussianStates
    chain: Chain
    evidence: float
    """Tempered log-likelihood of the training vectors, nats."""


def fit_states(
    features: np.ndarray,
    lengths: Sequence[int],
    num_states: int,
    chain: Chain,
    seed: int = 0,
    advance: Callable[[int], Any] = lambda done: None,
) -> MergedStates:
    """Return the best of several fits.

    Args:
        features: (n, F) of all sequences, one after the other.
        lengths: vectors of each sequence.
        num_states: K, at least 1.
        chain: order of states.
        seed: seed of k-means.
        advance: called with the number of starts that are done.
    """
    found, vectors = [], Vectors.of(features)
    first = count_first(len(features), features.shape[1], num_states)
    for start in range(NUM_STARTS):
        states = _start(vectors, first, seed, start)
        states, _ = run_rounds(vectors, lengths, states, chain, FIRST_ROUNDS)
        found.append(run_rounds(vectors, lengths, merge_states(states, num_states)[0], chain, LAST_ROUNDS))
        advance(start + 1)
    states, evidence = max(found, key=lambda pair: pair[1])
    return MergedStates(_order(states), chain, evidence)


def count_first(num_vectors: int, num_features: int, num_states: int) -> int:
    """Return how many states to begin with: as many as there are vectors for, and ``num_states`` at least."""
    wanted = max(FIRST_STATES, 2 * num_states)
    return max(num_states, min(wanted, num_vectors // num_features))


def run_rounds(
    vectors: Vectors, lengths: Sequence[int], states: GaussianStates, chain: Chain, rounds: int
) -> tuple[GaussianStates, float]:
    """Return states after rounds of expectation and maximisation, and the evidence of the round before.

    Source: Baum, Petrie, Soules & Weiss 1970; Rabiner 1989, section III.C.
    """
    evidence = -np.inf
    for _ in range(rounds):
        shares, evidence = infer_shares(states.log_likelihood(vectors), lengths, chain)
        states = estimate_states(vectors, shares, states)
    return states, evidence


def merge_states(states: GaussianStates, num_states: int) -> tuple[GaussianStates, list[Join]]:
    """Join the two states that one Gaussian describes at the least cost, until ``num_states`` are left.

    Returns:
        The states that are left, and the joins in their order.
    """
    means, covariances, counts = list(states.means), list(states.covariances), list(states.counts)
    joins: list[Join] = []
    costs = _all_costs(means, covariances, counts)
    while len(means) > num_states:
        i, j = sorted(int(x) for x in np.unravel_index(np.argmin(costs), costs.shape))
        joins.append(Join(i, j, float(costs[i, j])))
        means[i], covariances[i], counts[i] = _join(
            (means[i], covariances[i], counts[i]), (means[j], covariances[j], counts[j])
        )
        for part in (means, covariances, counts):
            del part[j]
        costs = np.delete(np.delete(costs, j, 0), j, 1)
        for k in range(len(means)):
            if k != i:
                a, b = min(i, k), max(i, k)
                costs[a, b] = _cost(
                    (means[a], covariances[a], counts[a]), (means[b], covariances[b], counts[b])
                )
    return GaussianStates(np.array(means), np.array(covariances), np.array(counts)), joins


_State = tuple[np.ndarray, np.ndarray, float]


def _all_costs(
    means: Sequence[np.ndarray], covariances: Sequence[np.ndarray], counts: Sequence[float]
) -> np.ndarray:
    costs = np.full((len(means), len(means)), np.inf)
    parts = list(zip(means, covariances, counts, strict=True))
    for a in range(len(parts)):
        for b in range(a + 1, len(parts)):
            costs[a, b] = _cost(parts[a], parts[b])
    return costs


def _cost(first: _State, second: _State) -> float:
    """Return the nats that describing two states by one Gaussian costs, over a description by two."""
    _, covariance, count = _join(first, second)
    return 0.5 * (
        count * _log_det(covariance) - first[2] * _log_det(first[1]) - second[2] * _log_det(second[1])
    )


def _join(first: _State, second: _State) -> _State:
    """Return the Gaussian of two states' vectors together."""
    count = max(first[2] + second[2], 1e-9)
    share = first[2] / count
    mean = share * first[0] + (1 - share) * second[0]
    apart = first[0] - second[0]
    between = share * (1 - share) * np.outer(apart, apart)
    return mean, share * first[1] + (1 - share) * second[1] + between, count


def _log_det(covariance: np.ndarray) -> float:
    return float(np.linalg.slogdet(covariance)[1])


def _start(vectors: Vectors, num_states: int, seed: int, start: int) -> GaussianStates:
    """Return states by k-means, on a random part of the vectors where they are many."""
    from sklearn.cluster import KMeans

    rng, features = np.random.default_rng((seed, start)), vectors.features
    chosen = rng.permutation(len(features))[:MOST_FOR_KMEANS]
    means = KMeans(num_states, n_init=1, random_state=int(rng.integers(2**31))).fit(features[np.sort(chosen)])
    return estimate_states(vectors, np.eye(num_states)[means.predict(features)], None)


def _order(states: GaussianStates) -> GaussianStates:
    """Return states in order of their frequency, the commonest first."""
    order = np.argsort(-states.counts, kind="stable")
    return GaussianStates(states.means[order], states.covariances[order], states.counts[order])
