"""The linear probe and its yardsticks."""

import numpy as np
import pytest

from htvae.metrics.probe import (
    balanced_accuracy,
    hand_made_statistics,
    probe_latents,
    probe_with_yardsticks,
)


@pytest.fixture
def dealt():
    """120 recordings of three labels (one rare) by twelve subjects."""
    rng = np.random.default_rng(0)
    labels = np.array(["jump", "walk", "walk", "run", "run"])[np.arange(120) % 5]
    groups = np.array([f"s{i}" for i in rng.integers(0, 12, 120)])
    return labels, groups


def one_hot(labels):
    return (labels[:, None] == np.unique(labels)).astype(float)


def test_balanced_accuracy_counts_every_label_the_same():
    labels = np.array(["a", "a", "a", "b"])
    assert balanced_accuracy(labels, np.array(["a", "a", "a", "a"])) == 0.5
    assert balanced_accuracy(labels, labels) == 1


def test_features_that_tell_the_label_score_one(dealt):
    labels, groups = dealt
    noise = np.random.default_rng(1).normal(size=(120, 6))
    assert probe_latents(np.hstack([one_hot(labels), 0.1 * noise]), labels, groups) == 1


def test_noise_scores_a_guess(dealt):
    labels, groups = dealt
    # Three labels; over 120 rows the score scatters by about 0.05.
    assert abs(probe_latents(np.random.default_rng(1).normal(size=(120, 6)), labels, groups) - 1 / 3) < 0.12


def test_what_only_tells_the_group_does_not_help(dealt):
    _, groups = dealt
    labels = np.array(["left" if int(group[1:]) % 2 else "right" for group in groups])
    assert probe_latents(one_hot(groups), labels, groups) < 0.7


def test_same_seed_same_score_and_scale_does_not_matter(dealt):
    labels, groups = dealt
    features = one_hot(labels)[:, :2] + np.random.default_rng(1).normal(size=(120, 2))
    score = probe_latents(features, labels, groups, seed=3)
    assert probe_latents(1000 * features + 5, labels, groups, seed=3) == pytest.approx(score, abs=1e-12)


def test_a_label_of_one_group_is_left_out(dealt):
    labels, groups = dealt
    labels = np.where(groups == "s3", "only here", labels)
    kept = groups != "s3"
    features = np.random.default_rng(1).normal(size=(120, 2))
    expected = probe_latents(features[kept], labels[kept], groups[kept])
    assert probe_latents(features, labels, groups) == expected


def test_two_groups_are_enough():
    labels, groups = ["a", "b", "a", "b"], ["x", "x", "y", "y"]
    assert probe_latents(np.array([[0.0], [1.0], [0.1], [0.9]]), labels, groups) == 1


def test_too_few_labels_are_said():
    with pytest.raises(
        ValueError, match="two labels that at least two groups have, but found 1 among 2 labels"
    ):
        probe_latents(np.zeros((3, 1)), ["a", "a", "b"], ["x", "y", "y"])


def test_yardsticks_stand_beside_the_latents(dealt):
    labels, groups = dealt
    rng = np.random.default_rng(2)
    speed = np.select([labels == "jump", labels == "walk"], [0.9, 0.3], 0.6)
    poses = [np.sin(v * np.arange(40) + rng.uniform(0, 6))[:, None, None] * np.ones((1, 2, 2)) for v in speed]
    poses[0][5:9, 1] = np.nan
    poses[1][:, 0] = np.nan
    scores = probe_with_yardsticks({"z": one_hot(labels)}, poses, list(labels), list(groups))
    assert list(scores) == ["z", "mean_pose", "hand_made_statistics", "shuffled_labels"]
    assert scores["z"] == 1
    assert scores["hand_made_statistics"] > 0.9 > scores["mean_pose"]
    assert scores["shuffled_labels"] < 0.5


def test_hand_made_statistics_by_hand():
    pose = np.array([0.0, 1.0, 4.0], np.float32).reshape(3, 1, 1)
    mean, std, low, high, speed, speed_std = hand_made_statistics(pose, np.zeros((1, 1)))
    assert (mean, speed, speed_std) == (np.float32(5 / 3), 2.0, 1.0)
    np.testing.assert_allclose([std, low, high], [np.std([0, 1, 4]), 0.1, 3.7], rtol=1e-6)


def test_hand_made_statistics_of_one_frame_are_finite():
    assert np.isfinite(hand_made_statistics(np.full((1, 3, 2), np.nan), np.ones((3, 2)))).all()
