"""The frame around a figure, by hand."""

import numpy as np
import pytest

from htvae.plots.framing import find_sides, frame_figure


def make_figure(num_coordinates: int) -> np.ndarray:
    """Return a figure (T, L, D) two wide, four high and, in 3-D, one deep, that walks along x."""
    corners = np.array([[-1, 0, -0.5], [1, 4, 0.5]])[:, :num_coordinates]
    path = np.zeros((37, 1, num_coordinates))
    path[:, 0, 0] = np.arange(37)
    return corners + path


@pytest.mark.parametrize("num_coordinates", [2, 3])
def test_the_view_follows_a_figure_where_it_travels(num_coordinates: int) -> None:
    pose = make_figure(num_coordinates)
    center, half = frame_figure(pose, pose, smooth=5)
    np.testing.assert_allclose(center[2:-2, 0], np.arange(2, 35))
    np.testing.assert_array_equal(center[:, 1:], np.tile([2, 0][: num_coordinates - 1], (37, 1)))
    np.testing.assert_allclose(half, [1.8, 2, 0.5][:num_coordinates], atol=0.25)


@pytest.mark.parametrize("num_coordinates", [2, 3])
def test_frames_of_a_strip_are_centred_one_by_one_but_keep_their_height(num_coordinates: int) -> None:
    pose = make_figure(num_coordinates)
    pose[20:, :, 1] += 1
    center, _ = frame_figure(pose, pose)
    np.testing.assert_array_equal(center[:, 0], np.arange(37))
    np.testing.assert_array_equal(center[:, 1], 2.5)


@pytest.mark.parametrize("num_coordinates", [2, 3])
def test_nothing_to_see(num_coordinates: int) -> None:
    gone = np.full((4, 2, num_coordinates), np.nan)
    center, half = frame_figure(gone, gone)
    assert center.shape == (4, num_coordinates) and half.shape == (num_coordinates,)
    assert np.isfinite(center).all() and (half > 0).all()


def test_sides() -> None:
    point = np.array([1.0, 2.0, 3.0])
    (flat,) = find_sides(2)
    assert flat.see(point[:2]).tolist() == [1, 2] and flat.depth(point[:2]) is None
    front, side = find_sides(3)
    assert front.see(point).tolist() == [1, 2] and front.depth(point) == 3
    assert side.see(point).tolist() == [3, 2] and side.depth(point) == -1
