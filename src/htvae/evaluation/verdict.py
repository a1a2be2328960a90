"""What the figures of an evaluation mean, in plain words, and what to try next.

Each rule looks at the figures it needs and says nothing where one of them is absent or not finite, so that
the verdict grows with what was measured.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from htvae.evaluation.findings import Figures, Finding
from htvae.evaluation.verdict_completion import judge_completion, judge_intervals
from htvae.evaluation.verdict_generation import judge_agreement, judge_generation
from htvae.evaluation.verdict_reconstruction import (
    judge_error,
    judge_levels,
    judge_networks,
    judge_noise,
    judge_probes,
    judge_smoothness,
)
from htvae.metrics.units import TORSO_LENGTHS

MOST_SENTENCES = 8
"""Sentences that `give_verdict` returns at most, advice among them."""
MOST_ADVICE = 2
"""Pieces of advice for which findings make room."""

_RULES = (
    judge_levels,
    judge_networks,
    judge_generation,
    judge_agreement,
    judge_completion,
    judge_intervals,
    judge_probes,
    judge_smoothness,
)
_CORE = (judge_noise, judge_levels, judge_networks, judge_smoothness)
"""Rules whose faults leave no model good: everything else stands on its reconstructions and latents."""
VerdictLevel = Literal["good", "fair", "poor", "unknown"]
HEADLINES: dict[VerdictLevel, str] = {
    "good": "A good model",
    "fair": "A fair model",
    "poor": "A poor model",
    "unknown": "Not scored yet",
}
GOOD_WITH_FAULTS = "Good, with faults"
"""Headline of a good model with faults of generation, completion or labels."""
_SPLITS = {
    "train": "that training saw",
    "val": "by which training chose the model",
    "test": "that training did not see",
    "new": "that training did not see",
    "all": "of which training saw most",
}


@dataclass(frozen=True)
class Summary:
    """A verdict for readers in a hurry, and the findings that it rests on."""

    level: VerdictLevel
    headline: str
    sentence: str
    findings: tuple[Finding, ...]
    """All findings, the error first, then faults."""


def give_verdict(figures: Mapping[str, float], unit: str = TORSO_LENGTHS) -> list[str]:
    """Return at most eight sentences: the error, then faults, then what is well, then what to try next.

    Args:
        figures: values by name, see `htvae.evaluation.figures`. Any may be absent.
        unit: of distances, see `htvae.metrics.units`.
    """
    findings = _find(figures, unit)
    room = MOST_SENTENCES - min(MOST_ADVICE, len(_list_advice(findings)))
    shown = findings[:room]
    return [finding.sentence for finding in shown] + _list_advice(shown)[: MOST_SENTENCES - len(shown)]


def give_full_verdict(figures: Mapping[str, float], unit: str = TORSO_LENGTHS) -> list[str]:
    """Return every sentence that the figures allow, in the same order."""
    findings = _find(figures, unit)
    return [finding.sentence for finding in findings] + _list_advice(findings)


def summarise_verdict(
    figures: Mapping[str, float], split: str, num_recordings: int, unit: str = TORSO_LENGTHS
) -> Summary:
    """Return whether a model is good, in one sentence, on which recordings, and all findings.

    - Poor: no better than a still pose, or worse than PCA.
    - Fair: about as good as PCA, or with a fault of reconstruction or of the latents.
    - Good: all others, whatever is said of generation, completion and labels.

    Args:
        figures: values by name, see `htvae.evaluation.figures`. Any may be absent.
        split: ``train``, ``val``, ``test``, ``new`` or ``all``.
        num_recordings: recordings that were scored.
        unit: of distances, see `htvae.metrics.units`.
    """
    known, findings = _finite(figures), _find(figures, unit)
    if "mpjpe" not in known:
        return Summary("unknown", HEADLINES["unknown"], "Score it with htvae evaluate.", tuple(findings))
    level = _find_level(known, findings[0])
    faults = sum(finding.is_fault for finding in findings)
    words = "1 recording" if num_recordings == 1 else f"{num_recordings} recordings"
    counted = {0: "No finding is a fault", 1: "1 finding is a fault"}.get(
        faults, f"{faults} findings are faults"
    )
    sentence = f"Scored on {words} {_SPLITS[split]}. {findings[0].sentence} {counted}."
    headline = GOOD_WITH_FAULTS if level == "good" and faults else HEADLINES[level]
    return Summary(level, headline, sentence, tuple(findings))


def _find_level(figures: Figures, error: Finding) -> VerdictLevel:
    if error.is_fault:
        return "poor"
    is_core_fault = any(finding.is_fault for rule in _CORE for finding in rule(figures))
    return "fair" if is_core_fault or error.level != "good" else "good"


def _find(figures: Mapping[str, float], unit: str) -> list[Finding]:
    """Return all findings, most important first."""
    known = _finite(figures)
    findings = [*judge_noise(known, unit), *(finding for rule in _RULES for finding in rule(known))]
    return [*judge_error(known, unit), *sorted(findings, key=lambda finding: not finding.is_fault)]


def _finite(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: float(value) for name, value in figures.items() if math.isfinite(value)}


def _list_advice(findings: list[Finding]) -> list[str]:
    return [f"Try next: {text}." for text in dict.fromkeys(f.advice for f in findings if f.advice)]
