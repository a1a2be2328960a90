"""Maps of recordings and moments."""

import numpy as np
import pytest

from htvae.analysis.latents import maps
from htvae.analysis.latents.maps import map_moments, map_recordings


def test_maps_by_principal_components(make_latents):
    z = np.random.default_rng(0).normal(size=(7, 4))
    found, doubts = map_recordings(make_latents(z), "pca", 0)
    assert doubts == [] and found.kind == "pca" and 0 < found.trust <= 1
    np.testing.assert_allclose(found.points, found.scores[:, :2])


@pytest.mark.parametrize(("count", "kind"), [(1, "one_recording"), (3, "few_recordings")])
def test_few_recordings_are_said(make_latents, count, kind):
    found, doubts = map_recordings(make_latents(np.random.default_rng(0).normal(size=(count, 4))), "tsne", 0)
    assert (
        [doubt.kind for doubt in doubts] == [kind]
        and found.kind == "pca"
        and found.points.shape == (count, 2)
    )


def test_of_many_moments_some_are_placed(make_latents, monkeypatch):
    monkeypatch.setattr(maps, "MOST_POINTS", 11)
    chunks = np.random.default_rng(0).normal(size=(7, 3, 4))
    found, doubts = map_moments(make_latents(np.zeros((7, 2)), chunks), "tsne", 0)
    placed = np.isfinite(found.points).all(axis=1)
    assert placed.sum() == 11 and placed[[0, 2, 20]].all() and found.scores.shape == (21, 4)
    assert [doubt.kind for doubt in doubts] == ["thinned_moments"]
    assert np.isfinite(map_moments(make_latents(np.zeros((7, 2)), chunks), "pca", 0)[0].points).all()


def test_a_model_without_chunk_latents_has_no_moments(make_latents):
    found, doubts = map_moments(make_latents(np.zeros((2, 2)), np.zeros((2, 3, 0))), "pca", 0)
    assert found is None and [doubt.kind for doubt in doubts] == ["no_chunk_latents"]
