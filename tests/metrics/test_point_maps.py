"""Maps of rows: what they keep, and what they need."""

import builtins

import numpy as np
import pytest

from htvae.metrics.point_maps import check_umap, lay_out, measure_trust


@pytest.fixture
def blobs():
    """Three clouds of 21 rows of seven numbers."""
    rng = np.random.default_rng(0)
    centres = 20 * np.eye(7)[:3]
    return np.concatenate([centre + rng.normal(size=(21, 7)) for centre in centres])


def test_pca_is_the_first_two_scores():
    rows = np.array([[3.0, 0, 1], [-3, 0, 1], [0, 1, 1], [0, -1, 1]])
    np.testing.assert_allclose(lay_out(rows, "pca"), rows[:, :2], atol=1e-12)


def test_tsne_keeps_neighbours_and_is_the_same_for_a_seed(blobs):
    points = lay_out(blobs, "tsne", seed=3)
    np.testing.assert_array_equal(points, lay_out(blobs, "tsne", seed=3))
    owner = np.repeat(np.arange(3), 21)
    distances = np.linalg.norm(points[:, None] - points[None], axis=-1) + 1e9 * np.eye(63)
    assert (owner[distances.argmin(axis=1)] == owner).all()
    assert measure_trust(blobs, points) > 0.8


@pytest.mark.parametrize("kind", ["pca", "tsne"])
@pytest.mark.parametrize("count", [1, 2, 4, 5, 7])
def test_few_rows_have_a_map(kind, count):
    rows = np.random.default_rng(count).normal(size=(count, 3))
    points = lay_out(rows, kind)
    assert points.shape == (count, 2) and np.isfinite(points).all()
    assert np.isnan(measure_trust(rows, points)) == (count < 5)


def test_rows_that_are_all_alike_lie_in_one_place():
    assert (lay_out(np.ones((9, 4)), "tsne") == 0).all()


def test_trust_of_a_true_and_of_a_random_map():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(300, 2))
    assert measure_trust(rows, rows) == 1
    assert 0.4 < measure_trust(rows, rng.normal(size=(300, 2))) < 0.6


def test_umap_says_what_it_needs(monkeypatch, blobs):
    load = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name == "umap":
            raise ImportError(name)
        return load(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ValueError, match=r"umap-learn, but it is not installed\. Try pip install"):
        check_umap()
    with pytest.raises(ValueError, match="--map tsne"):
        lay_out(blobs, "umap")
