"""Pictures of judgements, also without labels or recordings."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from htvae.plots.judge import JudgeTimeline, draw_judgement, spread_heights


def make_timeline(num_labels: int) -> JudgeTimeline:
    rng = np.random.default_rng(0)
    return JudgeTimeline(
        title="walk",
        edges=[0.0, 1.0, 2.0, 3.5],
        evidence=rng.normal(size=(num_labels, 3)),
        best=0,
        against=num_labels - 1,
        decisive=(1.0, 2.0),
        spans=[(0.0, 2.0, "stand"), (2.0, 3.5, "a very long name of a label")],
        unit="seconds",
    )


@pytest.mark.parametrize(("num_labels", "num_drawn"), [(2, 1), (20, 3), (3, 0)])
def test_judgement(num_labels: int, num_drawn: int, tmp_path: Path) -> None:
    confusion = np.arange(num_labels**2).reshape(num_labels, num_labels)
    labels = [f"label {i}" for i in range(num_labels)]
    timelines = [make_timeline(num_labels) for _ in range(num_drawn)]
    path = draw_judgement(confusion, labels, timelines, tmp_path / "a.png")
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"))
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 50
    bare = draw_judgement(None, labels, timelines, tmp_path / "b.png")
    with Image.open(bare) as image:
        assert not np.array_equal(np.asarray(image.convert("RGB")), pixels)


def test_names_do_not_overlap() -> None:
    np.testing.assert_allclose(spread_heights(np.array([0.0, 0.1, 0.2, 5.0]), 1.0), [0, 1, 2, 5])
    np.testing.assert_allclose(spread_heights(np.array([-3.0, 0.0, 2.0]), 1.0), [-3, 0, 2])
