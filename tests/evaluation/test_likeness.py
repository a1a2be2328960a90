"""Distances between sets of windows, by hand."""

import numpy as np
import pytest

from htvae.evaluation import likeness
from htvae.evaluation.likeness import measure_excess


def gaussian(size, seed, shift=0.0):
    return np.random.default_rng(seed).normal(size=(size, 4)) + shift


def test_excess_of_sets_that_are_alike_and_of_one_that_is_shifted():
    real = gaussian(400, 0)
    others = {"prior_sample": gaussian(300, 1), "shifted": gaussian(300, 2, shift=1.0)}
    found = measure_excess(real, others | {"reconstruction": real}, seed=1)
    assert found["reconstruction"] == 0
    assert 0 < found["floor"] < 0.2
    assert found["prior_sample"] == pytest.approx(0, abs=0.1)  # of 200 rows each; the floor is about 0.05
    assert found["shifted"] == pytest.approx(4, abs=0.6)  # the shift squared, of four numbers


def test_sets_that_are_compared_have_one_size(monkeypatch):
    sizes = set()

    def distance(first, second):
        sizes.update((len(first), len(second)))
        return 1.0

    monkeypatch.setattr(likeness, "frechet_distance", distance)
    real = gaussian(40, 0)
    measure_excess(real, {"posterior_sample": real, "prior_sample": real[:15]}, seed=0)
    assert sizes == {15}
    sizes.clear()
    measure_excess(real, {"posterior_sample": real, "prior_sample": np.vstack([real, real])}, seed=0)
    assert sizes == {20}


def test_paired_windows_are_those_of_the_other_half(monkeypatch):
    pairs = []
    monkeypatch.setattr(likeness, "frechet_distance", lambda a, b: pairs.append((a[:, 0], b[:, 0])) or 0.0)
    real = np.arange(20.0)[:, None]
    measure_excess(real, {"reconstruction": real + 100}, seed=0)
    for (first, second), (again, other) in zip(pairs[::2], pairs[1::2], strict=True):
        assert not set(first) & set(second)
        np.testing.assert_array_equal(first, again)
        np.testing.assert_array_equal(second + 100, other)
