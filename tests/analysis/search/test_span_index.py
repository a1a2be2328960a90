"""Features of spans beside a slow loop."""

import numpy as np
import pytest

from htvae.analysis.search import span_index
from htvae.analysis.search.span_index import ORDER_WEIGHT, SPREAD_WEIGHT, SpanIndex

LENGTHS = (37, 5, 130, 61)


@pytest.fixture(scope="module")
def index() -> SpanIndex:
    rng = np.random.default_rng(0)
    series = [rng.normal(size=(n, 5, 2)).cumsum(0).astype(np.float32) for n in LENGTHS]
    observed = [rng.random(n) for n in LENGTHS]
    return SpanIndex.fit(series, observed, np.ones(5), 30.0)


def test_windows_and_spans_are_counted_by_recording(index: SpanIndex) -> None:
    assert index.features.grid.stride == 6 and index.values.shape == (7 + 1 + 22 + 11, index.values.shape[1])
    spans = index.spans(4)
    assert np.bincount(spans.recording, minlength=4).tolist() == [4, 0, 19, 8]
    first = np.flatnonzero(spans.recording == 2)
    assert spans.start[first].tolist() == list(range(0, 114, 6)) and spans.stop[first[-1]] == 130
    assert not len(index.spans(23).rows) and index.num_windows(1) == 1 and index.num_windows(20) == 3


@pytest.mark.parametrize("length", [1, 2, 5])
def test_vectors_are_mean_spread_and_order(index: SpanIndex, length: int) -> None:
    spans = index.spans(length)
    vectors = index.vectors(spans.rows, length)
    counts = np.array([7, 1, 22, 11])
    for i in range(0, len(spans.rows), 3):
        begin = counts[: spans.recording[i]].sum() + spans.start[i] // 6
        own = index.values[begin : begin + length].astype(np.float64)
        half = (length + 1) // 2
        order = (own[length - half :].mean(0) - own[:half].mean(0)) / 2
        expected = np.concatenate([own.mean(0), SPREAD_WEIGHT * own.std(0), ORDER_WEIGHT * order])
        np.testing.assert_allclose(vectors[i], expected, atol=1e-5)
        assert spans.observed[i] == pytest.approx(index.observed[begin : begin + length].mean())


def test_blocks_are_the_vectors(index: SpanIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(span_index, "BLOCK", 7)
    expected = index.vectors(index.spans(3).rows, 3)
    assert np.array_equal(np.concatenate(list(index.blocks(3))), expected)


def test_a_span_is_found_by_its_middle(index: SpanIndex) -> None:
    spans = index.spans(4)
    for i in range(len(spans.rows)):
        found = index.span_at(int(spans.recording[i]), int(spans.start[i]), int(spans.stop[i]), 4)
        assert found == spans.rows[i]
    assert index.span_at(2, 0, 60, 4) == index.span_at(2, 18, 42, 4)  # a longer clip: its middle
    assert index.span_at(0, 36, 37, 7) == spans.rows[0]  # no room to either side
