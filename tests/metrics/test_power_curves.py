"""Power by the t-test, intervals of it from few units, and the size that a power needs."""

import numpy as np
import pytest

from htvae.metrics.power_curves import (
    effect_in_spreads,
    effect_interval,
    needed_size,
    shift_power,
    size_for_power,
    t_test_power,
)


def test_textbook_sizes() -> None:
    """Cohen 1988, table 2.4.1: d of 0.5 needs 64 per group for 80 %, d of 0.8 needs 26."""
    assert [size_for_power(d, 0.8) for d in (0.5, -0.8)] == [64, 26]
    assert t_test_power(0.5, 64) == pytest.approx(0.8015, abs=1e-3)
    assert t_test_power(0.0, 10) == pytest.approx(0.05)
    assert size_for_power(1e-9, 0.8) >= 100_000


def test_effect_by_hand() -> None:
    plain = np.array([1.0, 2, 3, 4])
    treated = plain + np.array([1.0, 1, 3, 3])
    spread = np.sqrt((plain.var(ddof=1) + treated.var(ddof=1)) / 2)
    assert effect_in_spreads(plain, treated)[0] == pytest.approx(2 / spread)
    twice = effect_in_spreads(plain, treated, np.array([[2, 0, 1, 1.0]]))[0]
    plain, treated = (np.repeat(part, [2, 0, 1, 1]) for part in (plain, treated))
    assert twice == pytest.approx(effect_in_spreads(plain, treated)[0])


def test_intervals_hold_the_effect() -> None:
    """Of 200 pools of 20 units; 0.9 is 3 standard errors below 0.95."""
    rng, held = np.random.default_rng(2), []
    true = 1.0 / np.sqrt((1 + 0.9**2) / 2)
    for _ in range(200):
        plain = 10 + rng.normal(size=20)
        low, high = effect_interval(plain, 0.9 * plain, 300, rng)
        held.append(low <= true <= high)
    assert 0.9 <= np.mean(held) <= 0.99


def test_power_moves_with_the_effect() -> None:
    assert shift_power(0.7, 1_000, 20, 0.8, 0.8) == pytest.approx(0.7)
    exact = t_test_power(0.8, 20)
    assert shift_power(exact, 10**9, 20, 0.8, 0.5) == pytest.approx(t_test_power(0.5, 20), abs=1e-6)
    assert shift_power(1.0, 1_000, 20, 3.0, 0.5) < 1


def test_the_needed_size_lies_between_sizes() -> None:
    sizes = [10, 20, 40]
    powers = [t_test_power(0.8, size) for size in sizes]
    assert needed_size(sizes, powers, 0.8) in (25, 26, 27)
    assert needed_size(sizes, powers, 0.99) is None
    assert needed_size(sizes, powers, 0.1) == 10
    assert needed_size(sizes, [0.5, 0.45, 0.9], 0.5) == 10  # a fall is chance
