"""Figures of whether generated motion shows the labels and scripts that it was drawn with.

Axes: ``T`` frames, ``L`` landmarks, ``D`` coordinates.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from htvae.data.processing import ProcessedSequence
from htvae.evaluation.label_agreement import SHORT_WINDOW, Agreement, cut_labelled, measure_agreement
from htvae.evaluation.motion_sets import MotionSet
from htvae.evaluation.plans import NO_NAME, Wanted, label_frames
from htvae.metrics.frechet import WINDOW


def measure_labels(
    training: Sequence[ProcessedSequence],
    plan: Sequence[Wanted],
    draws: Sequence[Mapping[str, MotionSet]],
    fallback: np.ndarray,
) -> dict[str, float]:
    """Return what a classifier of real motion sees in motion drawn with labels, see `measure_agreement`.

    ``label_agreement``: mean over labels of the share of windows that show the label asked for, beside the
    same of real recordings that the classifier did not learn from; ``label_recall_*`` by label.
    ``script_agreement``: share of seconds that show what the script says, likewise. Windows across a change
    of label count to the one in their middle, real and generated.

    Args:
        training: recordings that the classifier learns from.
        plan: what the draws were asked for.
        draws: by kind of motion, several draws.
        fallback: (L, D), see `pose_features`.
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
