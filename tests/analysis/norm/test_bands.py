"""Bands around predicted places: by hand, beside a slow loop, and calibrated on people left out."""

import numpy as np
import pytest

from htvae.analysis.norm.bands import Bands, fit_bands, mean_deviation, span_deviations
from htvae.poses.body_groups import BodyGroup

GROUPS = (BodyGroup("arm", (0, 2)), BodyGroup("head", (1,)))


def make_people(count: int, seed: int, num_frames: int = 137) -> tuple[list, list, np.ndarray]:
    """Return poses, predictions and subjects: two recordings each, a bias, and heavy tails that differ."""
    rng = np.random.default_rng(seed)
    poses, predicted = [], []
    for _ in range(count):
        scale = 0.1 * np.exp(0.2 * rng.normal())
        for _ in range(2):
            expected = rng.normal(size=(num_frames, 3, 2))
            away = np.linalg.norm(expected, axis=-1, keepdims=True)
            poses.append(expected + 0.3 + scale * (1 + away) * rng.standard_t(4, expected.shape))
            predicted.append(expected)
            poses[-1][rng.random((num_frames, 3)) < 0.1] = np.nan
    return poses, predicted, np.repeat(np.arange(count), 2)


def test_scores_by_hand() -> None:
    """The half-width is 1 at the usual place, 3 at a distance of 2, and linear between."""
    knots, width = np.array([[0.0, 2]]), np.array([[[1.0, 1], [3, 3]]])
    bands = Bands(np.array([[0.5, 0]]), np.zeros((1, 2)), knots, width)
    predicted = np.array([[[0.0, 0]], [[0, 1]], [[5, 0]], [[0, 0]]])
    pose = predicted + np.array([[[1.5, -1]], [[0.5, 4]], [[-2.5, 0]], [[np.nan, np.nan]]])
    expected = [[[1, -1]], [[0, 2]], [[-1, 0]], [[np.nan, np.nan]]]
    np.testing.assert_allclose(bands.score(pose, predicted), expected)


def test_spans_are_means_of_what_is_seen() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(37, 3, 2))
    scores[rng.random((37, 3)) < 0.3] = np.nan
    scores[10:20, 1] = np.nan
    found = span_deviations(scores, GROUPS, 5)
    assert found.shape == (2, 8)
    for g, group in enumerate(GROUPS):
        for span in range(8):
            own = np.abs(scores[5 * span : 5 * span + 5, list(group.landmarks)])
            known = own[np.isfinite(own)]
            expected = known.mean() if len(known) else np.nan
            assert found[g, span] == pytest.approx(expected, nan_ok=True)
    assert np.isnan(found[1, 2:4]).all()
    assert mean_deviation(found)[1] == pytest.approx(np.nanmean(found[1]))


def test_people_left_out_are_covered_and_deviate_little() -> None:
    poses, predicted, subjects = make_people(9, 0)
    fitted = fit_bands(poses, predicted, subjects, GROUPS, 10)
    assert fitted.point_coverage.shape == (9, 2) and fitted.held_out_deviation.shape == (18, 2)
    assert (fitted.point_coverage.mean(axis=0) > 0.88).all()
    assert (fitted.point_coverage.mean(axis=0) < 0.96).all()
    assert (fitted.span_coverage.mean(axis=0) > 0.85).all()
    np.testing.assert_allclose(fitted.bands.location, 0.3, atol=0.05)
    assert (np.diff(fitted.bands.half_width.mean(axis=(0, 2))) > 0).all()  # wider farther away


def test_new_people_are_covered() -> None:
    fitted = fit_bands(*make_people(9, 0), GROUPS, 10)
    poses, predicted, _ = make_people(12, 1)
    scores = np.concatenate([fitted.bands.score(p, q) for p, q in zip(poses, predicted, strict=True)])
    for group, factor in zip(GROUPS, fitted.point_factor, strict=True):
        own = np.abs(scores[:, list(group.landmarks)])
        assert 0.87 < (own[np.isfinite(own)] <= factor).mean() < 0.96


def test_a_landmark_that_controls_do_not_show_has_no_band() -> None:
    poses, predicted, subjects = make_people(4, 0)
    for pose in poses:
        pose[:, 1] = np.nan
    fitted = fit_bands(poses, predicted, subjects, GROUPS, 10)
    assert np.isfinite(fitted.point_factor).tolist() == [True, False]
    assert np.isnan(fitted.bands.score(predicted[0], predicted[0])[:, 1]).all()
