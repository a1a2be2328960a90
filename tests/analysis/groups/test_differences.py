"""Comparisons end to end in numbers: they keep their level, and find what was planted."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from htvae.analysis.groups.differences import GroupComparison, compare_groups, is_constant
from htvae.analysis.groups.study import Study
from htvae.analysis.groups.study_doubts import find_doubts


def texts(values: Any) -> list[str]:
    return [str(value) for value in values]


def make_study(groups: Any, subjects: Any, **known: Any) -> Study:
    count = len(groups)
    known = {"seconds": [10.0] * count} | known
    return Study(by="diet", groups=texts(groups), subjects=texts(subjects), **known)


def recorded(rng: np.random.Generator, num_subjects: int, repeats: int) -> tuple[np.ndarray, np.ndarray]:
    """Return subjects (n,) and six measures (n, 6) with strong effects of the subject."""
    subjects = np.repeat(np.arange(num_subjects), repeats)
    own = 3 * rng.standard_t(4, size=(num_subjects, 6))
    return subjects, own[subjects] + rng.normal(size=(len(subjects), 6))


def run_repeated(rng: np.random.Generator) -> GroupComparison:
    """Five recordings of each of 16 subjects."""
    subjects, values = recorded(rng, 16, 5)
    groups = rng.permutation(np.arange(16) % 2)[subjects]
    return compare_groups(values, make_study(groups, subjects), 199, 0)


def run_blocks(rng: np.random.Generator) -> GroupComparison:
    """The camera goes with the group, and shifts all measures."""
    subjects, values = recorded(rng, 24, 2)
    cameras = np.arange(24) % 2
    groups = np.where(rng.random(24) < 0.75, cameras, 1 - cameras)
    shifted = values + 8 * cameras[subjects, None]
    study = make_study(groups[subjects], subjects, blocks=texts(cameras[subjects]), blocks_name="camera")
    return compare_groups(shifted, study, 199, 0)


def run_adjusted(rng: np.random.Generator) -> GroupComparison:
    """The camera changes within subjects, goes with the group, and shifts all measures."""
    subjects, values = recorded(rng, 18, 3)
    groups = rng.permutation(np.arange(18) % 2)[subjects]
    cameras = (rng.random(54) < 0.3 + 0.4 * groups).astype(int)
    study = make_study(groups, subjects, covariates={"camera": texts(cameras)})
    return compare_groups(values + 8 * cameras[:, None], study, 199, 0)


def run_paired(rng: np.random.Generator) -> GroupComparison:
    """Each subject is in both groups, and answers in its own way."""
    subjects, values = recorded(rng, 14, 4)
    groups = np.tile([0, 0, 1, 1], 14)
    answers = rng.normal(size=(14, 6))[subjects] * groups[:, None]
    return compare_groups(values + answers, make_study(groups, subjects), 199, 0)


@pytest.mark.parametrize("run", [run_repeated, run_blocks, run_adjusted, run_paired])
def test_the_share_of_small_p_is_the_level(run: Any) -> None:
    """200 runs of six measures without a difference: three standard errors are 0.019."""
    results = [run(np.random.default_rng((4, seed))) for seed in range(200)]
    assert 0.028 < np.mean([result.p < 0.05 for result in results]) < 0.072
    assert np.mean([(result.q < 0.05).any() for result in results]) < 0.1


def test_recordings_taken_as_subjects_would_find_differences_that_are_not_there() -> None:
    results = []
    for seed in range(30):
        rng = np.random.default_rng((4, seed))
        subjects, values = recorded(rng, 16, 5)
        groups = rng.permutation(np.arange(16) % 2)[subjects]
        results.append(compare_groups(values, make_study(groups, np.arange(80)), 199, 0).p)
    assert np.mean(np.array(results) < 0.05) > 0.2


def planted(rng: np.random.Generator) -> tuple[np.ndarray, Study]:
    subjects, values = recorded(rng, 24, 2)
    groups = (np.arange(24) % 2)[subjects]
    values[:, 2] = rng.normal(size=24)[subjects] + 1.8 * groups + 0.3 * rng.normal(size=48)
    return values, make_study(groups, subjects)


def test_a_planted_difference_is_found() -> None:
    values, study = planted(np.random.default_rng(0))
    result = compare_groups(values, study, 2000, 500)
    assert result.q[2] < 0.05 and result.q.argmin() == 2 and result.effect_name == "Hedges' g"
    assert result.difference[2] == pytest.approx(result.means[1, 2] - result.means[0, 2])
    assert result.difference_interval[0][2] < 1.8 < result.difference_interval[1][2]
    assert result.effect_interval[0][2] < 1.7 < result.effect_interval[1][2]
    assert result.num_subjects.tolist() == [[12] * 6, [12] * 6]
    again = compare_groups(values, study, 2000, 500)
    np.testing.assert_array_equal(result.p, again.p)
    np.testing.assert_array_equal(result.effect_interval, again.effect_interval)
    assert (compare_groups(values, study, 2000, 500, seed=1).p != result.p).any()


def test_missing_values_leave_their_subjects_out_of_that_measure_only() -> None:
    values, study = planted(np.random.default_rng(0))
    full = compare_groups(values, study, 500, 200)
    values[:2, 2] = values[10:12, 0] = np.nan
    part = compare_groups(values, study, 500, 200)
    np.testing.assert_array_equal(part.p[[1, 3, 4, 5]], full.p[[1, 3, 4, 5]])
    assert part.num_subjects[:, 2].tolist() == [11, 12] and part.num_subjects[:, 0].tolist() == [12, 11]
    kept = np.arange(2, 48)
    alone = compare_groups(
        values[kept][:, [2]],
        dataclasses.replace(
            study,
            groups=study.groups[2:],
            subjects=study.subjects[2:],
            seconds=study.seconds[2:],
        ),
        500,
        200,
    )
    assert alone.p[0] == part.p[2] and alone.effect[0] == pytest.approx(part.effect[2])


def test_pairs_that_lack_a_group_are_left_out_of_that_measure() -> None:
    rng = np.random.default_rng(0)
    subjects, values = recorded(rng, 9, 2)
    groups = np.tile([0, 1], 9)
    values[3, 1] = np.nan
    result = compare_groups(values, make_study(groups, subjects), 999, 100)
    assert result.is_complete and result.least_p == pytest.approx(2 / 512)
    kept = np.arange(18) // 2 != 1
    alone = compare_groups(values[kept], make_study(groups[kept], subjects[kept]), 999, 100)
    assert alone.p[1] == result.p[1] and alone.difference[1] == pytest.approx(result.difference[1])


def test_constant_measures_are_not_tested() -> None:
    values, study = planted(np.random.default_rng(0))
    values[:, 0], values[:, 1] = 7.1, np.nan
    result = compare_groups(values, study, 200, 50)
    assert np.isnan(result.p[:2]).all() and np.isfinite(result.p[2:]).all() and np.isnan(result.q[:2]).all()
    assert is_constant(np.array([[1.0, 1, np.nan, 1e9], [1, 2, np.nan, 1e9 * (1 + 1e-14)]])).tolist() == [
        True,
        False,
        True,
        True,
    ]


def test_one_subject_in_each_group_is_described_and_not_tested() -> None:
    study = make_study([0, 0, 1], [0, 0, 1])
    result = compare_groups(np.array([[1.0], [2], [5]]), study)
    assert result.means.ravel().tolist() == [1.5, 5] and result.difference.tolist() == [3.5]
    assert np.isnan(result.p).all() and np.isnan(result.least_p)
    doubts = {doubt.kind: doubt.text for doubt in find_doubts(study, result, ["reach"], {})}
    assert doubts["no_test"] == "Nothing could be tested, with so few subjects (0 1, 1 1). Record more."


def test_what_is_held_fixed_is_named_where_it_determines_the_group() -> None:
    groups = np.arange(8) % 2
    study = make_study(groups, np.arange(8), covariates={"camera": texts(groups)})
    with pytest.raises(ValueError, match="diet must differ between subjects that are alike in camera"):
        compare_groups(np.ones((8, 1)), study)
    columns = {f"c{i}": texts(np.arange(8) == i + 1) for i in range(6)}
    crowded = make_study(groups, np.arange(8), covariates=columns)
    with pytest.raises(
        ValueError, match=r"8 subjects must be more than what is held fixed, but c0, .* nothing over"
    ):
        compare_groups(np.random.default_rng(0).normal(size=(8, 1)), crowded)


class TestDoubts:
    NAMES = ("reach", "pace", "sway")

    def kinds(
        self, groups: Any, subjects: Any, columns: Any = None, values: Any = None, **known: Any
    ) -> dict[str, str]:
        rng = np.random.default_rng(0)
        values = rng.normal(size=(len(groups), 3)) if values is None else values
        study = make_study(groups, subjects, **known)
        result = compare_groups(values, study, 200, 0)
        return {doubt.kind: doubt.text for doubt in find_doubts(study, result, self.NAMES, columns or {})}

    def test_nothing_is_doubted_without_a_reason(self) -> None:
        groups = np.arange(24) % 2
        columns = {"camera": texts(np.arange(24) // 2 % 2), "file": texts(np.arange(24))}
        assert self.kinds(groups, np.arange(24), columns) == {}

    def test_p_below_the_level_cannot_be_reached(self) -> None:
        text = self.kinds([0, 0, 0, 1, 1, 1], np.arange(6))["few_subjects"]
        assert "exchanged in 20 ways, and the least possible p is 0.1" in text
        assert "Few subjects (0 5, 1 5)" in self.kinds(np.arange(10) % 2, np.arange(10))["few_subjects"]

    def test_a_group_of_one(self) -> None:
        assert "Groups of one subject: 1." in self.kinds([0] * 25 + [1], np.arange(26))["one_subject"]

    def test_what_is_held_fixed_leaves_little(self) -> None:
        columns = {f"c{i}": texts(np.arange(8) == i + 1) for i in range(4)}
        assert "leave only 2" in self.kinds(np.arange(8) % 2, np.arange(8), covariates=columns)["few_free"]

    def test_the_camera_is_the_group(self) -> None:
        groups = np.arange(16) % 2
        text = self.kinds(groups, np.arange(16), {"camera": texts(groups + 5)})["confounded"]
        assert "camera determines diet: each of its 2 values occurs in one group only" in text

    def test_the_camera_goes_with_the_group(self) -> None:
        groups = np.arange(24) % 2
        camera = np.where(np.arange(24) < 4, 1 - groups, groups)
        text = self.kinds(groups, np.arange(24), {"camera": texts(camera)})["confounded"]
        assert "camera and diet go together" in text and "--blocks camera" in text
        held = self.kinds(
            groups, np.arange(24), {"camera": texts(camera)}, blocks=texts(camera), blocks_name="camera"
        )
        assert "confounded" not in held

    def test_lengths(self) -> None:
        groups = np.arange(24) % 2
        text = self.kinds(groups, np.arange(24), seconds=(10 + 10 * groups).tolist())["lengths"]
        assert "(0 10, 1 20 seconds)" in text

    def test_measures(self) -> None:
        values = np.random.default_rng(0).normal(size=(24, 3))
        values[:, 0], values[:7, 1], values[:22, 2] = 4, np.nan, np.nan
        found = self.kinds(np.arange(24) % 2, np.arange(24), values=values)
        assert found["constant"].startswith("1 of 3 measures are the same in all subjects")
        values[:, 0] += 1e-7 * (np.arange(24) % 2)  # as an asymmetry of the hips has it
        assert self.kinds(np.arange(24) % 2, np.arange(24), values=values)["constant"] == found["constant"]
        assert found["missing"] == "1 of 3 measures are missing in more than 20% of the subjects: pace."
        assert found["untested"] == "1 of 3 measures are shown by too few subjects to be tested: sway."

    def test_what_nobody_shows_is_not_called_the_same(self) -> None:
        values = np.random.default_rng(0).normal(size=(24, 3))
        values[:, 0] = np.nan
        found = self.kinds(np.arange(24) % 2, np.arange(24), values=values)
        assert "constant" not in found and found["untested"].startswith(
            "1 of 3 measures are shown by too few"
        )
