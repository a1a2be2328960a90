"""Principal components by hand, and against scikit-learn."""

import numpy as np
import pytest

from htvae.metrics.components import Components


def test_against_scikit_learn():
    from sklearn.decomposition import PCA

    rows = np.random.default_rng(0).normal(size=(37, 5)) * [5, 3, 2, 1, 0.5] + 7
    found, slow = Components.fit(rows), PCA().fit(rows)
    np.testing.assert_allclose(found.shares, slow.explained_variance_ratio_, rtol=1e-9)
    np.testing.assert_allclose(found.variances, slow.explained_variance_ * 36 / 37, rtol=1e-9)
    np.testing.assert_allclose(np.abs(found.project(rows)), np.abs(slow.transform(rows)), atol=1e-9)
    np.testing.assert_allclose(found.project(rows).std(axis=0), found.spreads, rtol=1e-9)
    assert all(row[np.abs(row).argmax()] > 0 for row in found.directions)


@pytest.mark.parametrize(("spreads", "expected"), [([1, 1, 1], 3), ([1, 0, 0], 1), ([1, 1, 0], 2)])
def test_participation_ratio_by_hand(spreads, expected):
    """Two rows a number, at plus and minus its spread."""
    rows = np.concatenate([np.diag(spreads), -np.diag(spreads)])
    assert Components.fit(rows).participation_ratio == pytest.approx(expected)


def test_participation_ratio_of_unequal_variances():
    rows = np.array([[3.0, 0], [-3, 0], [0, 1], [0, -1]])  # variances 18 / 4 and 2 / 4
    assert Components.fit(rows).participation_ratio == pytest.approx(20**2 / (18**2 + 2**2))


@pytest.mark.parametrize("rows", [np.ones((1, 3)), np.ones((4, 3)), np.ones((4, 0))])
def test_rows_without_variance_have_no_components(rows):
    found = Components.fit(rows)
    assert found.directions.shape == (0, rows.shape[1]) and found.project(rows).shape == (len(rows), 0)
    assert np.isnan(found.participation_ratio) and found.shares.size == 0
