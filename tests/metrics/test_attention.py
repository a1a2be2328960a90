"""Figures of attention weights, by hand."""

import math

import numpy as np
import pytest

from htvae.metrics.attention import attention_entropy, mean_distance, roll_out_attention


def test_entropy_of_equal_and_of_certain_weights():
    weights = np.array([[0.25, 0.25, 0.25, 0.25], [0, 1, 0, 0], [0.5, 0, 0.5, 0]])
    assert attention_entropy(weights) == pytest.approx([math.log(4), 0, math.log(2)])


def test_mean_distance_leaves_out_what_the_weights_lack():
    distances = np.array([[0.0, 6.0, 12.0]])
    weights = np.array([[0.2, 0.1, 0.1], [0.0, 0.0, 0.0]])[:, None]
    assert mean_distance(weights, distances)[:, 0] == pytest.approx([(0.6 + 1.2) / 0.4, 0])


def test_rollout_of_layers_that_look_at_themselves_is_the_identity():
    assert roll_out_attention(np.tile(np.eye(3), (4, 2, 1, 1))) == pytest.approx(np.eye(3))


def test_rollout_follows_a_path_through_two_layers():
    """Layer 1: position 1 copies 2. Layer 2: position 0 copies 1. Half of everything stays where it is."""
    first, second = np.eye(3), np.eye(3)
    first[1], second[0] = [0, 0, 1], [0, 1, 0]
    rolled = roll_out_attention(np.stack([first, second])[:, None])
    assert rolled[0] == pytest.approx([0.5, 0.25, 0.25])
    assert rolled.sum(axis=1) == pytest.approx([1, 1, 1])


def test_rollout_averages_heads():
    rng = np.random.default_rng(0)
    weights = rng.dirichlet(np.ones(5), size=(3, 2, 5))
    same = weights.mean(axis=1, keepdims=True)
    assert roll_out_attention(weights) == pytest.approx(roll_out_attention(same))
