"""A hidden Markov model with full Gaussian emissions, for many sequences at once.

What is unusual:

- Emissions count less than they say (``temper``): neighbouring windows share frames, and are no independent
  evidence.
- The chance to stay in a state is fixed by the length of a bout that is looked for; all other states follow
  with equal chance. So what recurs is found by how it looks, not by what it follows.
- All sequences go through one loop over time, padded at their ends.

Axes: ``n`` vectors of all sequences, ``F`` features, ``K`` states, ``R`` sequences, ``T`` vectors of the
longest sequence.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEAST_VARIANCE = 0.02
"""Share of the features' own variance that is added to every state's."""
LEAST_COUNT = 2.0
"""Least vectors (expected) of a state; with fewer it keeps its Gaussian."""


@dataclass(frozen=True, eq=False)
class GaussianStates:
    """The Gaussian of each state."""

    means: np.ndarray
    """(K, F)."""
    covariances: np.ndarray
    """(K, F, F)."""
    counts: np.ndarray
    """(K,) vectors that each was estimated from."""

    def __len__(self) -> int:
        return len(self.means)

    def log_likelihood(self, vectors: "Vectors") -> np.ndarray:
        """Return (n, K): the log density of each vector in each state, nats."""
        precisions = np.linalg.inv(self.covariances)
        linear = np.einsum("kfg,kg->kf", precisions, self.means)
        size = self.means.shape[1]
        constant = np.einsum("kf,kf->k", linear, self.means) + size * np.log(2 * np.pi)
        constant += np.linalg.slogdet(self.covariances)[1]
        rows, columns = np.triu_indices(size)
        pairs = precisions[:, rows, columns] * np.where(rows == columns, 1, 2)
        return vectors.features @ linear.T - 0.5 * (vectors.products @ pairs.T + constant)


@dataclass(frozen=True, eq=False)
class Vectors:
    """Vectors, and the products of their features: with them a Gaussian is a sum."""

    features: np.ndarray
    """(n, F)."""
    products: np.ndarray
    """(n, F (F + 1) / 2): of each pair of features, each feature with itself among them."""

    @classmethod
    def of(cls, features: np.ndarray) -> "Vectors":
        """Return vectors with their products."""
        rows, columns = np.triu_indices(features.shape[1])
        products = features[:, rows]
        products *= features[:, columns]
        return cls(features, products)

    def __len__(self) -> int:
        return len(self.features)


@dataclass(frozen=True)
class Chain:
    """What is known of states' order: how long they last, and how much one vector says."""

    stay: float
    """Chance (0..1) that the next vector has the same state."""
    temper: float
    """Factor (0..1) of log-likelihoods."""

    def leave(self, num_states: int) -> float:
        """Return the chance to go from a state to one other."""
        return (1 - self.stay) / max(num_states - 1, 1)

    def step(self, chances: np.ndarray) -> np.ndarray:
        """Return the chances (..., K) one vector later, or earlier: both are the same."""
        if chances.shape[-1] == 1:
            return chances
        leave = self.leave(chances.shape[-1])
        return (self.stay - leave) * chances + leave * chances.sum(-1, keepdims=True)


def estimate_states(vectors: Vectors, shares: np.ndarray, before: GaussianStates | None) -> GaussianStates:
    """Return the Gaussians of states from the share (n, K) that each vector has in them.

    A state with fewer than `LEAST_COUNT` vectors keeps its Gaussian of ``before``.
    """
    counts = shares.sum(0)
    safe = np.maximum(counts, 1e-9)[:, None]
    size = vectors.features.shape[1]
    means = shares.T @ vectors.features / safe
    rows, columns = np.triu_indices(size)
    covariances = np.empty((len(counts), size, size))
    covariances[:, rows, columns] = shares.T @ vectors.products / safe - means[:, rows] * means[:, columns]
    covariances[:, columns, rows] = covariances[:, rows, columns]
    covariances += LEAST_VARIANCE * np.diag(vectors.features.var(0) + 1e-9)
    if before is not None:
        rare = counts < LEAST_COUNT
        means[rare], covariances[rare] = before.means[rare], before.covariances[rare]
    return GaussianStates(means, covariances, counts)


