"""Pictures of norms, also where nothing is known."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from htvae.plots.norm import ScorePanel, draw_norm, draw_scores


def make_panel(deviations: np.ndarray, measures: list[tuple[str, float]]) -> ScorePanel:
    pose = np.array([[0.0, 0], [0, 1], [np.nan, np.nan]])
    return ScorePanel(
        title="walk",
        pose=pose,
        edges=[(0, 1), (1, 2)],
        landmark_deviations=np.array([0.5, 3.0, np.nan]),
        groups=["arm", "head"],
        deviations=deviations,
        borders=np.arange(deviations.shape[1] + 1.0),
        unit="seconds",
        measures=measures,
        limit=3.0,
    )


def test_scores(tmp_path: Path) -> None:
    deviations = np.array([[0.2, 2.5, np.nan], [1.0, 0.9, 1.1]])
    panels = [make_panel(deviations, [("range of arm", -4.0), ("speed of arm", 1.0)])]
    path = draw_scores([*panels, make_panel(np.full((2, 1), np.nan), [])], tmp_path / "a.png", "One")
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
    assert (abs(pixels - np.array([127, 0, 0])).sum(axis=1) < 12).mean() > 0.005  # the second beyond 2


@pytest.mark.parametrize("num_known", [0, 3])
def test_norm(num_known: int, tmp_path: Path) -> None:
    limit = np.where(np.arange(3) < num_known, 0.4, np.nan)
    values = np.random.default_rng(0).normal(size=(5, 3)) * 0.2
    coverage = np.full((4, 2), np.nan if num_known == 0 else 0.9)
    path = draw_norm(
        values, ["a", "b", "c"], (-limit, limit), coverage, ["arm", "head"], "Norm", tmp_path / "n.png"
    )
    with Image.open(path) as image:
        assert image.size[0] > 1000
