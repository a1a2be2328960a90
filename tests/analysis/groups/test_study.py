"""From recordings to units: who is averaged, exchanged, left out, and what a user is told."""

import re
from typing import Any

import numpy as np
import pytest

from htvae.analysis.groups.study import Study, find_units
from htvae.analysis.groups.study_columns import encode_columns, find_column


def study(groups: str, subjects: str, **known: Any) -> Study:
    """Return a study of words; a dot is an empty cell."""

    def cells(text: str) -> list[str | None]:
        return [None if word == "." else word for word in text.split()]

    known = {key: cells(value) if key == "blocks" else value for key, value in known.items()}
    if "covariates" in known:
        known["covariates"] = {name: cells(text) for name, text in known["covariates"].items()}
    count = len(groups.split())
    return Study(
        by="diet", groups=cells(groups), subjects=cells(subjects), **{"seconds": [10.0] * count, **known}
    )


def kinds(units: Any) -> list[str]:
    return [doubt.kind for doubt in units.doubts]


def test_recordings_of_a_subject_are_averaged_by_length_up_to_the_median() -> None:
    units = find_units(study("a a a b b", "x x x y z", seconds=[1, 10, 100, 10, 10]))
    assert units.group_names == ("a", "b") and units.groups.tolist() == [0, 1, 1]
    assert not units.is_paired and units.blocks.tolist() == [0, 0, 0] and units.doubts == ()
    values = np.array([[1.0, 1], [2, np.nan], [4, 3], [5, 5], [6, np.nan]])
    expected = [[(1 * 1 + 10 * 2 + 10 * 4) / 21, (1 * 1 + 10 * 3) / 11], [5, 5], [6, np.nan]]
    np.testing.assert_allclose(units.average(values), expected)
    assert units.rows_of_recordings.tolist() == [0, 0, 0, 1, 2]


def test_subjects_in_both_groups_are_paired() -> None:
    units = find_units(study("a b b a b a", "x x x y y z"))
    assert units.is_paired and kinds(units) == ["left_out"]
    assert "1 of 3 subjects are in one group only and are left out" in units.doubts[0].text
    assert units.groups.tolist() == [0, 1, 0, 1] and units.blocks.tolist() == [0, 0, 1, 1]
    assert units.rows_of_recordings.tolist() == [0, 1, 1, 2, 3, -1]


def test_few_subjects_in_both_groups_are_left_out() -> None:
    units = find_units(study("a b b a b a", "x x y z u v"))
    assert not units.is_paired and len(units.groups) == 4
    assert "1 of 5 subjects are in several groups" in units.doubts[0].text
    paired = find_units(study("a b b a b a", "x x y z u v", paired=True))
    assert paired.is_paired and len(paired.groups) == 2


def test_without_subjects_each_recording_is_its_own_and_this_is_said() -> None:
    units = find_units(study("a b a b", ". . . ."))
    assert len(units.groups) == 4 and kinds(units) == ["no_subject"]
    assert "No recording names a subject" in units.doubts[0].text
    some = find_units(study("a b a b", "x . x y"))
    assert len(some.groups) == 3 and "1 of 4 recordings do not name a subject" in some.doubts[0].text


def test_empty_cells_are_left_out_and_said() -> None:
    units = find_units(study("a . b b a", "u v w x y", covariates={"age": "3 4 5 . 6"}))
    assert units.rows_of_recordings.tolist() == [0, -1, 1, -1, 2]
    assert [doubt.text for doubt in units.doubts] == [
        "1 of 5 recordings have no diet and are left out.",
        "1 of 5 recordings have no age and are left out.",
    ]


def test_blocks_of_subjects_seen_in_several() -> None:
    units = find_units(
        study("a a b b a b", "u u v v w x", blocks="front side side front front front", blocks_name="camera")
    )
    assert units.blocks.tolist() == [1, 1, 0, 0] and kinds(units) == ["joined_blocks"]
    assert "front and side (2)" in units.doubts[0].text and "--adjust camera" in units.doubts[0].text


def test_covariates_are_averaged_as_measures_are() -> None:
    units = find_units(study("a a b b", "u u v w", covariates={"camera": "front side side front"}))
    np.testing.assert_allclose(units.covariates - units.covariates[2], [[0.5], [1], [0]])
    assert units.within.shape == (4, 0)  # too few recordings to learn the camera's effect within subjects


def test_columns_of_numbers_and_of_names() -> None:
    ages = ["30", "41", "52", "33", "29", "60", "60"]
    encoded = encode_columns({"age": ages, "site": ["b", "a", "c", "a", "b", "c", "a"]}, 7)
    assert encoded.shape == (7, 3)
    np.testing.assert_allclose(np.corrcoef(encoded[:, 0], np.array(ages, float))[0, 1], 1)
    assert encoded[:, 1].tolist() == [1, 0, 0, 0, 1, 0, 0]
    assert encode_columns({"day": ["1", "2", "1"]}, 3).tolist() == [[0], [1], [0]]
    assert encode_columns({}, 3).shape == (3, 0)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (study("a a a", "x y z"), "diet must have at least two groups, but all 3 recordings have a"),
        (study(". . .", "x y z"), "diet must say something of recordings, but is empty for all 3"),
        (study("a . .", "x y z"), "at least two recordings with diet, but found 1 among 3"),
        (study("a", "x"), "at least two recordings with diet, but found 1 among 1"),
        (
            study(" ".join(str(i / 2) for i in range(12)), " ".join("abcdefghijkl")),
            "diet must name groups, but has 12 different numbers, from 0 to 5.5. Choose groups: add a column "
            "to manifest.csv, such as below and above 2.75",
        ),
        (
            study(" ".join(f"g{i}" for i in range(30)), " ".join(f"s{i}" for i in range(30))),
            "diet must name at most 20 groups, but has 30 different values",
        ),
        (study("a b", "x y", paired=True), "must have subjects in two groups of diet, but each of 2"),
        (study("a b", "x x", paired=False), "subjects in one group of diet each, but all are in several"),
        (
            study("a b b", "x x y", paired=False),
            "two groups with subjects to compare, but only b is left",
        ),
        (
            study("a b a b", "x x y y", blocks="front side side front", blocks_name="camera"),
            "must not change within a subject, but camera does",
        ),
    ],
)
def test_messages(made: Study, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        find_units(made)


def test_a_column_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(ValueError, match=r"--by must name a column .* got 'diat'\. Known: label, diet\."):
        find_column({"label": [], "diet": []}, "diat", "--by")
