"""The printed table."""

import math

import pytest

from htvae.evaluation.figures import FIGURES
from htvae.evaluation.tables import MOST_ROWS, format_number, format_table, summarise


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


def test_figures_stand_beside_their_yardsticks():
    figures = {
        "mpjpe": 0.0213,
        "pca_mpjpe": 0.05,
        "noise_floor": 0.0042,
        "chunk_rate": 1.5,
        "chunk_active_units": 3.0,
        "chunk_latent_dim": 16.0,
        "complete_gap_30_mpjpe": math.nan,
        "my_metric": 3.0,
    }
    assert summarise(figures).splitlines() == [
        "figure                         value  unit           beside it",
        "----------------------------  ------  -------------  ------------------------------------",
        "my_metric                          3",
        "error                         0.0213  torso lengths  PCA 0.0500, tracker's jitter 0.00420",
        "rate of the chunk level         1.50  nats/frame     3 of 16 numbers active",
        "filled in: gaps of 30 frames       -  torso lengths",
    ]


@pytest.mark.parametrize("num_own", [0, 1, 20])
def test_there_are_fifteen_rows_at_most_and_ones_own_come_first(num_own):
    own = {f"own_{i}": float(i) for i in range(num_own)}
    rows = summarise(dict.fromkeys(FIGURES, 0.5) | own).splitlines()[2:]
    assert len(rows) == MOST_ROWS == 15
    assert [row.split()[0] for row in rows[:num_own]] == list(own)[:MOST_ROWS]
    assert num_own == 20 or rows[num_own].startswith("error ")


def test_generation_is_compared_with_scored_recordings_where_training_is_not_at_hand():
    scored = {"frechet_prior_sample": 7.0, "frechet_posterior_sample": 6.0, "frechet_fitted_gaussian": 9.0}
    train = {f"{name}_train": 10 * value for name, value in scored.items()}
    train["frechet_posterior_sample_held_out_train"] = 65.0
    assert "7  features^2  decoded recordings 6, fitted Gaussian 9" in summarise(scored)
    assert "70  features^2  decoded recordings 65, fitted Gaussian 90" in summarise(scored | train)


def test_columns_are_aligned_and_numbers_flush_right():
    assert format_table(("name", "value"), [("a", "10"), ("long one", "-")]).splitlines() == [
        "name      value",
        "--------  -----",
        "a            10",
        "long one      -",
    ]


def test_a_table_without_rows_is_its_header():
    assert format_table(("name", "value"), []).splitlines() == ["name  value", "----  -----"]
