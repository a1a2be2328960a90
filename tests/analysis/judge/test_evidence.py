"""Evidence of labels in recordings of several windows, beside the known flow of normal latents."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from htvae.analysis.judge.evidence import measure_label_evidence, measure_span_evidence
from htvae.analysis.judge.verdicts import find_spans
from htvae.inference.windows import WindowOutput
from htvae.metrics.means import student_interval
from htvae.models.chunking import ChunkGrid
from htvae.models.latent import Gaussian
from htvae.poses.sequence import FrameLabel
from tests.models.exact_prior import ExactPrior, expect_evidence

GRID = ChunkGrid(chunk_size=8, chunk_overlap=2, window=4)
LENGTH = 61
"""Frames: 10 chunks in 3 windows."""
LATENTS = torch.from_numpy(np.random.default_rng(0).normal(size=(GRID.num_chunks(LENGTH), 2))).float()
Z = torch.tensor([0.4, -0.2, 1.0])


def make_model(chunk_means: list[float] | None = None) -> Any:
    prior = ExactPrior([0.0, 0.3, -0.6], [0.0, 0.5, -0.4], chunk_means)
    return SimpleNamespace(prior=prior, labels=("a", "b"), chunk_labels=("x", "y", "z"), grid=GRID)


def make_windows() -> list[WindowOutput]:
    def narrow(mu: torch.Tensor) -> Gaussian:
        return Gaussian(mu, torch.full_like(mu, -30.0))

    return [
        WindowOutput(window=w, sequence=narrow(Z), chunks=narrow(LATENTS[slice(*w.chunks)]))
        for w in GRID.cut(LENGTH)
    ]


def test_every_chunk_counts_once() -> None:
    evidence = measure_label_evidence(make_model(), make_windows(), 600, 0)
    assert evidence.shape == (2, 600, 10)
    expected = np.zeros((2, 10))
    for index, (overall, mean) in enumerate([(0.3, 0.5), (-0.6, -0.4)]):
        for w in GRID.cut(LENGTH):
            kept = np.arange(*w.kept_chunks)
            expected[index, kept] = expect_evidence(LATENTS[kept], mean)
            expected[index, kept] += float(expect_evidence(Z, overall)) / len(kept)
    error = evidence.std(axis=1, ddof=1) / 600**0.5
    assert (np.abs(evidence.mean(axis=1) - expected) < 4 * error).all() and error.max() < 0.12


def test_intervals_of_differences_hold_the_truth() -> None:
    """95 % of them should: 200 repeats, so at least 89 % do (4 standard errors)."""
    model, (first, *_) = make_model(), make_windows()
    kept = LATENTS[slice(*first.window.kept_chunks)]
    truth = float(
        expect_evidence(kept, 0.5).sum()
        - expect_evidence(kept, -0.4).sum()
        + expect_evidence(Z, 0.3)
        - expect_evidence(Z, -0.6)
    )
    held = 0
    for seed in range(200):
        totals = measure_label_evidence(model, [first], 8, seed).sum(axis=2)
        low, high = student_interval(totals[0] - totals[1])
        held += low <= truth <= high
    assert held >= 178


def test_seeds() -> None:
    model, windows = make_model(), make_windows()
    first, again, other = (measure_label_evidence(model, windows, 2, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.fixture
def labelled(as_processed: Any) -> Any:
    """A recording with spans at 10 to 30 and 50 to 61, and one of a single frame, which is such a place."""
    processed = as_processed(np.zeros((LENGTH, 2, 2)))
    spans = (FrameLabel(10, 30, "y"), FrameLabel(31, 32, "x"), FrameLabel(50, 99, "unknown"))
    object.__setattr__(processed.source, "frame_labels", spans)
    return processed


def test_spans(labelled: Any) -> None:
    assert find_spans(labelled) == [((10, 30), "y"), ((31, 32), "x"), ((50, 61), "unknown")]
    means = [0.0, 0.3, 0.8, -0.5]
    found = list(measure_span_evidence(make_model(means), labelled, make_windows(), 600, 0))
    assert [(f.frames, f.label) for f in found] == [((10, 30), "y"), ((31, 32), "x"), ((50, 61), "unknown")]
    span = found[0]
    assert span.chunks == (1, 5)  # in two windows
    places = GRID.label_places(LENGTH).numpy()
    share = ((places >= 10) & (places < 30)).mean(axis=1)[1:5]
    other = means[1] * (places == 31).mean(axis=1)[1:5]  # the neighbour keeps its label
    for index, mean in enumerate(means[1:]):
        expected = [
            float(expect_evidence(LATENTS[1 + c], a + s * mean) - expect_evidence(LATENTS[1 + c], a))
            for c, (a, s) in enumerate(zip(other.tolist(), share.tolist(), strict=True))
        ]
        error = span.evidence[index].std(axis=0, ddof=1) / 600**0.5
        assert (np.abs(span.evidence[index].mean(axis=0) - expected) < 4 * error + 1e-6).all()
