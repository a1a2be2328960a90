"""Windows and their features: places by hand, whitening, principal components beside numpy."""

import numpy as np
import pytest

from htvae.analysis.window_features import WindowFeatures, WindowGrid, find_components


def test_windows_lie_around_the_middles_of_their_strides():
    grid = WindowGrid(width=4, stride=3)
    assert grid.count(7) == 3 and grid.centres(7).tolist() == [1, 4, 6]
    values = np.arange(7)
    assert grid.cut(values).tolist() == [[0, 0, 1, 2], [2, 3, 4, 5], [4, 5, 6, 6]]
    assert grid.spread(np.array([10, 20, 30]), 7).tolist() == [10, 10, 10, 20, 20, 20, 30]


@pytest.mark.parametrize(
    ("fps", "width", "stride"), [(30.0, 21, 8), (None, 21, 8), (100.0, 70, 27), (2.0, 2, 1)]
)
def test_a_grid_has_its_length_in_seconds(fps, width, stride):
    assert WindowGrid.of_rate(fps, 0.7, 8 / 30) == WindowGrid(width, stride)


def test_components_are_those_of_all_parts_together():
    rng = np.random.default_rng(0)
    parts = [rng.normal(size=(n, 5)) * [5, 3, 1, 0.5, 0] + 2 for n in (20, 7, 40)]
    mean, directions, spread = find_components(iter(parts), 3)
    together = np.concatenate(parts)
    singular = np.linalg.svd(together - together.mean(0), compute_uv=False)
    np.testing.assert_allclose(mean, together.mean(0))
    np.testing.assert_allclose(spread, singular[:3] / np.sqrt(len(together)))
    assert directions.shape == (5, 3)
    assert find_components(iter(parts), 5)[1].shape == (5, 4)  # one direction has no spread


@pytest.mark.parametrize("coordinates", [2, 3])
def test_features_are_white_and_scales_are_taken_off(coordinates):
    rng = np.random.default_rng(0)
    poses = [np.cumsum(rng.normal(size=(n, 4, coordinates)), axis=0) for n in (37, 90, 201)]
    grid, scale = WindowGrid(width=6, stride=2), np.array([1.0, 2.0, 0.5, 1.0])
    fitted = WindowFeatures.fit(poses, grid, scale, 5)
    features = np.concatenate([fitted.transform(pose) for pose in poses])
    assert features.shape == (sum(grid.count(len(p)) for p in poses), 5)
    np.testing.assert_allclose(features.mean(0), 0, atol=1e-8)
    np.testing.assert_allclose(np.cov(features.T, bias=True), np.eye(5), atol=1e-6)
    scaled = WindowFeatures.fit([p / scale[:, None] for p in poses], grid, np.ones(4), 5)
    np.testing.assert_allclose(scaled.transform(poses[0] / scale[:, None]), fitted.transform(poses[0]))


def test_bodies_that_never_move_have_features_too():
    fitted = WindowFeatures.fit([np.ones((50, 3, 2))], WindowGrid(4, 2), np.ones(3))
    assert np.isfinite(fitted.transform(np.ones((9, 3, 2)))).all()


def test_blocks_of_windows_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    poses = [np.cumsum(rng.normal(size=(n, 4, 2)), axis=0) for n in (37, 90, 5)]
    grid, scale = WindowGrid(width=9, stride=2), np.ones(4)
    whole = WindowFeatures.fit(poses, grid, scale, 5)
    monkeypatch.setattr("htvae.analysis.window_features.BLOCK_WINDOWS", 4)
    fitted = WindowFeatures.fit(poses, grid, scale, 5)
    for pose in poses:
        assert len(list(grid.blocks(len(pose)))) == -(-grid.count(len(pose)) // 4)
        np.testing.assert_allclose(fitted.transform(pose), whole.transform(pose), rtol=1e-6, atol=1e-9)
