"""Figures of heads, against a slow loop."""

import numpy as np
import pytest

from htvae.analysis.attention.heads import HeadSums, describe_rows


@pytest.fixture
def weights():
    """Weights (layer 2, S 3, H 2, N 5, N 5) whose masked positions have none."""
    rng, mask = np.random.default_rng(0), np.ones((3, 5), dtype=bool)
    mask[2, 3:] = False
    drawn = rng.random((2, 3, 2, 5, 5)) * mask[:, None, None]
    return drawn / drawn.sum(-1, keepdims=True), mask


def slow_row(row, query, mask, step):
    keys = np.flatnonzero(mask)
    entropy = -sum(row[k] * np.log(row[k]) for k in keys)
    places = [k for k in keys if k > 0]
    distance = even = np.nan
    if query > 0:
        distance = sum(row[k] * abs(k - query) * step for k in places) / sum(row[k] for k in places)
        even = np.mean([abs(k - query) * step for k in places])
    return [entropy, entropy / np.log(len(keys)), distance, even, row[query], row[0]]


def test_rows_and_means_are_those_of_a_slow_loop(weights):
    weights, mask = weights
    rows, sums = describe_rows(weights, mask, step=4), HeadSums("local", ("summary", "tokens"))
    sums.add(rows, mask)
    sums.add(describe_rows(weights[:, :1], mask[:1], step=4), mask[:1])  # a second window
    found = sums.means()
    assert len(found) == 2 * 2 * 2
    for figures in found:
        layer, head = figures.layer - 1, figures.head - 1
        queries = [
            slow_row(weights[layer, s, head, n], n, mask[s], 4)
            for s in (0, 1, 2, 0)
            for n in np.flatnonzero(mask[s])
            if (n == 0) == (figures.query == "summary")
        ]
        assert figures.num_queries == len(queries)
        means = np.mean(queries, axis=0)
        values = (figures.entropy, figures.entropy_share, figures.distance, figures.even_distance)
        assert (*values, figures.self_share, figures.token_share) == pytest.approx(tuple(means), nan_ok=True)


def test_equal_weights_are_as_spread_as_can_be():
    rows = describe_rows(np.full((1, 1, 1, 4, 4), 0.25), np.ones((1, 4), dtype=bool), step=10)
    assert rows.entropy_share == pytest.approx(1)
    assert rows.distance[..., 1:] == pytest.approx(rows.even_distance[..., 1:])
    assert rows.distance[0, 0, 0, 1:] == pytest.approx([10, 20 / 3, 10])


def test_a_stack_of_one_place():
    weights = np.array([[0.5, 0.5], [0.2, 0.8]])[None, None, None]
    rows = describe_rows(weights, np.ones((1, 2), dtype=bool), step=10)
    assert rows.distance[0, 0, 0, 1] == rows.even_distance[0, 0, 0, 1] == 0
    assert rows.entropy_share[0, 0, 0, 0] == pytest.approx(1)
