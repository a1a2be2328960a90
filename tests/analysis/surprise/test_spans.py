"""Spans from scores."""

from itertools import pairwise

import numpy as np
import pytest

from htvae.analysis.surprise.measures import KINDS
from htvae.analysis.surprise.spans import RANKS, FoundSpan, find_spans, name_worst

FPS = 30.0


def scores(**parts: dict[tuple[int, int], float]) -> dict[str, np.ndarray]:
    """Return scores (300,) of 0.2, with other values in spans."""
    found = {}
    for kind, values in parts.items():
        found[kind] = np.full(300, 0.2, np.float32)
        for span, value in values.items():
            found[kind][slice(*span)] = value
    return found


def spans_of(found: list[FoundSpan]) -> list[tuple[str, int, int]]:
    return [(span.kind, span.start, span.stop) for span in found]


def test_every_kind_has_a_rank() -> None:
    assert set(RANKS) == set(KINDS)


def test_frames_above_the_threshold_make_a_span() -> None:
    own = scores(error={(50, 60): 1.5, (55, 56): 2.5})
    (span,) = find_spans(own, 1.0, FPS)
    assert (span.start, span.stop, span.kind, span.score, span.peak, span.also) == (
        50,
        60,
        "error",
        2.5,
        55,
        (),
    )
    assert spans_of(find_spans(own, 2.0, FPS)) == [("error", 55, 56)]
    assert find_spans(own, 3.0, FPS) == []


def test_parts_that_lie_close_together_are_one_span() -> None:
    near = scores(error={(50, 60): 1.5, (66, 70): 1.5})
    assert spans_of(find_spans(near, 1.0, FPS)) == [("error", 50, 70)]
    apart = scores(error={(50, 60): 1.5, (90, 95): 1.5})
    assert spans_of(find_spans(apart, 1.0, FPS)) == [("error", 50, 60), ("error", 90, 95)]


def test_missing_frames_have_no_score_and_are_bridged() -> None:
    own = scores(error={(50, 60): 1.5, (54, 57): np.nan})
    assert spans_of(find_spans(own, 1.0, FPS)) == [("error", 50, 60)]
    assert find_spans(scores(error={(0, 300): np.nan}), 1.0, FPS) == []


def test_an_exchange_claims_the_errors_that_it_causes() -> None:
    own = scores(
        swap={(100, 130): 1.2},
        error={(95, 135): 5.0},
        acceleration={(99, 101): 9.0, (129, 131): 9.0},
    )
    (span,) = find_spans(own, 1.0, FPS)
    assert (span.kind, span.start, span.stop) == ("swap", 100, 130)
    assert span.also == ("error", "acceleration")


def test_a_long_weak_span_is_cut_by_a_short_strong_one() -> None:
    own = scores(error={(20, 250): 1.2}, stillness={(100, 130): 4.0})
    assert spans_of(find_spans(own, 1.0, FPS)) == [
        ("error", 20, 91),
        ("stillness", 100, 130),
        ("error", 139, 250),
    ]


def test_spans_never_overlap() -> None:
    rng = np.random.default_rng(5)
    own = {kind: rng.gamma(0.3, 1.0, size=1000) for kind in KINDS}
    found = find_spans(own, 1.0, FPS)
    assert len(found) > 5
    assert all(a.stop <= b.start for a, b in pairwise(found))
    assert all(own[span.kind][span.peak] == pytest.approx(span.score) for span in found)


def test_the_worst_landmarks_are_named_and_missing_ones_are_not() -> None:
    values = np.array([[0.1, 4.0, 3.0, np.nan, 1.0]] * 5)
    assert name_worst(values, "abcde") == ("b", "c")
    assert name_worst(np.full((5, 3), np.nan), "abc") == ()
    assert name_worst(np.array([[-3.0, -1.0]]), "ab") == ("b",)
