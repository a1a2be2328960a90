"""Rows and words of ``htvae surprise``: recordings, their reliability, and the summary."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from htvae.analysis.surprise.findings import REMEDIES, to_findings
from htvae.analysis.surprise.reliability import mean_score
from htvae.analysis.surprise.surprise import SurpriseReport
from htvae.cli.spans import place_span
from htvae.data.processing import ProcessedSequence
from htvae.utils.text import list_names


def list_recordings(report: SurpriseReport, recordings: Sequence[ProcessedSequence]) -> list[dict[str, Any]]:
    """Return a row for each recording and kind: its mean and highest score, and the mean's reliability."""
    count = Counter((span.recording, span.kind) for span in report.spans)
    known, rows = list_reliability(report), []
    for recording, own in zip(recordings, report.frames, strict=True):
        place = place_span(recording, 0, len(recording.pose))
        for kind, values in own.scores.items():
            seen = np.isfinite(values).any()
            rows.append(
                {
                    **place,
                    "kind": kind,
                    "spans": count[own.recording, kind],
                    "highest": float(np.nanmax(values)) if seen else None,
                    "mean": mean_score(values),
                    **known[kind],
                }
            )
    return rows


def list_reliability(report: SurpriseReport) -> dict[str, dict[str, Any]]:
    """Return the reliability of each kind's mean score of a recording."""
    found, low = report.reliability, report.reliability.is_unreliable
    return {
        kind: {
            "mean_split_half": float(found.split_half.value[i]),
            "mean_retest_icc": float(found.retest.value[i]),
            "mean_unreliable": bool(low[i]),
        }
        for i, kind in enumerate(report.kinds)
    }


def describe_reliability(report: SurpriseReport) -> list[str]:
    """Return in words whether mean scores belong to recordings, to people, or are a matter of moments."""
    found = report.reliability
    if found.is_unknown.all():
        return ["Reliability of mean scores is unknown: recordings are too few or too short."]
    moments, recordings = found.split_half.is_low, found.retest.is_low & ~found.split_half.is_low
    lines = [
        f"Reliability of a recording's mean score below 0.5 {between}: "
        f"{list_names([kind for kind, own in zip(report.kinds, low, strict=True) if own])}. {meaning}"
        for low, between, meaning in (
            (moments, "between its halves", "It is a matter of moments: do not rank recordings by it."),
            (
                recordings,
                "between a person's recordings",
                "It is not the person's: do not rank people by it.",
            ),
        )
        if low.any()
    ]
    return lines or ["Mean scores are reliable (0.5 and above; halves, or a person's recordings)."]


def summarise(report: SurpriseReport, rows: Sequence[Mapping[str, Any]], reference: str) -> dict[str, Any]:
    """Return the content of surprise.json."""
    by_recording = Counter(span.recording for span in report.spans)
    return {
        "reference": {"recordings": report.num_reference, "which": reference},
        "left_out": report.left_out,
        "remedies": REMEDIES,
        "num_spans": {"all": len(report.spans), **Counter(span.kind for span in report.spans)},
        "reliability": {"text": describe_reliability(report), **list_reliability(report)},
        "spans": list(rows),
        "recordings": [
            {
                "recording": own.recording,
                "frames": len(own.frames),
                "observed": float(own.observed.mean()),
                "unobserved_frames": int((own.observed == 0).sum()),
                "num_spans": by_recording[own.recording],
                "highest": {
                    kind: float(np.nanmax(values)) if np.isfinite(values).any() else None
                    for kind, values in own.scores.items()
                },
            }
            for own in report.frames
        ],
        "findings": {name: [vars(own) for own in found] for name, found in to_findings(report).items()},
    }
