"""Whether generated motion shows the labels and scripts that it was asked for.

A classifier that learned from windows of real motion judges windows of generated motion.

Axes: ``n`` windows, ``F`` features, ``T`` frames, ``L`` landmarks, ``D`` coordinates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from htvae.data.processing import ProcessedSequence
from htvae.evaluation.motion_sets import MotionSet
from htvae.evaluation.plans import NO_NAME, Wanted, label_frames
from htvae.metrics.frechet import WINDOW, window_features
from htvae.metrics.windows import cut_windows, fill_gaps, window_starts

SHORT_WINDOW = 64
"""Frames per window of scripts, which say what happens when: about a chunk."""
LEAST_SHARE = 0.75
"""Share of a window that must have one label for a classifier to learn from it; it judges all windows."""
NUM_FOLDS = 5
_RIDGE = 10.0


@dataclass(frozen=True, eq=False)
class LabelledWindows:
    """Features of windows, and their labels."""

    features: np.ndarray
    """(n, F)."""
    labels: np.ndarray
    """(n,) str, the label of the whole recording, or the label in the middle of the window."""
    groups: np.ndarray
    """(n,) int, the recording that a window is of."""
    clear: np.ndarray
    """(n,) bool, windows that show their label throughout."""


@dataclass(frozen=True)
class Agreement:
    """Shares of real and generated windows in which a classifier, new to them, sees their labels."""

    real_accuracy: float
    """Share of real windows whose label the classifier sees."""
    real_recall: float
    """Mean over labels of this share."""
    accuracy: float
    """Share of generated windows in which it sees the label that was asked for."""
    recalls: dict[str, float]
    """This share by label."""

    @property
    def recall(self) -> float:
        """Mean over the labels asked for."""
        return float(np.mean(list(self.recalls.values())))


def measure_labels(
    training: Sequence[ProcessedSequence],
    plan: Sequence[Wanted],
    draws: Sequence[Mapping[str, MotionSet]],
    fallback: np.ndarray,
) -> dict[str, float]:
    """Return what a classifier of real motion sees in motion drawn with labels, see `measure_agreement`.

    ``label_agreement``: mean over labels of the share of windows that show the label asked for. Beside it
    stands the same share of real recordings that the classifier did not learn from; ``label_recall_*`` are
    the shares by label. ``script_agreement``: share of short windows that show what the script says. A window
    across a change of label has the label of its middle, real and generated.

    Args:
        training: recordings that the classifier learns from.
        plan: the sequences that were drawn, with their labels.
        draws: several draws, each by kind of motion.
        fallback: (L, D), see `motion_features`.
    """
    own = [_whole(p.source.label, len(p.pose)) for p in training]
    asked = [_whole(w.label, w.num_frames) for w in plan]
    found = _judge(training, own, draws, "prior_sample_labels", asked, fallback, WINDOW)
    figures: dict[str, float] = {}
    if found is not None:
        figures |= _name("label", found, found.recall, found.real_recall)
    own, asked = [label_frames(p) for p in training], [w.frame_labels for w in plan]
    found = _judge(training, own, draws, "prior_sample_scripts", asked, fallback, SHORT_WINDOW)
    if found is not None:
        figures |= _name("script", found, found.accuracy, found.real_accuracy)
    return figures


def _judge(
    training: Sequence[ProcessedSequence],
    own: Sequence[np.ndarray],
    draws: Sequence[Mapping[str, MotionSet]],
    kind: str,
    asked: Sequence[np.ndarray],
    fallback: np.ndarray,
    window: int,
) -> Agreement | None:
    """Judge motion of a kind, all draws together; None where there is none or no two labels are known."""
    drawn = [pose for sets in draws if kind in sets for pose in sets[kind].poses]
    if not drawn:
        return None
    poses = [p.pose[:, : len(fallback)] for p in training]
    real = cut_labelled(poses, own, fallback, window)
    labels = [frames for sets in draws if kind in sets for frames in asked]
    return measure_agreement(real, cut_labelled(drawn, labels, fallback, window))


def _name(what: str, found: Agreement, generated: float, real: float) -> dict[str, float]:
    return {
        f"{what}_agreement": generated,
        f"{what}_agreement_real": real,
        f"{what}_agreement_worst": min(found.recalls.values()),
        **{f"{what}_recall_{name}": recall for name, recall in found.recalls.items()},
    }


def _whole(label: str | None, num_frames: int) -> np.ndarray:
    return np.full(num_frames, label or NO_NAME)


def cut_labelled(
    poses: Sequence[np.ndarray], labels: Sequence[np.ndarray], fallback: np.ndarray, window: int = WINDOW
) -> LabelledWindows:
    """Cut poses into windows that overlap by half; those without a label in their middle are left out.

    Args:
        poses: (T, L, D) each, NaN where missing.
        labels: (T,) str each, `NO_NAME` where a frame has none.
        fallback: (L, D), see `fill_gaps`.
        window: frames per window, at least 17.
    """
    features, names, groups, clear = [], [], [], []
    for group, (pose, frames) in enumerate(zip(poses, labels, strict=True)):
        starts = window_starts(len(pose), window, window // 2)
        index = np.minimum(starts[:, None] + np.arange(window), len(pose) - 1)
        middle = frames[np.minimum(starts + window // 2, len(pose) - 1)]
        features.append(window_features(cut_windows(fill_gaps(pose, fallback), starts, window)))
        names.append(middle)
        groups.append(np.full(len(starts), group))
        clear.append((frames[index] == middle[:, None]).mean(axis=1) >= LEAST_SHARE)
    kept = np.concatenate(names) != NO_NAME
    parts = [np.concatenate(part)[kept] for part in (features, names, groups, clear)]
    return LabelledWindows(*parts)


def measure_agreement(real: LabelledWindows, generated: LabelledWindows, seed: int = 0) -> Agreement | None:
    """Train a classifier on real windows and let it judge generated ones.

    A ridge classifier on standardised features, labels weighted to count the same. Real windows are judged by
    cross-validation, all windows of a recording in one of five folds. A label that only one recording shows
    cannot be judged so, and is left out on both sides.

    Args:
        real: windows of training recordings.
        generated: windows of generated motion, their labels being what was asked for.
        seed: seed of the folds.

    Returns:
        None where fewer than two labels can be judged, or none of them was asked for.
    """
    known = [
        name
        for name in np.unique(real.labels[real.clear])
        if len(np.unique(real.groups[real.clear & (real.labels == name)])) > 1
    ]
    real, generated = _select(real, known), _select(generated, known)
    if len(known) < 2 or not len(generated.labels):
        return None
    guesses = _cross_validate(real, seed)
    seen = _fit(real, np.ones(len(real.labels), bool)).predict(generated.features)
    real_recalls = _recalls(real.labels, guesses)
    return Agreement(
        real_accuracy=float((guesses == real.labels).mean()),
        real_recall=float(np.mean(list(real_recalls.values()))),
        accuracy=float((seen == generated.labels).mean()),
        recalls=_recalls(generated.labels, seen),
    )


def _select(windows: LabelledWindows, names: Sequence[str]) -> LabelledWindows:
    kept = np.isin(windows.labels, names)
    return LabelledWindows(
        windows.features[kept], windows.labels[kept], windows.groups[kept], windows.clear[kept]
    )


def _recalls(labels: np.ndarray, guesses: np.ndarray) -> dict[str, float]:
    return {str(name): float((guesses[labels == name] == name).mean()) for name in np.unique(labels)}


def _cross_validate(real: LabelledWindows, seed: int) -> np.ndarray:
    """Return the label (n,) that a classifier sees in each window which did not learn from its recording."""
    folds = _deal_folds(real, seed)
    guesses = np.empty_like(real.labels)
    for fold in np.unique(folds):
        test = folds == fold
        guesses[test] = _fit(real, ~test).predict(real.features[test])
    return guesses


def _deal_folds(real: LabelledWindows, seed: int) -> np.ndarray:
    """Return (n,) the fold of each window; recordings of one label are dealt to folds one after the other."""
    unique, first, index = np.unique(real.groups, return_index=True, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(unique))
    order = order[np.argsort(real.labels[first][order], kind="stable")]
    fold_of = np.empty(len(unique), int)
    fold_of[order] = np.arange(len(unique)) % min(NUM_FOLDS, len(unique))
    return fold_of[index]


def _fit(real: LabelledWindows, rows: np.ndarray) -> Any:
    from sklearn.dummy import DummyClassifier
    from sklearn.linear_model import RidgeClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows = rows & real.clear
    several = len(np.unique(real.labels[rows])) > 1
    judge = RidgeClassifier(alpha=_RIDGE, class_weight="balanced") if several else DummyClassifier()
    classifier = make_pipeline(StandardScaler(), judge)
    return classifier.fit(real.features[rows], real.labels[rows])
