"""Verdicts from evidence written by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from htvae.analysis.judge.verdicts import Verdict, cut_spans, sort_verdicts
from htvae.poses.sequence import FrameLabel

EVIDENCE = np.array(
    [
        [[1.0, 0, 0, 0], [3, 0, 0, 0]],  # a: 2 in the mean
        [[0, 1, 8, 1], [0, 1, 8, 3]],  # b: 11
        [[-1, -1, -1, -1], [-1, -1, -1, -1]],  # c: -4
    ]
)
"""Three labels, two rounds, four chunks."""
SPANS = np.array([[0, 8], [6, 14], [12, 20], [18, 26]])


@pytest.fixture
def make(as_processed: Any) -> Any:
    def make(label: str | None = "a", evidence: np.ndarray = EVIDENCE) -> Verdict:
        processed = as_processed(np.zeros((26, 2, 2)))
        return Verdict(processed, "new", (0, 26), ("a", "b", "c"), label, evidence, SPANS)

    return make


def test_another_label(make: Any) -> None:
    verdict = make("a")
    np.testing.assert_allclose(verdict.scores, [2, 11, -4])
    assert (verdict.given, verdict.best, verdict.against, verdict.looks_otherwise) == (0, 1, 0, True)
    assert verdict.log_odds == verdict.doubt == 9
    # The rounds' differences are 9 and 9: nothing is left of the noise that labels do not share.
    assert verdict.log_odds_interval == (9, 9)
    np.testing.assert_allclose(verdict.chunk_log_odds, [-2, 1, 8, 2])
    assert verdict.decisive_chunks == (2, 3)
    assert verdict.decisive_frames == (12, 20)


@pytest.mark.parametrize(("label", "against", "doubt"), [("b", 0, -9), (None, 0, -np.inf), ("d", 0, -np.inf)])
def test_the_runner_up(make: Any, label: str | None, against: int, doubt: float) -> None:
    verdict = make(label)
    assert (verdict.best, verdict.against, verdict.looks_otherwise) == (1, against, False)
    assert verdict.doubt == doubt and verdict.log_odds == 9


def test_intervals(make: Any) -> None:
    low, high = make("b").score_interval(1)
    assert (low + high) / 2 == pytest.approx(11) and high - low == pytest.approx(2 * 12.706, abs=1e-3)


def test_probabilities(make: Any) -> None:
    found = make().probability(2.0)  # a temperature of 2 sqrt(4 chunks)
    np.testing.assert_allclose(found, np.exp(np.array([2, 11, -4]) / 4) / np.exp([0.5, 2.75, -1]).sum())


def test_equal_labels_decide_nothing(make: Any) -> None:
    verdict = make(None, np.zeros((3, 2, 4)))
    assert verdict.log_odds == 0 and verdict.decisive_chunks is None and verdict.decisive_frames is None
    np.testing.assert_allclose(verdict.probability(1.0), 1 / 3)


def test_the_most_doubtful_come_first(make: Any) -> None:
    verdicts = [make(None), make("b"), make("c"), make("a")]
    assert [v.label for v in sort_verdicts(verdicts)] == ["c", "a", "b", None]


def test_spans_are_cut(as_processed: Any) -> None:
    processed = as_processed(np.arange(26.0)[:, None, None] * np.ones((1, 2, 2)))
    labels = (FrameLabel(3, 9, "x"), FrameLabel(40, 50, "beyond"))
    source = replace(processed.source, frame_labels=labels)
    ((part, label),) = cut_spans(replace(processed, source=source))
    assert label == "x"
    np.testing.assert_array_equal(part.pose[:, 0, 0], np.arange(3, 9))
