"""How far verdicts can be trusted: the temperature of probabilities, and the accuracy beside controls.

Axes: ``n`` recordings or spans, ``G`` labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from htvae.analysis.judge.controls import Score, answer_by_controls, score_answers
from htvae.analysis.judge.verdicts import Verdict
from htvae.data.processing import ProcessedSequence
from htvae.inference.model import TrainedModel
from htvae.metrics.calibration import calibration_error, fit_temperature

UNSEEN = ("test", "new")
"""Parts of the recordings that the accuracy is measured on."""
SURE = 0.9
"""Probability from which a verdict counts as sure."""


@dataclass(frozen=True)
class Calibration:
    """How probabilities are made of log-likelihoods."""

    temperature: float
    """Nats of a single chunk that count as one; see `Verdict.probability`."""
    num_recordings: int
    """Validation recordings that it was fitted to; 0: it was not fitted."""


@dataclass(frozen=True)
class Trust:
    """How often the judge is right where the label is known."""

    parts: tuple[str, ...]
    """Parts in training of the recordings."""
    num_judged: int
    """Recordings, or spans."""
    num_subjects: int
    scores: dict[str, Score]
    """The judge's score, then those of the controls; none where no training recordings are there."""
    confusion: np.ndarray
    """Recordings or spans (G, G) by given (row) and most likely label (column)."""
    calibration_error: float
    """Expected calibration error of the probability of the most likely label, in [0, 1]."""
    num_sure: int
    """Recordings or spans with a probability of at least `SURE`."""
    num_sure_right: int
    """Those of them whose most likely label is the given one."""


def calibrate(verdicts: Sequence[Verdict]) -> Calibration:
    """Fit the temperature to single chunks of those of validation with a known label; 1 without any."""
    known = [v for v in verdicts if v.given is not None and v.split == "val"]
    if not known:
        return Calibration(1.0, 0)
    scores = [v.evidence.mean(axis=1).T for v in known]
    given = np.repeat([v.given for v in known], [len(part) for part in scores])
    names = {v.processed.name for v in known}
    return Calibration(fit_temperature(np.concatenate(scores), given.astype(int)), len(names))


def measure_trust(
    model: TrainedModel,
    verdicts: Sequence[Verdict],
    training: Sequence[tuple[ProcessedSequence, str]],
    calibration: Calibration,
    seed: int,
) -> Trust | None:
    """Measure how often verdicts are right, on recordings that training did not see where there are any.

    Args:
        model: the model.
        verdicts: of all recordings or spans.
        training: what the controls learn from, with its labels.
        calibration: of the probabilities.
        seed: of the draws of subjects.
    """
    known = [v for v in verdicts if v.given is not None]
    unseen = [v for v in known if v.split in UNSEEN]
    tested = unseen or [v for v in known if v.split == "val"] or known
    if not tested:
        return None
    given, best = (np.array([getattr(v, name) for v in tested]) for name in ("given", "best"))
    right = (given == best).astype(float)
    subjects = [v.processed.source.subject or v.processed.name for v in tested]
    answers = {"judge": right}
    if len({label for _, label in training}) > 1:
        judged = [(v.part, str(v.label)) for v in tested]
        answers |= answer_by_controls(model, training, judged, seed)
    rng = np.random.default_rng(seed)
    confusion = np.zeros((len(tested[0].labels),) * 2, int)
    np.add.at(confusion, (given, best), 1)
    probability = np.array([v.probability(calibration.temperature).max() for v in tested])
    sure = probability >= SURE
    return Trust(
        parts=tuple(sorted({v.split for v in tested})),
        num_judged=len(tested),
        num_subjects=len(set(subjects)),
        scores={name: score_answers(own, right, subjects, rng) for name, own in answers.items()},
        confusion=confusion,
        calibration_error=calibration_error(probability, right > 0),
        num_sure=int(sure.sum()),
        num_sure_right=int(right[sure].sum()),
    )
