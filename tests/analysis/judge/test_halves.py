"""Reliability of evidence: labels that a whole recording resembles, against evidence by chance."""

from typing import Any

import numpy as np
import pytest

from htvae.analysis.judge.halves import relate_halves
from htvae.analysis.judge.verdicts import Verdict

LABELS = ("a", "b", "c")


def make(as_processed: Any, rng: np.random.Generator, alike: float, num_chunks: int) -> Verdict:
    """A recording whose evidence has a part that all chunks share, times ``alike``, and one by chance."""
    shared = alike * rng.normal(size=(3, 1, 1))
    evidence = shared + rng.normal(size=(3, 2, num_chunks))
    spans = np.stack([np.arange(num_chunks) * 6, np.arange(num_chunks) * 6 + 8], axis=1)
    processed = as_processed(np.zeros((6 * num_chunks + 2, 2, 2)))
    return Verdict(processed, "new", (0, 6 * num_chunks + 2), LABELS, None, evidence, spans)


@pytest.mark.parametrize("alike", [3.0, 0.0])
def test_evidence_that_all_seconds_share_is_reliable(as_processed: Any, alike: float) -> None:
    rng = np.random.default_rng(0)
    found = relate_halves([make(as_processed, rng, alike, 7) for _ in range(40)], 3, 0)
    assert (found.value > 0.9).all() if alike else found.is_low.all()


def test_short_recordings_and_few_of_them_say_nothing(as_processed: Any) -> None:
    rng = np.random.default_rng(0)
    short = [make(as_processed, rng, 3.0, 3) for _ in range(40)]
    assert np.isnan(relate_halves(short, 3, 0).value).all()
    few = relate_halves([make(as_processed, rng, 3.0, 7)], 3, 0)
    assert np.isnan(few.value).all() and not few.is_low.any()
