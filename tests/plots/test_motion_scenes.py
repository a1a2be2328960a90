"""Pictures and movies of differences, in two and three dimensions, with parts missing."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from htvae.plots.body_map import NEUTRAL, color_landmarks
from htvae.plots.drawing import Figure
from htvae.plots.motion_movie import draw_motion_movie
from htvae.plots.motion_scenes import draw_motion_scenes
from htvae.plots.motion_strips import Motion, MotionScene

LANDMARKS, EDGES = ("hip", "knee", "toe"), [(0, 1), (1, 2)]


def make_scene(num_coordinates: int = 2, **changes: Any) -> MotionScene:
    rng = np.random.default_rng(0)
    pose = rng.normal(size=(23, 3, num_coordinates))
    motions = [
        Motion(caption="a: mean", pose=pose, group=0),
        Motion(caption="b: mean", pose=pose + 0.1, group=1, in_strip=False),
        Motion(caption="b (grey: a)", pose=pose + 0.1, group=1, shadow=pose),
        Motion(caption="b: never shown", pose=None, group=1),
    ]
    options: dict[str, Any] = {
        "title": "speed of toe: lower in b",
        "note": "What is drawn.",
        "groups": ("a", "b"),
        "measure": "speed of toe\ntorso lengths/s",
        "dots": (np.array([1.0, np.nan, 2.0]), np.array([0.5])),
        "motions": motions,
        "body": pose[0],
        "values": np.array([0.1, np.nan, -2.0]),
        "is_sure": np.array([False, False, True]),
        "plain": np.tile(NEUTRAL, (3, 1)),
        "value_name": "Hedges' g",
        "is_signed": True,
        "distance": rng.random((6, 3)),
        "is_colored": np.array([False, False, True]),
        "times": np.arange(6) / 10,
        "fps": 30.0,
        "unit": "torso lengths",
    }
    return MotionScene(**(options | changes))


def test_colors() -> None:
    plain = np.tile(NEUTRAL, (4, 1))
    colors = color_landmarks(np.array([-2.0, 0.0, 2.0, np.nan]), 2.0, True, plain)
    assert colors[0, 2] > colors[0, 0] and colors[2, 0] > colors[2, 2]  # blue below zero, orange above
    assert np.ptp(colors[1, :3]) < 0.05 and tuple(colors[3]) == pytest.approx(NEUTRAL)
    scene = make_scene()
    assert scene.limit == 2.0 and (scene.colors[:2] == NEUTRAL).all() and scene.colors[2, 2] > 0.6


@pytest.mark.parametrize("num_coordinates", [2, 3])
def test_picture_and_movie(num_coordinates: int, tmp_path: Path) -> None:
    motif = make_scene(
        num_coordinates,
        values=np.full(3, np.nan),
        is_sure=np.zeros(3, bool),
        distance=None,
        times=None,
        fps=None,
        motions=[Motion(caption="a: " + "long " * 30, pose=np.zeros((7, 3, num_coordinates)), group=0)],
    )
    scenes = [make_scene(num_coordinates), motif]
    path = draw_motion_scenes(scenes, LANDMARKS, EDGES, tmp_path / "a.png", "drug")
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3).astype(int)
    red = (pixels[:, 0] > 150) & (pixels[:, 2] < 60)
    assert red.mean() > 0.002  # the warm end of the heat map
    movie = draw_motion_movie(scenes, Figure.from_names(LANDMARKS, EDGES), tmp_path / "a.gif", "drug", 30.0)
    with Image.open(movie) as image:
        assert image.n_frames == 12  # of 23 frames every second one
        assert image.width >= 4 * 270


def test_nothing_sure_is_grey(tmp_path: Path) -> None:
    scene = make_scene(
        is_sure=np.zeros(3, bool), is_colored=np.zeros(3, bool), values=np.array([0.2, -0.1, 0])
    )
    path = draw_motion_scenes([scene], LANDMARKS, EDGES, tmp_path / "a.png", "drug")
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3).astype(int)
    assert not ((pixels[:, 0] > 200) & (pixels[:, 1] < 60)).any()
