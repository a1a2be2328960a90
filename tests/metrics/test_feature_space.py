"""Standardised features in their principal components."""

import numpy as np

from htvae.metrics.feature_space import NUM_COMPONENTS, FeatureSpace


def test_few_features_are_standardised_and_turned():
    rng = np.random.default_rng(0)
    reference = rng.normal(size=(50, 3)) * [1, 100, 0.01] + [5, 0, -5]
    rows = FeatureSpace.fit(reference).project(reference)
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose((rows**2).sum(axis=1).mean(), 3)  # each feature counts as much: spread 1
    covariance = rows.T @ rows
    np.testing.assert_allclose(covariance, np.diag(np.diag(covariance)), atol=1e-9)


def test_units_and_constant_features_do_not_matter():
    rng = np.random.default_rng(0)
    reference, other = rng.normal(size=(30, 4)), rng.normal(size=(6, 4))
    units = np.array([1, 1000, 0.001, 7])

    def distances(reference, other):
        rows = FeatureSpace.fit(reference).project(other)
        return np.linalg.norm(rows[:, None] - rows, axis=-1)

    expected = distances(reference, other)
    np.testing.assert_allclose(distances(reference * units, other * units), expected)
    still = [np.hstack([rows, np.ones((len(rows), 1))]) for rows in (reference, other)]
    np.testing.assert_allclose(distances(*still), expected)


def test_of_many_features_the_directions_with_most_spread_are_kept():
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(200, 1)) @ rng.normal(size=(1, 60))
    reference = shared + 0.1 * rng.normal(size=(200, 60))
    rows = FeatureSpace.fit(reference).project(reference)
    assert rows.shape == (200, NUM_COMPONENTS)
    assert rows.var(axis=0)[-1] > 10 * rows.var(axis=0)[:-1].max()
