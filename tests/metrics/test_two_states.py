"""The chain of two states beside the sum over all its paths."""

import itertools

import numpy as np
import pytest

from htvae.metrics.two_states import compute_log_odds


def list_paths(evidence: np.ndarray, changes: np.ndarray, cost: float) -> np.ndarray:
    """Return the log odds by listing every path; the state outside of the recording is the first."""
    weights = np.zeros((2, len(evidence)))
    for path in itertools.product((0, 1), repeat=len(evidence)):
        score = -cost * (path[0] + path[-1]) + sum(evidence[t] for t in range(len(path)) if path[t])
        score += sum(changes[t] - cost for t in range(1, len(path)) if path[t] != path[t - 1])
        for t, state in enumerate(path):
            weights[state, t] += np.exp(score)
    odds: np.ndarray = np.log(weights[1] / weights[0])
    return odds


@pytest.mark.parametrize("num_frames", [1, 2, 7])
def test_the_odds_are_those_of_all_paths(num_frames: int) -> None:
    rng = np.random.default_rng(num_frames)
    evidence, changes = rng.normal(size=(2, num_frames))
    found = compute_log_odds(evidence, changes, 1.5)
    np.testing.assert_allclose(found, list_paths(evidence, changes, 1.5), atol=1e-10)


def test_the_odds_do_not_depend_on_the_direction_of_time() -> None:
    evidence, changes = np.random.default_rng(1).normal(size=(2, 37))
    backwards = compute_log_odds(evidence[::-1], np.append(0, changes[:0:-1]), 2.0)
    np.testing.assert_allclose(backwards[::-1], compute_log_odds(evidence, changes, 2.0), atol=1e-10)


def test_between_two_changes_the_state_stays() -> None:
    evidence, changes = np.zeros(1000), np.full(1000, -20.0)
    changes[[300, 700]] = 15.0
    evidence[500] = 1.0  # hardly anything tells the states apart but the two steps
    odds = compute_log_odds(evidence, changes, 6.0)
    assert np.flatnonzero(odds > 0).tolist() == list(range(300, 700))


def test_long_evidence_neither_overflows_nor_is_lost() -> None:
    odds = compute_log_odds(np.full(2000, 50.0), np.zeros(2000), 6.0)
    assert np.isfinite(odds).all()
    assert (odds > 40).all()
