"""Pictures of latents: sizes, many values, and nothing to show."""

import numpy as np
import pytest
from PIL import Image

from htvae.plots.drawing import Figure
from htvae.plots.latent_dimensions import DimensionPanels, draw_dimensions
from htvae.plots.latent_map import Colouring, MapRow, _order, _style, draw_latent_maps
from htvae.plots.traversals import NUM_POSES, TraversalBlock, draw_traversals


def size_of(path):
    with Image.open(path) as picture:
        return picture.size


def test_maps_grow_with_columns(tmp_path):
    rng = np.random.default_rng(0)
    rows = [MapRow("recordings", rng.normal(size=(7, 2)), ("PC 1", "PC 2"))]
    rows.append(
        MapRow("moments", np.where(np.arange(500)[:, None] < 3, np.nan, 1.0) * np.ones(2), ("a", "b"))
    )
    many = [f"label {i}" for i in range(500)]
    columns = [
        Colouring("label", [["a", None, "b", "a", "b", None, "a"], many]),
        Colouring("a $very$ long name " * 3, [[None] * 7, [None] * 500]),
    ]
    sizes = [size_of(draw_latent_maps(rows, columns[:n], tmp_path / f"{n}.png", "Map")) for n in range(3)]
    assert sizes[2][0] > sizes[1][0] >= sizes[0][0]


def test_values_without_a_name_are_grey_and_take_no_colour():
    names = {"": np.array([0]), "a": np.array([1]), "b": np.array([2]), "other": np.array([3])}
    numbers = {name: _style(number, name)[0] for number, (name, _) in _order(names)}
    assert [name for _, (name, _) in _order(names)][:2] == ["", "other"]
    assert numbers[""] == numbers["other"] and len(set(numbers.values())) == 3
    assert numbers["a"] == "#0072b2"


@pytest.mark.parametrize("known", [True, False])
def test_dimensions_of_levels(tmp_path, known):
    value = np.array([0.9, 0.2]) if known else np.full(2, np.nan)
    full = DimensionPanels(
        "z", np.array([0.1, 2.0, 1.0]), np.array([False, True, True]), np.array([0.8, 0.2]), 1.5,
        {"split-half": (value, value - 0.1, value + 0.1), "retest": (np.full(2, np.nan),) * 3},
    )  # fmt: skip
    empty = DimensionPanels(
        "chunk", np.zeros(2), np.zeros(2, bool), np.zeros(0), np.nan, {"a": (np.zeros(0),) * 3}
    )
    assert size_of(draw_dimensions([full, empty], tmp_path / "a.png", "Dimensions"))[0] > 1000


@pytest.mark.parametrize("num_coordinates", [2, 3])
@pytest.mark.parametrize("num_frames", [1, 40])
def test_traversals(tmp_path, num_coordinates, num_frames):
    pose = np.random.default_rng(0).normal(size=(num_frames, 4, num_coordinates))
    block = TraversalBlock("direction 1", "arm", ["low", "mean", "high"], [pose, 2 * pose, 3 * pose])
    figure = Figure.from_names(["LEFT_A", "B", "C", "RIGHT_A"], [(0, 1), (1, 2)])
    one = size_of(draw_traversals(figure, [[block]], tmp_path / "a.png", "Traversals"))
    two = size_of(draw_traversals(figure, [[block, block], []], tmp_path / "b.png", "Traversals"))
    both = size_of(draw_traversals(figure, [[block], [block]], tmp_path / "c.png", "Traversals"))
    assert one[0] == two[0] and both[0] > 1.9 * one[0] - 100 and two[1] > one[1] == both[1]
    assert NUM_POSES == 7
