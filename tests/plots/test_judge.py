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


@pytest.mark.parametrize(("num_labels", "num_drawn", "known"), [(20, 2, True), (3, 0, True), (2, 1, False)])
def test_judgement(num_labels: int, num_drawn: int, known: bool, tmp_path: Path) -> None:
    confusion = np.diag(np.arange(num_labels)) if known else None
    labels = [f"label {i}" for i in range(num_labels)]
    path = draw_judgement(confusion, labels, [make_timeline(num_labels)] * num_drawn, tmp_path / "a.png")
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
    assert len(np.unique(pixels, axis=0)) > 50
    dark_blue = (np.abs(pixels - np.array([8, 81, 156])).sum(axis=1) < 60).mean()
    assert (dark_blue > 0.001) == known  # the fullest cells of the confusion matrix


def test_names_do_not_overlap() -> None:
    np.testing.assert_allclose(spread_heights(np.array([0.0, 0.1, 0.2, 5.0]), 1.0), [0, 1, 2, 5])
    np.testing.assert_allclose(spread_heights(np.array([-3.0, 0.0, 2.0]), 1.0), [-3, 0, 2])
