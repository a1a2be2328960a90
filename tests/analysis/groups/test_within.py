"""Covariates that change within a subject are taken off recordings, where that is safe."""

import numpy as np

from htvae.analysis.groups.differences import compare_groups
from htvae.analysis.groups.study import Study, find_units
from htvae.analysis.groups.within import can_learn_within, remove_within

RNG = np.random.default_rng(0)
ROWS = np.repeat(np.arange(16), 3)
GROUPS = np.arange(16) % 2
TASKS = np.concatenate([RNG.permutation(4)[:3] for _ in range(16)])
DUMMIES = np.equal.outer(TASKS, [1, 2, 3]).astype(float)


def test_the_effect_of_a_task_is_taken_off() -> None:
    centred = DUMMIES - DUMMIES.mean(axis=0)
    own = RNG.normal(size=(16, 2))[ROWS]
    values = own + centred @ [[5.0, 0], [-3, 1], [2, 2]]
    values[4, 1] = np.nan
    adjusted = remove_within(values, centred, ROWS)
    np.testing.assert_allclose(adjusted[:, 0], own[:, 0], atol=1e-9)
    assert np.isnan(adjusted[4, 1])
    np.testing.assert_allclose(np.delete(adjusted[:, 1], 4), np.delete(own[:, 1], 4), atol=1e-9)


def test_only_where_groups_are_alike_and_recordings_enough() -> None:
    assert can_learn_within(DUMMIES, ROWS, GROUPS)
    skewed = (RNG.random(48) < np.where(GROUPS[ROWS] == 1, 0.8, 0.2)).astype(float)[:, None]
    assert not can_learn_within(skewed, ROWS, GROUPS)
    assert not can_learn_within(DUMMIES[:15], ROWS[:15], GROUPS[:5])
    assert not can_learn_within(GROUPS[ROWS][:, None].astype(float), ROWS, GROUPS)  # nothing changes


def test_a_small_difference_shows_behind_large_tasks() -> None:
    """Between subjects alone, three shares of tasks would have to be learned from 16 subjects."""
    values = 6 * RNG.normal(size=(4, 1))[TASKS] + 0.5 * RNG.normal(size=(48, 1)) + 0.7 * GROUPS[ROWS][:, None]
    study = Study(
        by="drug",
        groups=[str(g) for g in GROUPS[ROWS]],
        subjects=[str(row) for row in ROWS],
        seconds=[5.0] * 48,
        covariates={"task": [f"t{task}" for task in TASKS]},
    )
    units = find_units(study)
    assert units.within.shape == (48, 3) and units.covariates.shape == (16, 0)
    found = compare_groups(values, study, 999, 100)
    assert found.p[0] < 0.01 and abs(found.difference[0] - 0.7) < 0.5
