"""What the judge has to be better than: classifiers that saw the labels of the same training recordings.

Axes: ``n`` recordings, ``d`` features.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from htvae.analysis.measures import measure_motion
from htvae.data.processing import ProcessedSequence
from htvae.inference.model import TrainedModel
from htvae.metrics.bootstrap import draw_counts, percentile_interval
from htvae.metrics.probe import fit_classifier, hand_made_statistics
from htvae.metrics.shares import wilson_interval
from htvae.metrics.windows import fill_gaps, mean_pose

CHANCE = ("shuffled labels", "commonest label")
"""Controls that say what chance gives."""
LEAST_SUBJECTS = 5
"""Subjects from which an interval of a difference is given: fewer hardly vary when they are drawn again."""
NUM_DRAWS = 2000
NUM_SHUFFLES = 20
"""Times that labels are dealt out anew."""


@dataclass(frozen=True)
class Score:
    """How often a way to tell labels is right."""

    accuracy: float
    """Share of recordings whose label is named, in [0, 1]."""
    interval: tuple[float, float]
    """95 % interval of the share, as if each subject were one recording."""
    judge_is_better_by: float = 0.0
    """Accuracy of the judge minus this one."""
    difference_interval: tuple[float, float] = (0.0, 0.0)
    """95 % interval of the difference, over draws of subjects; NaN where fewer than `LEAST_SUBJECTS` are."""


def score_answers(
    right: np.ndarray, judge_right: np.ndarray, subjects: Sequence[str], rng: np.random.Generator
) -> Score:
    """Score answers beside the judge's.

    Args:
        right: (n,) share of each recording's answers that are right.
        judge_right: (n,) those of the judge.
        subjects: (n,).
        rng: source of the draws of subjects.
    """
    unique, index = np.unique(np.asarray(subjects, str), return_inverse=True)
    accuracy, size = float(right.mean()), np.bincount(index)
    counts = draw_counts(np.zeros(len(unique)), NUM_DRAWS, rng)
    better = np.bincount(index, judge_right - right)
    low, high = percentile_interval((counts @ better / (counts @ size))[:, None])
    known = len(unique) >= LEAST_SUBJECTS
    return Score(
        accuracy=accuracy,
        interval=wilson_interval(accuracy * len(unique), len(unique)),
        judge_is_better_by=float((judge_right - right).mean()),
        difference_interval=(float(low[0]), float(high[0])) if known else (np.nan, np.nan),
    )


def answer_by_controls(
    model: TrainedModel,
    training: Sequence[tuple[ProcessedSequence, str]],
    judged: Sequence[tuple[ProcessedSequence, str]],
    seed: int,
) -> dict[str, np.ndarray]:
    """Return which answers of each control are right, by the control's name.

    - ``mean pose``, ``hand-made statistics`` (see `hand_made_statistics`), ``speed and range`` (see
      `measure_motion`) and ``linear probe on z``: a linear classifier of these features.
    - ``commonest label``: always the commonest label of training.
    - ``shuffled labels``: the classifier of hand-made statistics, trained on labels that were dealt out anew.

    Args:
        model: the model.
        training: recordings or spans to learn from, with their labels, at least two different ones.
        judged: recordings or spans whose label is to be named, with their labels.
        seed: seed of the dealing.

    Returns:
        (n,) each: 1 where right, 0 where wrong; shares where labels were dealt out several times.
    """
    recordings = [p for p, _ in (*training, *judged)]
    labels = np.array([label for _, label in (*training, *judged)])
    known, asked = labels[: len(training)], labels[len(training) :]
    answers = {}
    for name, describe in _FEATURES.items():
        features = describe(model, recordings, len(training))
        learned, tested = features[: len(training)], features[len(training) :]
        answers[name] = (fit_classifier(learned, known).predict(tested) == asked).astype(float)
        if name == "hand-made statistics":
            answers["shuffled labels"] = _answer_shuffled(learned, known, tested, asked, seed)
    names, counts = np.unique(known, return_counts=True)
    answers["commonest label"] = (asked == names[counts.argmax()]).astype(float)
    return answers


def _answer_shuffled(
    learned: np.ndarray, known: np.ndarray, tested: np.ndarray, asked: np.ndarray, seed: int
) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rounds = [
        fit_classifier(learned, rng.permutation(known)).predict(tested) == asked for _ in range(NUM_SHUFFLES)
    ]
    return np.asarray(np.mean(rounds, axis=0))


def _describe_mean_pose(
    model: TrainedModel, recordings: Sequence[ProcessedSequence], num_training: int
) -> np.ndarray:
    fallback = mean_pose([p.pose for p in recordings[:num_training]])
    return np.stack([fill_gaps(p.pose, fallback).mean(axis=0).ravel() for p in recordings])


def _describe_statistics(
    model: TrainedModel, recordings: Sequence[ProcessedSequence], num_training: int
) -> np.ndarray:
    fallback = mean_pose([p.pose for p in recordings[:num_training]])
    return np.stack([hand_made_statistics(p.pose, fallback) for p in recordings])


def _describe_measures(
    model: TrainedModel, recordings: Sequence[ProcessedSequence], num_training: int
) -> np.ndarray:
    """Return speed, range and asymmetry; a measure that is missing counts as training's mean."""
    values = measure_motion(recordings, model.processor.points).values
    known = np.isfinite(values[:num_training])
    sums = np.where(known, values[:num_training], 0.0).sum(axis=0)
    return np.where(np.isfinite(values), values, sums / np.maximum(known.sum(axis=0), 1))


def _describe_latent(
    model: TrainedModel, recordings: Sequence[ProcessedSequence], num_training: int
) -> np.ndarray:
    return np.stack([encoding.sequence_latent for encoding in model.encode_all(recordings)])


_FEATURES: dict[str, Callable[[TrainedModel, Sequence[ProcessedSequence], int], np.ndarray]] = {
    "mean pose": _describe_mean_pose,
    "hand-made statistics": _describe_statistics,
    "speed and range": _describe_measures,
    "linear probe on z": _describe_latent,
}
