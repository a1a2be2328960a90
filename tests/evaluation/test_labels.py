"""Whether a classifier sees what was asked for, on toy data that is easy to tell."""

import numpy as np
import pytest

from htvae.evaluation.labels import LabelledWindows, cut_labelled, measure_agreement


def toy(labels, groups, seed=0, shows=None):
    """Twenty windows for each letter; each letter has a feature that marks its windows."""
    rng = np.random.default_rng(seed)
    labels, groups = np.repeat(list(labels), 20), np.repeat(groups, 20)
    shown = labels if shows is None else np.repeat(list(shows), 20)
    features = (shown[:, None] == np.array(list("abcde"))) + 0.05 * rng.normal(size=(len(shown), 5))
    return LabelledWindows(features, labels, groups, np.ones(len(labels), bool))


REAL = toy("abcabc", [0, 1, 2, 3, 4, 5])


def test_motion_that_shows_what_was_asked_for():
    found = measure_agreement(REAL, toy("abcabc", [0] * 6, seed=1))
    assert (found.real_accuracy, found.real_recall, found.accuracy, found.recall) == (1, 1, 1, 1)
    assert found.recalls == {"a": 1, "b": 1, "c": 1}


def test_motion_that_shows_something_else():
    found = measure_agreement(REAL, toy("aaab", [0] * 4, seed=1, shows="abbb"))
    assert found.recalls == {"a": pytest.approx(1 / 3), "b": 1}
    assert found.accuracy == 0.5 and found.recall == pytest.approx(2 / 3)


def test_labels_of_one_recording_are_left_out():
    real = toy("ababc", [0, 1, 2, 3, 4])
    found = measure_agreement(real, toy("abc", [0] * 3))
    assert set(found.recalls) == {"a", "b"} and found.accuracy == 1


def test_nothing_to_judge():
    assert measure_agreement(toy("aa", [0, 1]), toy("aa", [0, 0])) is None
    assert measure_agreement(REAL, toy("de", [0, 0])) is None


def test_real_accuracy_is_that_of_recordings_not_seen():
    """Features that only tell recordings apart are of no use."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(10), 8)
    features = np.eye(10)[groups] + 0.01 * rng.normal(size=(80, 10))
    labels = np.array(["a", "b"])[groups % 2]
    real = LabelledWindows(features, labels, groups, np.ones(80, bool))
    found = measure_agreement(real, real)
    assert found.accuracy == 1 and found.real_accuracy < 0.9


def test_windows_have_the_label_of_their_middle():
    pose = np.zeros((96, 2, 2), np.float32)
    labels = np.array(["a"] * 40 + ["b"] * 40 + [""] * 16)
    cut = cut_labelled([pose, pose[:20]], [labels, labels[:20]], np.zeros((2, 2)), window=32)
    # Windows from 0, 16, 32, 48, 64; middles at 16, 32, 48, 64 and 80, which has no label.
    assert cut.labels.tolist() == ["a", "a", "b", "b", "a"]
    assert cut.groups.tolist() == [0, 0, 0, 0, 1]
    assert cut.clear.tolist() == [True, True, True, True, True]
    assert cut.features.shape == (5, 11 * 4)
    labels = np.array(["a"] * 50 + ["b"] * 46)
    cut = cut_labelled([pose], [labels], np.zeros((2, 2)), window=32)
    assert cut.clear.tolist() == [True, True, False, True, True]  # from 32 on there are 18 and 14
    assert cut.labels.tolist() == ["a", "a", "a", "b", "b"]
