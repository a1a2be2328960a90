"""The hidden Markov model beside enumeration of all paths, and Gaussians beside scipy."""

import itertools

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from htvae.analysis.motifs.hmm import (
    LEAST_VARIANCE,
    Chain,
    GaussianStates,
    Vectors,
    estimate_states,
    find_path,
    infer_shares,
)

LENGTHS = [6, 4, 1, 5]


def score_path(path, evidence, chain, num_states):
    moves = [chain.stay if a == b else chain.leave(num_states) for a, b in itertools.pairwise(path)]
    return chain.temper * sum(evidence[t, k] for t, k in enumerate(path)) + np.log(moves).sum()


def lasts(path, least):
    runs = [len(list(run)) for _, run in itertools.groupby(path)]
    return all(length >= least for length in runs[1:-1])


@pytest.mark.parametrize("num_states", [1, 2, 3])
@pytest.mark.parametrize("least", [1, 2, 3])
def test_the_best_path_is_that_of_an_enumeration(least, num_states):
    rng = np.random.default_rng(least)
    chain = Chain(stay=0.7 if num_states > 1 else 1.0, temper=0.5)
    evidence = 2 * rng.normal(size=(sum(LENGTHS), num_states))
    found, start = find_path(evidence, LENGTHS, chain, least), 0
    for length in LENGTHS:
        own = evidence[start : start + length]
        paths = [p for p in itertools.product(range(num_states), repeat=length) if lasts(p, least)]
        best = max(paths, key=lambda path: score_path(path, own, chain, num_states))
        assert tuple(found[start : start + length]) == best
        start += length


def test_shares_and_evidence_are_sums_over_all_paths():
    rng, chain, num_states = np.random.default_rng(0), Chain(stay=0.6, temper=0.7), 3
    evidence = rng.normal(size=(sum(LENGTHS), num_states))
    shares, total = infer_shares(evidence, LENGTHS, chain)
    expected, start = 0.0, 0
    for length in LENGTHS:
        own, share = evidence[start : start + length], np.zeros((length, num_states))
        for path in itertools.product(range(num_states), repeat=length):
            chance = np.exp(score_path(path, own, chain, num_states)) / num_states
            share[range(length), path] += chance
        expected += np.log(share[0].sum())
        np.testing.assert_allclose(shares[start : start + length], share / share[0].sum(), rtol=1e-9)
        start += length
    assert total == pytest.approx(expected)


def test_likelihood_is_that_of_a_normal_distribution():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(2, 3, 3))
    states = GaussianStates(rng.normal(size=(2, 3)), root @ root.swapaxes(1, 2) + np.eye(3), np.ones(2))
    values = rng.normal(size=(5, 3))
    expected = [
        multivariate_normal(mean, covariance).logpdf(values)
        for mean, covariance in zip(states.means, states.covariances, strict=True)
    ]
    np.testing.assert_allclose(states.log_likelihood(Vectors.of(values)), np.stack(expected, axis=1))


def test_states_have_mean_and_covariance_of_their_vectors_and_a_floor():
    values = np.random.default_rng(0).normal(size=(50, 2))
    shares = np.zeros((50, 2))
    shares[:30, 0] = shares[30:, 1] = 1
    states = estimate_states(Vectors.of(values), shares, None)
    floor = LEAST_VARIANCE * np.diag(values.var(0))
    np.testing.assert_allclose(states.means[1], values[30:].mean(0))
    np.testing.assert_allclose(states.covariances[0], np.cov(values[:30].T, bias=True) + floor, atol=1e-8)
    assert states.counts.tolist() == [30, 20]


def test_a_state_without_vectors_keeps_its_gaussian():
    values = np.random.default_rng(0).normal(size=(50, 2))
    before = GaussianStates(np.ones((2, 2)), np.stack([np.eye(2)] * 2), np.ones(2))
    states = estimate_states(Vectors.of(values), np.eye(2)[np.zeros(50, int)], before)
    assert states.means[1].tolist() == [1, 1] and states.covariances[1].tolist() == np.eye(2).tolist()
