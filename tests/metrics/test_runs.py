"""Shortest runs, beside a slow loop."""

import numpy as np
import pytest

from htvae.metrics.runs import find_shortest_run


def find_slowly(values: np.ndarray, least: float) -> tuple[int, int] | None:
    runs = [
        (stop - start, stop, start)
        for start in range(len(values))
        for stop in range(start + 1, len(values) + 1)
        if values[start:stop].sum() >= least
    ]
    return (min(runs)[2], min(runs)[1]) if runs else None


@pytest.mark.parametrize("seed", range(40))
def test_beside_a_slow_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.integers(-4, 6, rng.integers(1, 23)).astype(float)
    assert find_shortest_run(values, 7.0) == find_slowly(values, 7.0)


def test_by_hand() -> None:
    assert find_shortest_run(np.array([1.0, 0, 5, -1, 5, 0]), 9) == (2, 5)
    assert find_shortest_run(np.array([1.0, 9.0]), 9) == (1, 2)
    assert find_shortest_run(np.array([1.0, 2.0]), 4) is None
    assert find_shortest_run(np.array([]), 1) is None
