"""Forest plots are drawn whatever is missing."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from htvae.plots.forest import ForestRow, draw_forest

ROWS = [
    ForestRow(name="speed of LEFT_WRIST", effect=-1.2, low=-1.9, high=-0.4, q=0.01, is_doubtful=False),
    ForestRow(name="range of NOSE", effect=0.8, low=0.1, high=1.4, q=0.04, is_doubtful=True),
    ForestRow(name="handlängd 手", effect=0.1, low=float("nan"), high=float("nan"), q=0.9, is_doubtful=False),
    ForestRow(name="share", effect=0.2, low=-np.inf, high=np.inf, q=0.95, is_doubtful=True),
]


def colors(path: Path) -> set[tuple[int, ...]]:
    with Image.open(path) as picture:
        return {tuple(color) for color in np.asarray(picture.convert("RGB")).reshape(-1, 3).tolist()}


def test_what_is_found_is_coloured_by_direction(tmp_path: Path) -> None:
    path = draw_forest(ROWS, tmp_path / "new/forest.png", "drug", "Hedges' g", ("lower in b", "higher in b"))
    assert {(0, 114, 178), (213, 94, 0), (173, 181, 189)} <= colors(path)
    pale = draw_forest(ROWS[2:], tmp_path / "pale.png", "drug", "Hedges' g", ("lower in b", "higher in b"))
    assert not {(0, 114, 178), (213, 94, 0)} & colors(pale)


@pytest.mark.parametrize("rows", [[], ROWS[2:3], ROWS[1:2]])
def test_few_rows_and_effects_without_a_sign(rows: list[ForestRow], tmp_path: Path) -> None:
    assert draw_forest(rows, tmp_path / "forest.png", "drug", "omega squared").stat().st_size > 5000
