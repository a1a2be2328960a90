"""Whether a linear model can read a label, or a number, off features of subjects that it has not seen.

The classifier is that of `htvae.metrics.probe`, written so that a hundred shufflings of the labels cost
little: all of them are solved at once.

Axes: ``n`` rows, ``d`` features, ``S`` labellings, ``C`` labels.
"""

from dataclasses import dataclass

import numpy as np

_RIDGE = 10.0
_NUM_FOLDS, _NUM_REPEATS = 5, 4
_MOST_FEATURES = 32
"""Principal components of the standardised features that the classifier sees."""


@dataclass(frozen=True)
class LeakTest:
    """How well labels are read off, and how well shuffled labels are."""

    accuracy: float
    """Balanced accuracy, in [0, 1]."""
    chance: float
    """Mean balanced accuracy of shuffled labels."""
    chance_high: float
    """95th percentile of the balanced accuracy of shuffled labels."""
    p: float
    """Share of labellings, the true one included, that are read off as well."""


def read_off_labels(
    features: np.ndarray,
    labels: np.ndarray,
    subjects: np.ndarray,
    num_shuffles: int,
    rng: np.random.Generator,
) -> LeakTest:
    """Return how well labels are read off features, subjects in one fold each, beside shuffled labels.

    Shuffling keeps what a subject's rows share: a label that is the same in all rows of a subject is dealt
    out to subjects anew; other labels are dealt out in runs, one subject's after the other's.

    Args:
        features: (n, d) finite.
        labels: (n,) texts.
        subjects: (n,) texts.
        num_shuffles: shufflings, at least 19 for p of 0.05.
        rng: source of folds and shufflings.
    """
    index = np.unique(labels, return_inverse=True)[1]
    owner = np.unique(subjects, return_inverse=True)[1]
    labellings = np.stack([index, *(_shuffle(index, owner, rng) for _ in range(num_shuffles))])
    scores = _reduce(features)
    accuracy = np.mean([_score(scores, labellings, _deal(owner, rng)) for _ in range(_NUM_REPEATS)], axis=0)
    return LeakTest(
        accuracy=float(accuracy[0]),
        chance=float(accuracy[1:].mean()),
        chance_high=float(np.quantile(accuracy[1:], 0.95)),
        p=float((accuracy >= accuracy[0] - 1e-9).mean()),
    )


@dataclass(frozen=True)
class NumberTest:
    """How well numbers are read off, and how well shuffled numbers are."""

    r_squared: float
    """1 - squared error / squared distance from the mean of the learned rows, at most 1; below 0: worse than
    the mean."""
    chance: float
    """Mean for shuffled numbers."""
    chance_high: float
    """95th percentile for shuffled numbers."""
    p: float
    """Share of orders, the true one included, that are read off as well."""


def read_off_numbers(
    features: np.ndarray,
    numbers: np.ndarray,
    subjects: np.ndarray,
    num_shuffles: int,
    rng: np.random.Generator,
) -> NumberTest:
    """Return how well numbers are read off features by ridge regression, beside shuffled numbers.

    Folds and shufflings are those of `read_off_labels`.

    Args:
        features: (n, d) finite.
        numbers: (n,) finite, not all the same.
        subjects: (n,) texts.
        num_shuffles: shufflings, at least 19 for p of 0.05.
        rng: source of folds and shufflings.
    """
    owner = np.unique(subjects, return_inverse=True)[1]
    targets = np.stack([numbers, *(_shuffle(numbers, owner, rng) for _ in range(num_shuffles))])
    scores = _reduce(features)
    found = np.mean([_explain(scores, targets, _deal(owner, rng)) for _ in range(_NUM_REPEATS)], axis=0)
    return NumberTest(
        r_squared=float(found[0]),
        chance=float(found[1:].mean()),
        chance_high=float(np.quantile(found[1:], 0.95)),
        p=float((found >= found[0] - 1e-9).mean()),
    )


