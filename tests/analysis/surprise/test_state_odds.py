"""Exchanged sides and reversed time, planted in made-up paths."""

import numpy as np
import pytest

from htvae.analysis.surprise.state_odds import compute_reversal_odds, compute_swap_odds, measure_pair_steps

PAIRS = [(0, 1), (2, 3), (4, 5)]
MIRROR = [1, 0, 3, 2, 5, 4, 6]
T, L = 137, 7


@pytest.fixture
def pose() -> np.ndarray:
    """Seven landmarks (T, L, 2) that tremble; partners are about 1 apart."""
    rng = np.random.default_rng(0)
    places = np.array([[-0.5, 0], [0.5, 0], [-0.4, 1], [0.6, 1], [-0.5, 2], [0.5, 2.1], [0, 3]])
    return places + 0.02 * rng.normal(size=(T, L, 2)) + 0.2 * np.sin(np.arange(T) / 9)[:, None, None]


def find_exchanged(pose: np.ndarray, gain: np.ndarray | None = None) -> list[int]:
    gain = np.zeros((T, L)) if gain is None else gain
    return np.flatnonzero(
        compute_swap_odds(gain, measure_pair_steps(pose, PAIRS), np.full(3, 0.03)) > 0
    ).tolist()


def test_steps_are_those_of_a_loop(pose: np.ndarray) -> None:
    pose[10:14, 0] = pose[0, 3] = np.nan
    steps = measure_pair_steps(pose, PAIRS)
    for pair, (left, right) in enumerate(PAIRS):
        across, last = pose[:, left] - pose[:, right], None
        for frame in range(T):
            if np.isnan(across[frame, 0]):
                assert np.isnan(steps.straight[frame, pair])
                continue
            if last is not None:
                straight = np.linalg.norm(across[frame] - across[last])
                assert steps.straight[frame, pair] == pytest.approx(straight)
                assert steps.gap[frame, pair] == frame - last
            last = frame


def test_a_sound_recording_has_none(pose: np.ndarray) -> None:
    assert find_exchanged(pose) == []


@pytest.mark.parametrize(("start", "stop"), [(40, 43), (40, 90), (5, 60), (60, T)])
def test_the_frames_of_an_exchange_are_exact(pose: np.ndarray, start: int, stop: int) -> None:
    pose[start:stop] = pose[start:stop, MIRROR]
    gain = np.zeros((T, L))
    gain[start:stop] = 3.0  # what the model knows decides which part is the exchanged one
    assert find_exchanged(pose, gain) == list(range(start, stop))


def test_an_exchange_that_begins_where_nothing_is_seen_begins_at_the_next_frame(pose: np.ndarray) -> None:
    pose[40:60] = pose[40:60, MIRROR]
    pose[38:42] = np.nan
    found = find_exchanged(pose)
    assert set(range(42, 60)) <= set(found) <= set(range(38, 60))


def test_partners_that_pass_each_other_slowly_are_not_exchanged(pose: np.ndarray) -> None:
    turn = np.cos(np.arange(T) / 12)[:, None]
    middle = pose[:, [0, 2, 4], 0] / 2 + pose[:, [1, 3, 5], 0] / 2
    pose[:, [0, 2, 4], 0], pose[:, [1, 3, 5], 0] = middle - turn / 2, middle + turn / 2
    assert find_exchanged(pose) == []


def test_one_pair_alone_is_not_the_whole_body(pose: np.ndarray) -> None:
    pose[40:60, :2] = pose[40:60, [1, 0]]
    assert find_exchanged(pose) == []


@pytest.mark.parametrize("has_path", [True, False])
def test_reversed_time_is_found_between_two_jumps(has_path: bool) -> None:
    push = np.ones((T, L))
    push[[49, 50, 99, 100]] = 60.0  # a step bends the path before and after it
    gain = np.full((T, L + has_path), -0.3)
    gain[50:100] = 0.6
    odds = compute_reversal_odds(gain, push, L)
    assert np.flatnonzero(odds > 0).tolist() == list(range(50, 100))


def test_jumps_alone_do_not_reverse_time() -> None:
    push = np.ones((T, L))
    push[[49, 50, 99, 100]] = 60.0
    assert (compute_reversal_odds(np.full((T, L), -0.3), push, L) < 0).all()


def test_a_spike_of_one_landmark_is_no_jump() -> None:
    push = np.ones((T, L))
    push[[49, 50, 51, 99, 100, 101], 2] = 500.0
    gain = np.full((T, L), -0.3)
    gain[50:100] = 0.1
    assert (compute_reversal_odds(gain, push, L) < 0).all()
