"""Joining states: costs by hand, the order of joins, and planted states found again."""

import numpy as np
import pytest

from htvae.analysis.motifs.hmm import Chain, GaussianStates, Vectors, find_path
from htvae.analysis.motifs.merge_hmm import count_first, fit_states, merge_states
from htvae.metrics.agreement import measure_agreement


def make_states(places, counts):
    means = np.array(places, float)[:, None]
    return GaussianStates(means, np.ones((len(places), 1, 1)), np.array(counts, float))


def test_the_nearest_states_are_joined_first_and_what_it_costs():
    joined, joins = merge_states(make_states([0, 1, 10], [30, 10, 20]), 1)
    assert [(j.kept, j.removed) for j in joins] == [(0, 1), (0, 1)]
    variance = 1 + 0.75 * 0.25 * 1.0**2  # of 30 vectors around 0 and 10 around 1
    assert joins[0].cost == pytest.approx(0.5 * 40 * np.log(variance))
    assert joins[1].cost > joins[0].cost
    assert joined.counts.tolist() == [60]
    assert joined.means[0, 0] == pytest.approx((30 * 0 + 10 * 1 + 20 * 10) / 60)


def test_the_states_left_are_the_wanted_number():
    assert len(merge_states(make_states([0, 1, 10, 11], [5, 5, 5, 5]), 2)[0]) == 2
    assert merge_states(make_states([0, 1], [5, 5]), 2)[1] == []


def test_first_states_are_as_many_as_there_are_vectors_for():
    assert count_first(100_000, 24, 10) == 40
    assert count_first(100_000, 24, 30) == 60
    assert count_first(240, 24, 3) == 10
    assert count_first(24, 24, 3) == 3


@pytest.fixture(scope="module")
def planted():
    """Features (n, 4) of four sequences with three states, two of them of one mean and different spread."""
    rng, chances = np.random.default_rng(3), []
    for _ in range(4):
        chances.append(np.repeat(rng.permutation(np.tile(np.arange(3), 8)), 12))
    truth = np.concatenate(chances)
    means = np.array([[4, 0, 0, 0], [0, 4, 0, 0], [0, 4, 0, 0]])
    spreads = np.array([[1, 1, 1, 1], [1, 1, 0.3, 0.3], [1, 1, 3, 3]])
    return means[truth] + spreads[truth] * rng.normal(size=(len(truth), 4)), [len(c) for c in chances], truth


def test_planted_states_are_found_again(planted):
    features, lengths, truth = planted
    chain = Chain(stay=0.9, temper=0.5)
    fitted = fit_states(features, lengths, 3, chain, seed=0)
    found = find_path(fitted.states.log_likelihood(Vectors.of(features)), lengths, chain)
    assert measure_agreement([found], [truth], 1)["accuracy"] > 0.95
    assert (np.diff(fitted.states.counts) <= 0).all()


def test_one_seed_gives_one_answer_and_reports_every_start(planted):
    features, lengths, _ = planted
    chain, done = Chain(stay=0.9, temper=0.5), []
    first, second = (fit_states(features, lengths, 2, chain, 5, done.append) for _ in range(2))
    assert (first.states.means == second.states.means).all() and first.evidence == second.evidence
    assert done == [*range(1, 9), *range(1, 9)]
