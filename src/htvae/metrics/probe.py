"""What a linear classifier reads off frozen latents, beside what it reads off the poses themselves.

Axes: ``n`` recordings, ``d`` features, ``T`` frames, ``L`` landmarks, ``D`` coordinates.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from htvae.metrics.windows import fill_gaps, mean_pose

_LOG = logging.getLogger(__name__)

_QUANTILES = (0.05, 0.95)
_RIDGE = 10.0
_NUM_FOLDS = 5
_NUM_REPEATS = 4


def probe_latents(features: np.ndarray, labels: Sequence[str], groups: Sequence[str], seed: int = 0) -> float:
    """Return the balanced accuracy of a linear classifier on groups it has not seen.

    Features are standardised with the training folds' mean and spread and given to a ridge classifier with
    classes weighted to count the same. Each group is in one of five folds, as a whole, and is predicted by a
    classifier that saw the other four; the score is the mean over classes of the share that is predicted
    right. Where groups are few the dealing of groups into folds matters, so the mean over four dealings is
    taken. The ridge (10) is fixed: chosen on held-out groups it was noise. A label that only one group has
    cannot be learned elsewhere and is left out.

    Args:
        features: (n, d), one row a recording.
        labels: (n,) what the classifier learns to tell apart.
        groups: (n,) what training and test must not share: the subject; or the other factor, such as the
            content where labels are styles.
        seed: seed of the dealing.

    Returns:
        In [0, 1]; a guess gives one over the number of labels.

    Raises:
        ValueError: fewer than two labels that at least two groups have.
    """
    features, names, group_names = (
        np.asarray(features, np.float64),
        np.asarray(labels, str),
        np.asarray(groups, str),
    )
    kept = _learnable(names, group_names)
    features, names, group_names = features[kept], names[kept], group_names[kept]
    rng = np.random.default_rng(seed)
    num_groups = len(np.unique(group_names))
    num_repeats = _NUM_REPEATS if num_groups > _NUM_FOLDS else 1
    scores = [_cross_validate(features, names, _deal_folds(group_names, rng)) for _ in range(num_repeats)]
    return float(np.mean(scores))


def probe_with_yardsticks(
    latents: Mapping[str, np.ndarray],
    poses: Sequence[np.ndarray],
    labels: Sequence[str],
    groups: Sequence[str],
    seed: int = 0,
) -> dict[str, float]:
    """Return balanced accuracies by name: each set of latents, and what they have to be measured against.

    Added are ``mean_pose`` and ``hand_made_statistics`` (a latent that is no better holds no more than these
    simple features) and ``shuffled_labels`` (the first latents with labels dealt out anew: near a guess, or
    something leaks).

    Args:
        latents: (n, d) each, by name; at least one.
        poses: (T, L, D) each, n of them, NaN where missing.
        labels: (n,).
        groups: (n,); see `probe_latents`.
        seed: seed of the dealing.
    """
    features = {**latents, **yardstick_features(poses)}
    scores = {name: probe_latents(values, labels, groups, seed) for name, values in features.items()}
    shuffled = np.random.default_rng(seed).permutation(np.asarray(labels, str))
    return scores | {
        "shuffled_labels": probe_latents(next(iter(latents.values())), list(shuffled), groups, seed)
    }


def yardstick_features(poses: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """Return ``mean_pose`` (n, L * D) and ``hand_made_statistics`` (n, 6 * L * D) of poses (T, L, D)."""
    fallback = mean_pose(poses)
    return {
        "mean_pose": np.stack([fill_gaps(pose, fallback).mean(axis=0).ravel() for pose in poses]),
        "hand_made_statistics": np.stack([hand_made_statistics(pose, fallback) for pose in poses]),
    }


def hand_made_statistics(pose: np.ndarray, fallback: np.ndarray) -> np.ndarray:
    """Return (6 * L * D,) simple statistics of a recording: 180 numbers for 15 landmarks in 2-D.

    Per landmark and coordinate: mean, standard deviation, quantiles at 5% and 95% (torso lengths); mean
    magnitude and standard deviation of the velocity (torso lengths per frame).

    Args:
        pose: (T, L, D), NaN where missing; gaps are filled linearly.
        fallback: (L, D), where a landmark stands that is never observed.
    """
    pose = fill_gaps(pose, fallback)
    velocity = np.diff(pose, axis=0) if len(pose) > 1 else np.zeros_like(pose)
    low, high = np.quantile(pose, _QUANTILES, axis=0)
    statistics = [
        pose.mean(axis=0),
        pose.std(axis=0),
        low,
        high,
        np.abs(velocity).mean(axis=0),
        velocity.std(axis=0),
    ]
    return np.concatenate([part.ravel() for part in statistics]).astype(np.float32)


def fit_classifier(features: np.ndarray, labels: np.ndarray) -> Any:
    """Return a linear classifier of standardised features (n, d), classes (n,) weighted to count the same."""
    from sklearn.linear_model import RidgeClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    classifier = make_pipeline(StandardScaler(), RidgeClassifier(alpha=_RIDGE, class_weight="balanced"))
    return classifier.fit(features, labels)


def balanced_accuracy(labels: np.ndarray, predictions: np.ndarray) -> float:
    """Return the mean over labels of the share that is predicted right: every label counts the same."""
    right = labels == predictions
    return float(np.mean([right[labels == label].mean() for label in np.unique(labels)]))


def _learnable(labels: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return (n,) bool: rows whose label at least two groups have.

    Raises:
        ValueError: fewer than two such labels.
    """
    names = np.unique(labels)
    known = [name for name in names if len(np.unique(groups[labels == name])) > 1]
    if len(known) < 2:
        raise ValueError(
            f"A probe must have two labels that at least two groups have, but found {len(known)} among "
            f"{len(names)} labels and {len(np.unique(groups))} groups. Group by another column, or "
            f"label more recordings."
        )
    if len(known) < len(names):
        _LOG.info(
            "%d of %d labels occur in one group only and are left out.", len(names) - len(known), len(names)
        )
    return np.isin(labels, known)


def _deal_folds(groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return (n,) the fold of each row: groups are shuffled and dealt out, one after the other."""
    unique, index = np.unique(groups, return_inverse=True)
    return (rng.permutation(len(unique)) % min(_NUM_FOLDS, len(unique)))[index]


def _cross_validate(features: np.ndarray, labels: np.ndarray, folds: np.ndarray) -> float:
    """Return the balanced accuracy over all rows, each predicted without its own fold."""
    predictions = np.empty_like(labels)
    for fold in np.unique(folds):
        test = folds == fold
        predictions[test] = fit_classifier(features[~test], labels[~test]).predict(features[test])
    return balanced_accuracy(labels, predictions)
