"""Every figure that an evaluation knows is explained."""

import pytest

from htvae.evaluation.figures import FIGURES, MOTION_KINDS, PAIRED, explain


def test_every_figure_says_what_is_good():
    assert all(figure.good for figure in FIGURES.values())
    assert set(PAIRED) <= set(MOTION_KINDS)


@pytest.mark.parametrize(
    ("name", "unit", "good"),
    [
        ("mpjpe", "torso lengths", "low: well below pca_mpjpe, down to noise_floor"),
        (
            "complete_gap_60_coverage",
            "",
            "0.85 to 0.95: share in its 90 % interval, everything hidden for 60 frames",
        ),
        (
            "frechet_prior_sample_train",
            "features^2",
            "near 0: excess over real against real, training recordings",
        ),
        ("label_recall_nod off", "", "high: the share that shows this label where it was asked for"),
    ],
)
def test_figures_by_name(name, unit, good):
    figure = explain(name)
    assert (figure.unit, figure.good) == (unit, good)


@pytest.mark.parametrize("name", ["worst_frame", "complete_gap_15_shown_mpjpe", "mpjpe2"])
def test_a_metric_of_ones_own_has_no_explanation(name):
    assert explain(name) is None
