"""Reliability of motifs: habits of people are found, labels are not taken for habits."""

from types import SimpleNamespace

import numpy as np
import pytest

from htvae.analysis.motifs.reliability import measure_reliability
from htvae.analysis.motifs.segmenter import Segmentation
from htvae.metrics.agreement import NOTHING

RATE, FRAMES = 30.0, 3000


def make_recording(share, rng, stay=25):
    """Bouts of 25 frames, ``share`` of them of motif 0."""
    labels = np.repeat((rng.random(FRAMES // stay) > share).astype(int), stay)
    return Segmentation(labels, np.ones(FRAMES), np.zeros(FRAMES))


def make_study(share_of, num_subjects=24):
    rng = np.random.default_rng(0)
    pairs = [(f"p{i:02d}", label) for i in range(num_subjects) for label in ("walk", "sit")]
    recordings = [SimpleNamespace(source=SimpleNamespace(subject=s, label=x)) for s, x in pairs]
    habits = dict(zip(sorted({s for s, _ in pairs}), rng.uniform(0.2, 0.8, num_subjects), strict=True))
    return [make_recording(share_of(habits[s], x), rng) for s, x in pairs], recordings


def test_habits_are_reliable():
    ones, recordings = make_study(lambda habit, label: habit)
    result = measure_reliability(ones, 2, RATE, recordings)
    assert result.retest.value[0] > 0.8 and result.split_half.value[0] > 0.8
    assert not result.is_unreliable[:2].any() and not result.is_unknown.any()


def test_what_all_do_alike_under_a_label_is_no_habit():
    ones, recordings = make_study(lambda habit, label: 0.8 if label == "walk" else 0.2)
    result = measure_reliability(ones, 2, RATE, recordings)
    assert abs(result.retest.value[0]) < 0.35 and result.is_unreliable[:2].all()


def test_without_subjects_only_halves_are_compared():
    ones, recordings = make_study(lambda habit, label: habit)
    for recording in recordings:
        recording.source.subject = None
    result = measure_reliability(ones, 2, RATE, recordings)
    assert np.isnan(result.retest.value).all() and result.split_half.value[0] > 0.8


def test_short_recordings_and_few_of_them_say_nothing():
    ones, recordings = make_study(lambda habit, label: habit)
    short = [Segmentation(one.labels[:500], one.confidence[:500], one.likelihood[:500]) for one in ones]
    assert np.isnan(measure_reliability(short, 2, RATE, recordings).split_half.value).all()
    assert measure_reliability(ones[:2], 2, RATE, recordings[:2]).is_unknown.all()


def test_share_and_length_by_hand():
    from htvae.analysis.motifs.reliability import _measure

    one = Segmentation(np.array([0, 0, 1, NOTHING, 0, 0, 0, 0]), np.ones(8), np.zeros(8))
    share, length = np.split(_measure(one, 3), 2)
    assert share.tolist() == [6 / 8, 1 / 8, 0]
    assert length[:2].tolist() == [3, 1] and np.isnan(length[2])
    assert np.isnan(_measure(one, 3, 9)).all()


@pytest.mark.parametrize("seed", [0, 1])
def test_the_same_seed_gives_the_same_intervals(seed):
    ones, recordings = make_study(lambda habit, label: habit, 8)
    first, second = (measure_reliability(ones, 2, RATE, recordings, seed) for _ in range(2))
    assert np.array_equal(first.retest.interval, second.retest.interval, equal_nan=True)
