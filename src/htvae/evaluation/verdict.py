"""What the figures of an evaluation mean, in plain words, and what to try next.

Each rule looks at the figures it needs and says nothing where one of them is absent or not finite, so that
the verdict grows with what was measured.
"""

import math
from collections.abc import Mapping

from htvae.evaluation.findings import Finding
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

MOST_SENTENCES = 8
"""Sentences that `give_verdict` returns at most, advice among them."""
MOST_ADVICE = 2
"""Pieces of advice for which findings make room."""

_RULES = (
    judge_noise,
    judge_levels,
    judge_networks,
    judge_generation,
    judge_agreement,
    judge_completion,
    judge_intervals,
    judge_probes,
    judge_smoothness,
)


def give_verdict(figures: Mapping[str, float]) -> list[str]:
    """Return at most eight sentences: the error, then faults, then what is well, then what to try next.

    Args:
        figures: values by name, see `htvae.evaluation.figures`. Any may be absent.
    """
    findings = _find(figures)
    room = MOST_SENTENCES - min(MOST_ADVICE, len(_list_advice(findings)))
    shown = findings[:room]
    return [finding.sentence for finding in shown] + _list_advice(shown)[: MOST_SENTENCES - len(shown)]


def give_full_verdict(figures: Mapping[str, float]) -> list[str]:
    """Return every sentence that the figures allow, in the same order."""
    findings = _find(figures)
    return [finding.sentence for finding in findings] + _list_advice(findings)


def _find(figures: Mapping[str, float]) -> list[Finding]:
    """Return all findings, most important first."""
    known = {name: float(value) for name, value in figures.items() if math.isfinite(value)}
    findings = [finding for rule in _RULES for finding in rule(known)]
    return [*judge_error(known), *sorted(findings, key=lambda finding: not finding.is_fault)]


def _list_advice(findings: list[Finding]) -> list[str]:
    return [f"Try next: {text}." for text in dict.fromkeys(f.advice for f in findings if f.advice)]
