"""Rows of subjects from measures of recordings."""

import numpy as np
import pytest

from htvae.analysis.groups.study import Study, find_units
from htvae.analysis.measures import LEAST_SPREAD
from htvae.analysis.power.subjects import find_owners, make_rows

SUBJECTS = ["b", "a", "a", "c", "d", "d", "d", "e"]
SECONDS = [4.0, 1.0, 9.0, 5.0, 6.0, 2.0, 5.0, 5.0]
OWNERS = find_owners(SUBJECTS, SECONDS)


def make_values(num_measures: int = 4) -> np.ndarray:
    return np.random.default_rng(0).normal(5, 1, size=(len(SUBJECTS), num_measures))


def test_subjects_are_averaged_as_groups_are_compared() -> None:
    values = make_values()
    values[2, 1] = np.nan
    study = Study(by="g", groups=list("xxxxyyyy"), subjects=SUBJECTS, seconds=SECONDS, paired=False)
    np.testing.assert_allclose(OWNERS.average(values), find_units(study).average(values))


def test_the_outcome_comes_first() -> None:
    values = make_values()
    values[:, 3] = 7.0 + 0.5 * LEAST_SPREAD * np.arange(8) / 8  # rounding
    rows = make_rows(values, values + 1, [0, 1], [1, 2], OWNERS, None, np.random.default_rng(0))
    assert rows.names == ("a", "b", "c", "d", "e") and rows.plain.shape == (5, 1, 4)
    own = OWNERS.average(values)
    np.testing.assert_allclose(rows.plain[:, 0, 0], own[:, :2].mean(axis=1))
    np.testing.assert_allclose(rows.plain[:, 0, 1:], own[:, :3])
    np.testing.assert_allclose(rows.outcome[1] - rows.outcome[0], 1)
    assert rows.touched.tolist() == [False, False, True, True]
    assert rows.constant.tolist() == [False, False, False, True]


def test_who_does_not_show_the_outcome_is_left_out() -> None:
    values = make_values()
    values[0, 0] = values[3, 2] = np.nan  # b lacks the first measure, c another
    rows = make_rows(values, values, [0], [0], OWNERS, None, np.random.default_rng(0))
    assert rows.names == ("a", "c", "d", "e") and rows.plain.shape[2] == 4  # measure 2 is left out
    assert [doubt.text for doubt in rows.doubts] == ["Subjects who do not show the outcome are left out: b."]
    both = make_rows(values, values, [0, 1], [0], OWNERS, None, np.random.default_rng(0))
    assert len(both.names) == 5  # the other measure of the outcome is shown by all
    values[[3, 7], 0] = np.nan
    with pytest.raises(ValueError, match="shown by at least 4 subjects, but 2 of 5 show it"):
        make_rows(values, values, [0], [0], OWNERS, None, np.random.default_rng(0))


def test_fewer_recordings_of_each_subject() -> None:
    values = make_values()
    rows = make_rows(values, values, [0], [0], OWNERS, 1, np.random.default_rng(0))
    shown = {round(float(v), 9) for v in rows.plain[rows.names.index("d"), :, 0]}
    assert shown == {round(float(v), 9) for v in values[4:7, 0]}
    with pytest.raises(ValueError, match="at most what every subject has, but b has 1 and 2 were asked for"):
        make_rows(values, values, [0], [0], OWNERS, 2, np.random.default_rng(0))


def test_recordings_without_a_subject_count_alone() -> None:
    assert len(find_owners([None, None, "a", "b", "b"], [1.0] * 5).names) == 4
    message = (
        r"at least 4 subjects, .* found 1 \(a\) in 3 recordings. Give more, or fill in the column subject"
    )
    with pytest.raises(ValueError, match=message):
        find_owners(["a"] * 3, [1.0] * 3)
