"""Printing figures."""

import math

import pytest

from htvae.evaluation.tables import FIGURES, format_figures, format_number, format_table


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.02104, "0.0210"),
        (0.000397, "0.000397"),
        (1.0, "1"),
        (1.0234, "1.02"),
        (-2.5, "-2.50"),
        (99.96, "100"),
        (351.4, "351"),
        (12997, "12997"),
        (0, "0"),
        (math.nan, "-"),
        (math.inf, "inf"),
    ],
)
def test_numbers_have_three_digits(value, text):
    assert format_number(value) == text


def test_known_figures_come_first_with_unit_and_meaning():
    lines = format_figures({"my_metric": 3.0, "seam_ratio": 1.02, "mpjpe": 0.0213}).splitlines()
    assert lines[0] == "figure       value  unit           good"
    assert lines[2:] == [
        f"mpjpe       0.0213  torso lengths  {FIGURES['mpjpe'].good}",
        f"seam_ratio    1.02                 {FIGURES['seam_ratio'].good}",
        "my_metric        3",
    ]


def test_columns_are_aligned_and_numbers_flush_right():
    assert format_table(("name", "value"), [("a", "10"), ("long one", "-")]).splitlines() == [
        "name      value",
        "--------  -----",
        "a            10",
        "long one      -",
    ]


def test_a_table_without_rows_is_its_header():
    assert format_table(("name", "value"), []).splitlines() == ["name  value", "----  -----"]


def test_every_figure_says_what_is_good():
    assert all(figure.good for figure in FIGURES.values())
