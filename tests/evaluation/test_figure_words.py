"""Every figure has a name in words, and no two share one."""

import pytest

from htvae.evaluation.figure_words import name_figure
from htvae.evaluation.figures import FIGURES


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_has_a_name(figure: str) -> None:
    words = name_figure(figure)
    assert 8 < len(words) <= 90 and "_" not in words


def test_names_differ() -> None:
    names = [name_figure(figure) for figure in FIGURES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        (
            "complete_gap_30_linear_mpjpe",
            "error of hidden points, everything for 30 frames, by linear interpolation",
        ),
        ("chunk_rate", "what the chunk latents say"),
        ("frechet_prior_sample_train_min", "distance from training recordings of prior samples, least"),
        ("copied_real", "near copies of training recordings: real motion"),
        ("script_recall_pick_up", "shows pick_up where it was asked for by a script"),
        ("my_metric", ""),
        ("complete_mpjpe", ""),
    ],
)
def test_names_by_hand(figure: str, words: str) -> None:
    assert name_figure(figure) == words
