"""Effect sizes by hand, and intervals that hold the truth."""

import numpy as np
import pytest

from htvae.metrics.bootstrap import (
    accelerated_interval,
    draw_counts,
    leave_one_out,
    percentile_interval,
    small_sample_widening,
)
from htvae.metrics.group_effects import EffectModel, measure_effects

RNG = np.random.default_rng(0)


def model(
    groups: list[int], blocks: object = None, covariates: object = None, paired: bool = False
) -> EffectModel:
    n = len(groups)
    return EffectModel(
        np.array(groups),
        np.zeros(n, int) if blocks is None else np.asarray(blocks),
        np.zeros((n, 0)) if covariates is None else np.asarray(covariates, float),
        paired,
    )


def test_hedges_g_by_hand() -> None:
    values = np.array([[1.0], [2], [3], [4], [6], [8]])
    found = measure_effects(values, model([0, 0, 0, 1, 1, 1]), 0, RNG)
    assert found.difference == pytest.approx([4.0])
    spread = np.sqrt((1 + 4) / 2)  # variances 1 and 4, pooled
    assert found.effect == pytest.approx([(1 - 3 / 15) * 4 / spread])
    assert np.isnan(found.effect_interval[0]).all()


def test_pairs_by_hand() -> None:
    values = np.array([[1.0], [2], [4], [5], [5], [9]])
    found = measure_effects(values, model([0, 1] * 3, [0, 0, 1, 1, 2, 2], paired=True), 0, RNG)
    first, second = values[::2, 0], values[1::2, 0]
    assert found.difference == pytest.approx([np.mean(second - first)])
    spread = np.sqrt((first.var(ddof=1) + second.var(ddof=1)) / 2)
    assert found.effect == pytest.approx([(1 - 3 / 7) * 2 / spread])


def test_blocks_and_covariates_are_held_fixed() -> None:
    """measure = 5 block + 2 age + 3 group, without noise but for a wiggle that all three know nothing of."""
    groups = [0, 1, 0, 1, 1, 1, 0, 0, 0, 1]
    blocks, age = np.array([0] * 5 + [1] * 5), RNG.normal(size=10)
    columns = np.stack([np.ones(10), blocks, age, np.array(groups)], axis=1)
    wiggle = RNG.normal(size=10)
    wiggle -= columns @ np.linalg.lstsq(columns, wiggle, rcond=None)[0]
    values = (columns @ [1, 5, 2, 3] + wiggle)[:, None]
    found = measure_effects(values, model(groups, blocks, age[:, None]), 0, RNG)
    assert found.difference == pytest.approx([3.0])
    assert found.effect == pytest.approx([(1 - 3 / 23) * 3 / np.sqrt(wiggle @ wiggle / 6)])


def test_omega_squared_by_hand() -> None:
    from scipy.stats import f_oneway

    values, groups = RNG.normal(size=(12, 4)) + np.arange(12)[:, None] % 3, np.arange(12) % 3
    found = measure_effects(values, model(groups.tolist()), 0, RNG)
    ratio = f_oneway(*(values[groups == g] for g in range(3))).statistic
    np.testing.assert_allclose(found.effect, np.maximum(2 * (ratio - 1) / (2 * (ratio - 1) + 12), 0))
    means = np.stack([values[groups == g].mean(axis=0) for g in range(3)])
    np.testing.assert_allclose(found.difference, np.ptp(means, axis=0))


def test_a_draw_is_the_effect_of_the_drawn_rows() -> None:
    from htvae.metrics.group_effects import _Fit

    values, groups = RNG.normal(size=(9, 3)), np.array([0, 1, 0, 1, 1, 0, 1, 0, 0])
    counts = draw_counts(groups, 7, np.random.default_rng(1))
    difference, effect = _Fit(values, model(groups.tolist())).effects(counts)
    for draw in range(7):
        rows = np.repeat(np.arange(9), counts[draw].astype(int))
        again = measure_effects(values[rows], model(groups[rows].tolist()), 0, RNG)
        np.testing.assert_allclose(difference[draw], again.difference)
        np.testing.assert_allclose(effect[draw], again.effect)


@pytest.mark.parametrize("paired", [False, True])
def test_intervals_hold_the_truth(paired: bool) -> None:
    """95 % of 1600; three standard errors are 0.016, and draws are few."""
    rng, hits = np.random.default_rng(5), []
    for _ in range(16):
        own = rng.normal(size=(12, 100))
        first, second = own + 0.7 * rng.normal(size=(2, 12, 100))
        values = np.concatenate([first, second + 1]) if paired else rng.normal(size=(24, 100))
        truth = 1.0
        if not paired:
            values[12:] += truth
        blocks = np.tile(np.arange(12), 2) if paired else None
        found = measure_effects(values, model([0] * 12 + [1] * 12, blocks, paired=paired), 300, rng)
        low, high = found.difference_interval
        effect_low, effect_high = found.effect_interval
        effect = truth / np.sqrt(1.49) if paired else truth
        hits.append([(low <= truth) & (truth <= high), (effect_low <= effect) & (effect <= effect_high)])
    share = np.mean(hits, axis=(0, 2))
    assert (share > 0.92).all() and (share < 0.98).all()


def test_too_few_for_an_interval() -> None:
    found = measure_effects(RNG.normal(size=(6, 2)), model([0, 0, 1, 1, 1, 1]), 50, RNG)
    assert np.isfinite(found.effect).all() and np.isnan(found.effect_interval[0]).all()


def test_counts_keep_the_size_of_strata() -> None:
    strata = np.array([0, 1, 1, 0, 1])
    counts = draw_counts(strata, 50, np.random.default_rng(0))
    assert (counts[:, strata == 0].sum(axis=1) == 2).all() and (counts[:, strata == 1].sum(axis=1) == 3).all()
    assert leave_one_out(3).tolist() == [[0, 1, 1], [1, 0, 1], [1, 1, 0]]


def test_percentiles_without_missing_draws() -> None:
    draws = np.array([[float(i), np.nan if i % 2 else i] for i in range(101)])
    low, high = percentile_interval(draws, 0.9)
    assert low == pytest.approx([5, 5]) and high == pytest.approx([95, 95])
    assert np.isnan(percentile_interval(np.full((9, 1), np.nan))[0]).all()


def test_an_even_bootstrap_gives_its_percentiles() -> None:
    """Without bias and skewness BCa is the percentile interval."""
    draws = np.linspace(-1, 1, 2001)[:, None]
    low, high = accelerated_interval(np.zeros(1), draws, np.array([[-1.0], [1.0]]))
    assert low[0] == pytest.approx(-0.95, abs=2e-3) and high[0] == pytest.approx(0.95, abs=2e-3)
    assert small_sample_widening(10**6, 10**6 - 2) == pytest.approx(1, abs=1e-4)
    assert small_sample_widening(10, 8) == pytest.approx(2.306 / 1.96 * np.sqrt(1.25), abs=1e-3)
