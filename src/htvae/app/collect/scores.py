"""How good the model is, in words, and the figures behind the words."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from htvae.app.payload import Verdict
from htvae.app.remembering import RememberingModel
from htvae.data.processing import ProcessedSequence
from htvae.evaluation.controls import fit_control
from htvae.evaluation.evaluator import score_reconstructions
from htvae.evaluation.verdict import summarise_verdict

MOST_FRAMES = 100_000
"""Model frames that are scored, about, and to which yardsticks are fitted: more change hardly a digit."""
ORDER = ("test", "new", "val", "train")
"""Parts of the recordings, those that tell most of a model first; the first that is not empty is scored."""


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Figures of an evaluation, and of which recordings."""

    figures: Mapping[str, float]
    """Values by name; NaN where not finite."""
    split: str
    num_recordings: int
    source: str
    """Where the figures come from, in words."""


def choose_scored(
    recordings: Sequence[ProcessedSequence], splits: Sequence[str]
) -> tuple[str, list[ProcessedSequence]]:
    """Return the part of the recordings that tells most of a model, and its name."""
    for split in ORDER:
        chosen = [own for own, part in zip(recordings, splits, strict=True) if part == split]
        if chosen:
            return split, chosen
    return "all", list(recordings)


def limit_frames(recordings: Sequence[ProcessedSequence]) -> list[ProcessedSequence]:
    """Return recordings, evenly spread, of about `MOST_FRAMES` frames at most."""
    total = sum(len(recording.pose) for recording in recordings)
    return list(recordings[:: max(1, -(-total // MOST_FRAMES))])


def score(model: RememberingModel, recordings: Sequence[ProcessedSequence], splits: Sequence[str]) -> Scored:
    """Score reconstructions and latents, which takes seconds; generation and completion are left out.

    Args:
        model: the model.
        recordings: in the model's coordinates.
        splits: part in training of each.
    """
    split, chosen = choose_scored(recordings, splits)
    chosen, num_landmarks = limit_frames(chosen), len(model.processor.landmarks)
    known = limit_frames([own for own, part in zip(recordings, splits, strict=True) if part == "train"])
    train = [own.pose[:, :num_landmarks] for own in known]
    found = model.reconstruct_all(chosen)
    figures = score_reconstructions(model, found, fit_control(train, found))
    source = "scored for this report; htvae evaluate scores generation and completion as well"
    return Scored(figures=figures, split=split, num_recordings=len(chosen), source=source)


def describe_verdict(scored: Scored, unit: str) -> Verdict:
    """Return the verdict in the words of ``metrics.json``."""
    summary = summarise_verdict(scored.figures, scored.split, scored.num_recordings, unit)
    return {
        "level": summary.level,
        "headline": summary.headline,
        "sentence": summary.sentence,
        "findings": [
            {"level": own.level, "text": own.sentence, "advice": own.advice} for own in summary.findings
        ],
    }


def round_number(value: float, digits: int = 4) -> float | None:
    """Return a number with so many significant digits; None where it is not finite."""
    if not math.isfinite(value):
        return None
    return float(f"{value:.{digits}g}")