def infer_shares(
    log_likelihood: np.ndarray, lengths: Sequence[int], chain: Chain
) -> tuple[np.ndarray, float]:
    """Return the chance (n, K) of each state at each vector given its whole sequence, and the evidence.

    Args:
        log_likelihood: (n, K) of all vectors, sequence after sequence, nats.
        lengths: vectors of each sequence.
        chain: order of states.

    Returns:
        Chances, and the tempered log-likelihood of all sequences, nats.

    Source: Rabiner 1989, "A Tutorial on Hidden Markov Models", section III, with scaling.
    """
    peaks = log_likelihood.max(1, keepdims=True)
    likelihood = np.exp(chain.temper * _pad(log_likelihood - peaks, lengths))
    forward, scales = np.empty_like(likelihood), np.empty((*likelihood.shape[:2], 1))
    state = np.full(likelihood.shape[1:], 1 / likelihood.shape[2])
    for t, now in enumerate(likelihood):
        state = (chain.step(state) if t else state) * now
        scales[t] = state.sum(1, keepdims=True)
        state = forward[t] = state / scales[t]
    backward = np.ones_like(state)
    for t in range(len(likelihood) - 2, -1, -1):
        backward = chain.step(backward * likelihood[t + 1]) / scales[t + 1]
        forward[t] *= backward
    inside = _inside(lengths)
    shares = forward.swapaxes(0, 1)[inside]
    evidence = np.log(scales[..., 0]).T[inside].sum() + chain.temper * peaks.sum()
    return shares / shares.sum(1, keepdims=True), float(evidence)


def find_path(
    log_likelihood: np.ndarray, lengths: Sequence[int], chain: Chain, least_length: int = 1
) -> np.ndarray:
    """Return the likeliest states (n,), each stay ``least_length`` vectors long at least.

    Stays may be shorter at the ends of a sequence. A state is unrolled into ``least_length`` steps, and only
    the last may be repeated or left.

    Args:
        log_likelihood: (n, K) of all vectors, sequence after sequence, nats.
        lengths: vectors of each sequence.
        chain: order of states.
        least_length: vectors, at least 1.

    Source: Rabiner 1989, section III.B.
    """
    evidence = _pad(chain.temper * log_likelihood, lengths)
    scores, origin, fresh = _search(evidence, chain, least_length)
    rows, last = np.arange(len(lengths)), least_length - 1
    step, state = np.divmod(scores.reshape(len(lengths), -1).argmax(1), log_likelihood.shape[1])
    path = np.empty(evidence.shape[:2], int)
    for t in range(len(evidence) - 1, -1, -1):
        path[t] = state
        repeats = (step == last) & ~fresh[t, rows, state]
        enters = (step == 0) & ~repeats
        step = np.where(repeats | enters, last, step - 1)
        state = np.where(enters, origin[t, rows, state], state)
    return path.T[_inside(lengths)]


def _search(
    evidence: np.ndarray, chain: Chain, least_length: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the scores of the best paths, and where they came from.

    Args:
        evidence: (T, R, K) tempered log-likelihoods.
        chain: order of states.
        least_length: M, steps of a stay.

    Returns:
        The score (R, M, K) of the best path that ends at each step of each state; the state (T, R, K) that a
        stay which begins at t comes from; whether a last step (T, R, K) is a stay's first of this kind.
    """
    num_states = evidence.shape[2]
    stay, leave = (np.log(max(x, 1e-300)) for x in (chain.stay, chain.leave(num_states)))
    origin, fresh = np.zeros(evidence.shape, np.int16), np.zeros(evidence.shape, bool)
    scores = np.repeat(evidence[0][:, None], least_length, axis=1)
    for t in range(1, len(evidence)):
        others, origin[t] = _best_other(scores[:, -1])
        repeated = scores[:, -1] + stay
        scores = np.concatenate([(others + leave)[:, None], scores[:, :-1] + stay], axis=1)
        fresh[t] = scores[:, -1] > repeated
        scores[:, -1] = np.maximum(scores[:, -1], repeated)
        scores += evidence[t][:, None]
    return scores, origin, fresh


def _best_other(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the best score among all other states, and its state, for each state: (R, K) both."""
    num_states = scores.shape[1]
    if num_states == 1:
        return np.full(scores.shape, -np.inf), np.zeros(scores.shape, int)
    second, first = np.argsort(scores, axis=1)[:, -2:].T
    chosen = np.where(np.arange(num_states) == first[:, None], second[:, None], first[:, None])
    return np.take_along_axis(scores, chosen, axis=1), chosen


def _pad(values: np.ndarray, lengths: Sequence[int]) -> np.ndarray:
    """Return values (n, K) of all sequences as (T, R, K), zeros after the end of each."""
    padded = np.zeros((len(lengths), max(lengths), values.shape[1]))
    padded[_inside(lengths)] = values
    return np.ascontiguousarray(padded.swapaxes(0, 1))


def _inside(lengths: Sequence[int]) -> np.ndarray:
    """Return the mask (R, T) of real vectors."""
    inside: np.ndarray = np.arange(max(lengths)) < np.asarray(lengths)[:, None]
    return inside
