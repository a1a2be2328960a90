"""Nearest recordings and moments, by hand."""

import numpy as np
import pytest

from htvae.analysis.latents.nearest import find_nearest_recordings
from htvae.poses.sequence import FrameLabel


def test_distances_are_in_units_of_a_recordings_halves(make_latents):
    """Halves differ by 2 in the first number, by 0.5 in the second."""
    z = np.array([[0.0, 0], [4, 0], [0, 3]], np.float32)
    halves = (z - np.float32([1, 0.25]), z + np.float32([1, 0.25]))
    found, doubts = find_nearest_recordings(make_latents(z, halves=halves), 1)
    assert doubts == [] and found.is_scaled and found.index.ravel().tolist() == [1, 0, 0]
    np.testing.assert_allclose(found.distance.ravel(), [2 / 2**0.5, 2 / 2**0.5, 6 / 2**0.5])


def test_without_halves_the_spread_is_the_unit(make_latents):
    found, doubts = find_nearest_recordings(make_latents(np.array([[-1.0], [1], [1]])))
    assert not found.is_scaled and [doubt.kind for doubt in doubts] == ["no_halves"]
    assert found.index.shape == (3, 2)


def test_a_number_that_is_constant_within_recordings_has_a_least_spread(make_latents):
    z = np.array([[0.0], [2]], np.float32)  # spread 1
    found, _ = find_nearest_recordings(make_latents(z, halves=(z, z)))
    assert found.distance.ravel().tolist() == pytest.approx([20, 20])


def test_shares_of_the_same_label_and_subject(make_latents):
    """Label a lies left, label b right; the two recordings of a subject lie side by side."""
    z = np.array([[0.0], [0.1], [1], [1.1], [50], [50.1], [51], [51.1]])
    made = make_latents(z, labels=list("aaaabbbb"), subjects=list("ssttuuvv"))
    shares = {(s.column, s.among): s for s in find_nearest_recordings(made, 2)[0].shares}
    assert set(shares) == {("label", "all"), ("label", "other subjects"), ("subject", "all")}
    assert shares["subject", "all"].first.share == 1 and shares["subject", "all"].all.share == 0.5
    assert shares["label", "all"].all.share == shares["label", "other subjects"].all.share == 1
    assert shares["label", "all"].first.chance == pytest.approx(3 / 7, abs=0.05)
    assert shares["subject", "all"].first.chance == pytest.approx(1 / 7, abs=0.05)


def test_moments_of_other_subjects(make_latents):
    chunks = np.array([[[0.0], [9], [0.1]], [[0.2], [9.1], [0.3]]])
    spans = [(FrameLabel(0, 6, "walk"), FrameLabel(6, 14, "wave"), FrameLabel(14, 20, "walk"))] * 2
    made = make_latents(np.zeros((2, 2)), chunks, subjects=["s", "t"], frame_labels=spans)
    (share,) = [s for s in find_nearest_recordings(made, 1)[0].shares if s.rows == "moments"]
    assert share.first.share == 1 and share.first.num_pairs == 6 and share.first.chance < 0.8


def test_one_recording_has_no_neighbours(make_latents):
    found, doubts = find_nearest_recordings(make_latents(np.zeros((1, 2))))
    assert found.index.shape == (1, 0) and [doubt.kind for doubt in doubts] == ["one_recording"]