def _explain(features: np.ndarray, targets: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Return R squared (S,) of every order of numbers (S, n), each row predicted without its fold."""
    error, spread = np.zeros(len(targets)), np.zeros(len(targets))
    for fold in np.unique(folds):
        test = folds == fold
        train, level = features[~test], targets[:, ~test].mean(axis=1, keepdims=True)
        middle = train.mean(axis=0)
        gram = (train - middle).T @ (train - middle) + _RIDGE * np.eye(train.shape[1])
        slope = np.linalg.solve(gram, (train - middle).T @ (targets[:, ~test] - level).T)
        predicted = level + ((features[test] - middle) @ slope).T
        error += np.square(targets[:, test] - predicted).sum(axis=1)
        spread += np.square(targets[:, test] - level).sum(axis=1)
    explained: np.ndarray = 1 - error / np.maximum(spread, 1e-300)
    return explained


def _reduce(features: np.ndarray) -> np.ndarray:
    """Return the largest principal components (n, at most 32) of standardised features."""
    centred = features - features.mean(axis=0)
    spread = centred.std(axis=0)
    standard = centred[:, spread > 0] / spread[spread > 0]
    left, strength, _ = np.linalg.svd(standard, full_matrices=False)
    scores: np.ndarray = (left * strength)[:, :_MOST_FEATURES]
    return scores


def _shuffle(index: np.ndarray, owner: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return labels (n,) dealt out anew."""
    own = [index[owner == subject] for subject in range(owner.max() + 1)]
    order = rng.permutation(len(own))
    if all((part == part[0]).all() for part in own):
        dealt: np.ndarray = np.array([part[0] for part in own])[order][owner]
        return dealt
    runs = np.concatenate([rng.permutation(own[subject]) for subject in order])
    shuffled = np.empty_like(index)
    shuffled[np.argsort(owner, kind="stable")] = runs
    return shuffled


def _deal(owner: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the fold (n,) of each row; a subject's rows share one."""
    count = int(owner.max()) + 1
    return (rng.permutation(count) % min(_NUM_FOLDS, count))[owner]


def _score(features: np.ndarray, labellings: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Return the balanced accuracy (S,) of every labelling."""
    num_labels = int(labellings.max()) + 1
    predicted = np.empty_like(labellings)
    for fold in np.unique(folds):
        test = folds == fold
        predicted[:, test] = _classify(features[~test], labellings[:, ~test], features[test], num_labels)
    right = predicted == labellings
    one_hot = labellings[..., None] == np.arange(num_labels)
    shares = (right[..., None] & one_hot).sum(axis=1) / np.maximum(one_hot.sum(axis=1), 1)
    score: np.ndarray = shares.mean(axis=1)
    return score


def _classify(train: np.ndarray, labels: np.ndarray, test: np.ndarray, num_labels: int) -> np.ndarray:
    """Return labels (S, rows) of test features, from ridge regression on -1 and 1 with classes counted alike.

    Args:
        train: (n, d).
        labels: (S, n) integers.
        test: (rows, d).
        num_labels: C.
    """
    one_hot = (labels[..., None] == np.arange(num_labels)).astype(np.float64)
    sizes = one_hot.sum(axis=1)
    weight = (one_hot @ (1 / np.maximum(sizes, 1))[..., None])[..., 0] * labels.shape[1] / num_labels
    total = weight.sum(axis=1)[:, None]
    target = 2 * one_hot - 1
    mean = weight @ train / total
    level = (weight[..., None] * target).sum(axis=1) / total
    products = (train[:, :, None] * train[:, None, :]).reshape(len(train), -1)
    gram = (weight @ products).reshape(len(labels), train.shape[1], -1)
    gram -= total[..., None] * mean[:, :, None] * mean[:, None, :]
    gram += _RIDGE * np.eye(train.shape[1])
    right = train.T @ (weight[..., None] * target) - total[..., None] * mean[:, :, None] * level[:, None, :]
    slope = np.linalg.solve(gram, right)
    scores = test @ slope - mean[:, None] @ slope + level[:, None]
    labelled: np.ndarray = scores.argmax(axis=-1)
    return labelled
