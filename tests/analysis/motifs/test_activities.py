"""Activities: planted ones are found with their borders, saved, and applied to merged motifs."""

import dataclasses

import numpy as np
import pytest

from htvae.analysis.motifs import activities
from htvae.analysis.motifs.activities import ActivityModel, apply_activities, find_activities
from htvae.analysis.motifs.motifs import Motifs
from htvae.analysis.motifs.segmenter import Segmentation, Segmenter
from htvae.metrics.agreement import NOTHING, measure_agreement

RATE = 30.0
SHARES = np.array([[0.6, 0.3, 0.1, 0.0], [0.0, 0.3, 0.2, 0.5]])


def make_day(seed):
    """Motifs of 2 s (T,) in two activities, each of a minute or so, twice, and the activity of each frame."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(rng.permutation([0, 1, 0, 1]), rng.integers(25, 36))
    labels = np.array([rng.choice(4, p=SHARES[activity]) for activity in truth])
    return np.repeat(labels, 60), np.repeat(truth, 60)


@pytest.fixture(autouse=True)
def _few_starts(monkeypatch):
    """Planted activities are so plain that every start finds them; eight would take long."""
    monkeypatch.setattr(activities, "NUM_STARTS", 2)


@pytest.fixture(scope="module")
def days():
    return [make_day(seed) for seed in range(5)]


@pytest.fixture(scope="module")
def motifs(days):
    pose = np.random.default_rng(0).normal(size=(900, 2, 2))
    segmenter = Segmenter.fit([pose], np.ones(2), RATE, 4, 3.0)
    ones = [Segmentation(x, np.ones(len(x)), np.zeros(len(x))) for x, _ in days]
    return Motifs(segmenter, "pose", RATE, ones)


def test_planted_activities_and_their_borders_are_found(motifs, days):
    found = find_activities(motifs, 2)
    truth = [activity for _, activity in days]
    result = measure_agreement([one.labels for one in found.segmentations], truth, 5 * RATE)
    alone = measure_agreement([labels for labels, _ in days], truth, 5 * RATE)
    assert result["nmi"] > 0.7 > alone["nmi"] and result["boundary_f1"] > 0.7
    order = np.argsort(-found.model.shares[:, 0])
    np.testing.assert_allclose(found.model.shares[order, :4], SHARES, atol=0.1)
    np.testing.assert_allclose(found.usage().sum(1), 1)
    assert [bout.motif for bout in found.bouts if bout.recording == 0] == [
        one for one, _ in _runs(found.segmentations[0].labels)
    ]
    assert all(one.confidence.min() >= 0 and one.confidence.max() <= 1 for one in found.segmentations)


def _runs(labels):
    edges = [0, *(np.flatnonzero(np.diff(labels)) + 1)]
    return [(labels[edge], edge) for edge in edges]


def test_the_same_seed_saved_and_applied_again_gives_the_same(motifs):
    first, second = find_activities(motifs, 2, seed=4), find_activities(motifs, 2, seed=4)
    saved = ActivityModel.from_state_dict(first.model.state_dict())
    for other in (second, apply_activities(motifs, saved)):
        for a, b in zip(first.segmentations, other.segmentations, strict=True):
            assert np.array_equal(a.labels, b.labels) and np.array_equal(a.confidence, b.confidence)


def test_merged_motifs_have_the_sum_of_their_shares(motifs):
    model = find_activities(motifs, 2).model
    groups = np.array([0, 1, 1, 3])
    merged = model.merge(groups)
    np.testing.assert_allclose(merged.shares[:, 1], model.shares[:, 1] + model.shares[:, 2])
    assert (merged.shares[:, 2] == 0).all() and np.allclose(merged.shares.sum(1), 1)
    ones = [dataclasses.replace(one, labels=groups[one.labels]) for one in motifs.segmentations]
    found = apply_activities(dataclasses.replace(motifs, segmentations=ones), merged)
    assert all(np.isfinite(one.likelihood).all() for one in found.segmentations)


def test_frames_of_no_motif_have_an_activity(motifs):
    ones = [dataclasses.replace(one, labels=one.labels.copy()) for one in motifs.segmentations]
    ones[0].labels[100:130] = NOTHING
    found = find_activities(dataclasses.replace(motifs, segmentations=ones), 2)
    assert found.segmentations[0].labels.min() >= 0


@pytest.mark.parametrize(
    ("count", "seconds", "message"),
    [
        (0, 30, "num_activities must be at least 1, but got 0"),
        (2, 0, "activity_seconds must be above 0"),
        (500, 30, r"must last 15000 s together for 500 activities .* but last \d+ s"),
    ],
)
def test_senseless_requests_are_refused(motifs, count, seconds, message):
    with pytest.raises(ValueError, match=message):
        find_activities(motifs, count, seconds)
