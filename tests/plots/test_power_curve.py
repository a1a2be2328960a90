"""The curve of a planned study, also where nothing was found."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
from PIL import Image

from htvae.plots.power_curve import draw_power


def make_point(size: int, power: float, exaggeration: float) -> SimpleNamespace:
    return SimpleNamespace(
        size=size,
        power=power,
        power_interval=(0.8 * power, min(1, 1.1 * power)),
        table_power=power / 2,
        false_alarms=0.05,
        exaggeration=exaggeration,
    )


def test_curve(tmp_path: Path) -> None:
    points = [make_point(20, 0.9, 1.1), make_point(10, 0.5, 1.6), make_point(5, 0.0, float("nan"))]
    path = draw_power(points, [(0.8, 16), (0.95, None)], tmp_path / "a.png", "speed -10%", "speed", 7, 12)
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
    assert (np.abs(pixels - np.array([0, 114, 178])).sum(axis=1) < 12).sum() > 500  # the curve


def test_one_size(tmp_path: Path) -> None:
    path = draw_power([make_point(8, 0.1, 2.0)], [(0.8, None)], tmp_path / "b.png", "a", "b", 1, 4)
    assert path.stat().st_size > 10_000
