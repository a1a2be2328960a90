"""Simulated studies beside the t-test: power, false alarms, exaggeration, sizes."""

import numpy as np
import pytest

from htvae.analysis.power.simulation import choose_sizes, simulate
from htvae.analysis.power.subjects import SubjectRows
from htvae.metrics.power_curves import size_for_power, t_test_power


def make_rows(num_subjects: int, effect: float, num_measures: int = 6, seed: int = 0) -> SubjectRows:
    """Return subjects whose outcome and first measure change by ``effect`` spreads."""
    rng = np.random.default_rng(seed)
    plain = rng.normal(size=(num_subjects, 1, num_measures + 1))
    plain[..., 0] = plain[..., 1]
    treated = plain.copy()
    treated[..., :2] += effect * plain[..., :1].std(ddof=1)
    names = tuple(f"s{i}" for i in range(num_subjects))
    return SubjectRows(
        names, plain, treated, np.arange(num_measures + 1) == 1, np.zeros(num_measures, bool), ()
    )


def test_power_is_that_of_the_t_test() -> None:
    """600 studies of normal units: within three standard errors."""
    found = simulate(make_rows(60, -0.9), (8, 20), (0.8,), 600, 999)
    assert found.effect == pytest.approx(0.9)
    for result in found.curve:
        assert result.power == pytest.approx(t_test_power(0.9, result.size), abs=0.06)
        low, high = result.power_interval
        assert low < result.power < high
        assert 0.02 < result.false_alarms < 0.08 and result.table_false_alarms < 0.08
        assert result.table_power < result.power
        assert result.wrong_sign < 0.05
    small, large = found.curve
    assert small.exaggeration > large.exaggeration > 1
    (needed,) = found.needed
    by_test = size_for_power(0.9, 0.8)
    assert needed.size is not None and abs(needed.size - by_test) <= 3
    assert needed.interval[0] < by_test < needed.interval[1]
    assert needed.table_size is None


def test_more_controls_say_more() -> None:
    few, many = (simulate(make_rows(count, 0.9), (20,), (0.8,), 100, 999).curve[0] for count in (8, 80))
    assert np.diff(few.power_interval) > 1.5 * np.diff(many.power_interval)


def test_no_effect_is_found_where_there_is_none() -> None:
    (result,) = simulate(make_rows(30, 0.0), (10,), (0.8,), 1_000, 399).curve
    assert 0.03 < result.power < 0.07 and 0.03 < result.false_alarms < 0.07


def test_a_large_effect_is_always_found() -> None:
    found = simulate(make_rows(12, 6.0), (6, 10), (0.8, 0.95), 100, 999)
    assert [needed.size for needed in found.needed] == [6, 6]
    assert found.curve[0].exaggeration == pytest.approx(1, abs=0.05)


def test_the_seed_gives_the_same() -> None:
    rows = make_rows(10, 0.8)
    first, second, third = (simulate(rows, (8,), (0.8,), 120, 99, seed) for seed in (1, 1, 2))
    assert first == second or first.curve == second.curve
    assert first.curve != third.curve


def test_sizes_lie_around_what_is_needed() -> None:
    sizes = choose_sizes(0.8, 0.8)
    assert sizes == (9, 13, 18, 26, 36, 52)
    assert choose_sizes(20.0, 0.8) == (4, 6)
    assert max(choose_sizes(0.01, 0.8)) == 500
    shares: list[float] = []
    simulate(make_rows(8, 1.0), (6, 4, 6), (0.8,), 100, 99, on_share=shares.append)
    assert shares == [0.5, 1.0]
