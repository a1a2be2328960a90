"""Labels and numbers read off features, against scikit-learn and chance."""

import numpy as np

from htvae.metrics.leak_test import _classify, _explain, _shuffle, read_off_labels, read_off_numbers


def test_the_classifier_is_scikit_learns() -> None:
    from sklearn.linear_model import RidgeClassifier

    rng = np.random.default_rng(0)
    train, test = rng.normal(size=(37, 5)), rng.normal(size=(23, 5))
    for count in (2, 3):
        labels = rng.integers(count, size=(4, 37)) * (rng.random((4, 37)) < 0.6)
        found = _classify(train, labels, test, count)
        for own, predicted in zip(labels, found, strict=True):
            slow = RidgeClassifier(alpha=10.0, class_weight="balanced").fit(train, own)
            np.testing.assert_array_equal(predicted, slow.predict(test))


def test_a_label_that_is_there_is_read_off_and_another_is_not() -> None:
    rng = np.random.default_rng(1)
    subjects = np.repeat([f"s{i}" for i in range(14)], 3)
    cameras = np.array(["front", "side", "top"])[rng.integers(3, size=42)]
    features = rng.normal(size=(42, 40)) + 3 * np.equal.outer(cameras, ["front", "side", "top"]) @ rng.normal(
        size=(3, 40)
    )
    found = read_off_labels(features, cameras, subjects, 99, rng)
    assert found.accuracy > 0.9 and found.p == 0.01 and 0.2 < found.chance < 0.45 < found.chance_high < 0.7


def test_p_is_even_where_subjects_differ_strongly() -> None:
    """Latents say who it is, and each subject has one camera: nothing is learned for other subjects."""
    rng, found = np.random.default_rng(2), []
    subjects = np.repeat(np.arange(16), 4)
    for _ in range(80):
        features = 3 * rng.normal(size=(16, 6))[subjects] + rng.normal(size=(64, 6))
        cameras = rng.permutation(np.repeat(["a", "b"], 8))[subjects]
        found.append(read_off_labels(features, cameras, subjects.astype(str), 39, rng).p)
    assert np.mean(np.array(found) <= 0.05) < 0.15 and 0.35 < np.mean(found) < 0.65


def test_shuffling_keeps_what_a_subject_shares() -> None:
    rng = np.random.default_rng(3)
    owner = np.array([0, 1, 1, 2, 0, 3, 3, 3])
    shuffled = _shuffle(np.array([5, 6, 6, 7, 5, 8, 8, 8]), owner, rng)
    assert all(len(set(shuffled[owner == subject])) == 1 for subject in range(4))
    assert sorted({int(s) for s in shuffled}) == [5, 6, 7, 8]
    mixed = _shuffle(np.array([0, 1, 0, 1, 1, 0, 0, 0]), owner, rng)
    assert sorted(mixed) == [0] * 5 + [1] * 3


def test_numbers_are_read_as_by_scikit_learn() -> None:
    from sklearn.linear_model import Ridge

    rng = np.random.default_rng(4)
    features, targets, folds = rng.normal(size=(37, 5)), rng.normal(size=(3, 37)), np.arange(37) % 4
    for own, found in zip(targets, _explain(features, targets, folds), strict=True):
        error = spread = 0.0
        for fold in range(4):
            test = folds == fold
            slow = Ridge(alpha=10.0).fit(features[~test], own[~test])
            error += np.square(own[test] - slow.predict(features[test])).sum()
            spread += np.square(own[test] - own[~test].mean()).sum()
        np.testing.assert_allclose(found, 1 - error / spread, rtol=1e-9)


def test_a_number_that_is_there_is_read_off_and_another_is_not() -> None:
    rng = np.random.default_rng(5)
    subjects = np.repeat([f"s{i}" for i in range(20)], 3)
    ages = np.repeat(rng.normal(40, 10, size=20), 3)
    features = rng.normal(size=(60, 7))
    other = read_off_numbers(features, ages, subjects, 99, rng)
    features[:, 2] += ages / 5
    found = read_off_numbers(features, ages, subjects, 99, rng)
    assert found.r_squared > 0.5 and found.p == 0.01 and found.chance < found.chance_high < 0.3
    assert other.r_squared < 0.3 and other.p > 0.01


def test_p_of_numbers_is_even_where_subjects_differ_strongly() -> None:
    rng, found = np.random.default_rng(6), []
    subjects = np.repeat(np.arange(16), 4)
    for _ in range(80):
        features = 3 * rng.normal(size=(16, 6))[subjects] + rng.normal(size=(64, 6))
        numbers = rng.normal(size=16)[subjects]
        found.append(read_off_numbers(features, numbers, subjects.astype(str), 39, rng).p)
    assert np.mean(np.array(found) <= 0.05) < 0.15 and 0.35 < np.mean(found) < 0.65
