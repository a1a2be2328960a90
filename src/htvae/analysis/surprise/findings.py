"""Surprising spans in the words of ``htvae check-data``, and what to do about each kind."""

from collections.abc import Iterable

from htvae.analysis.surprise.surprise import SurpriseReport, SurpriseSpan
from htvae.io.findings.finding import Finding, Kind

FINDINGS: dict[str, Kind] = {"swap": "swap", "stillness": "frozen", "acceleration": "spike"}
"""Kinds that check-data and repair know, and their names there."""
REMEDIES = {
    "error": "A point is at a wrong place, or the movement is unlike all of training. Look at the picture; "
    "make wrong points missing (--min_confidence, or empty cells) and fill them with htvae complete.",
    "swap": "Left and right are exchanged. Exchange them back: htvae repair FOLDER --swaps.",
    "backwards": "Time runs backwards. Look for frames in the wrong order, or for a clip played backwards.",
    "stillness": "Points stand still that always tremble a little: the tracker repeats its last answer. "
    "Let them count as missing: htvae repair FOLDER --frozen.",
    "tremble": "Points shake more than they do as a rule: the tracker is unsure. Leave uncertain points out "
    "(--min_confidence), or make them missing and fill them with htvae complete.",
    "acceleration": "Points jump within one frame. Let them count as missing: htvae repair FOLDER --spikes.",
}
"""What to do about each kind."""


def to_findings(report: SurpriseReport) -> dict[str, tuple[Finding, ...]]:
    """Return the spans of the kinds that check-data knows, as its findings, by recording."""
    frames = {own.recording: own for own in report.frames}
    totals = {name: float(own.observed.sum()) * len(report.landmarks) for name, own in frames.items()}
    found: dict[str, list[Finding]] = {}
    for span in _known(report.spans):
        points = span.observed * (span.model_frames[1] - span.model_frames[0]) * len(span.landmarks)
        found.setdefault(span.recording, []).append(
            Finding(
                kind=FINDINGS[span.kind],
                landmarks=span.landmarks,
                spans=((span.start, span.stop),),
                share=min(points / max(totals[span.recording], 1.0), 1.0),
                detail=f"{span.kind} of score {span.score:.1f}, found by the model",
            )
        )
    return {name: tuple(own) for name, own in found.items()}


def _known(spans: Iterable[SurpriseSpan]) -> list[SurpriseSpan]:
    return [span for span in spans if span.kind in FINDINGS]
