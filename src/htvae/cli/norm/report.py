"""The verdicts of ``htvae norm`` in plain words."""

from collections.abc import Iterator

import numpy as np

from htvae.analysis.norm.norm import Norm
from htvae.analysis.norm.score import NormScore, Placement, RecordingScore
from htvae.metrics.single_case import LEVEL
from htvae.utils.text import list_names

_MOST_RECORDINGS = 12
_MOST_MEASURES = 3


def describe_norm(norm: Norm) -> list[str]:
    """Return what a norm was fitted to, and how far it holds."""
    lines = [f"Norm of {norm.num_subjects} controls, {norm.num_recordings} recordings."]
    lines.append("90 % bands hold of a control who was left out (mean, lowest control):")
    for g, group in enumerate(norm.groups):
        shares = norm.point_coverage[:, g]
        known = shares[np.isfinite(shares)]
        said = f"{known.mean():.0%} of points, {known.min():.0%}" if len(known) else "not seen"
        lines.append(f"  {group.name}: {said}")
    known = np.isfinite(norm.reliability.value)
    low = int(norm.reliability.is_low[known].sum())
    if known.any():
        lines.append(
            f"{low} of {int(known.sum())} measures have a reliability (ICC) below 0.5: one recording says "
            "little of a person in them."
        )
    else:
        lines.append("No control has two recordings: reliability and smallest real change are unknown.")
    return [*lines, *(f"Note: {doubt.text}" for doubt in norm.doubts)]


def describe_scores(score: NormScore) -> list[str]:
    """Return where recordings, and people with several, differ from controls."""
    norm = score.norm
    lines = [
        f"Beside {norm.num_subjects} controls. In nine of ten of their recordings the largest |z| of all "
        f"measures stays below {norm.largest_z:.1f}."
    ]
    ordered = sorted(score.recordings, key=lambda own: -_largest(own.placement))
    for recording in ordered[:_MOST_RECORDINGS]:
        lines += _describe_recording(recording, norm)
    if len(ordered) > _MOST_RECORDINGS:
        lines.append(f"{len(ordered) - _MOST_RECORDINGS} more recordings are in norm_scores.csv.")
    for subject in score.subjects[:_MOST_RECORDINGS]:
        lines.append(f"{subject.subject}, mean of {len(subject.recordings)} recordings:")
        lines += [f"  {line}" for line in _describe_placement(subject.placement, norm)]
    return [*lines, *(f"Note on the norm: {doubt.text}" for doubt in norm.doubts)]


def _describe_recording(recording: RecordingScore, norm: Norm) -> Iterator[str]:
    yield f"{recording.processed.name}:"
    for line in (*_describe_placement(recording.placement, norm), *_describe_seconds(recording, norm)):
        yield f"  {line}"
    for doubt in recording.doubts:
        yield f"  Note: {doubt.text}"


def _describe_placement(placement: Placement, norm: Norm) -> Iterator[str]:
    order = placement.order
    if not len(order):
        yield "no measure could be scored."
        return
    is_unusual = abs(placement.z[order[0]]) > norm.largest_z
    outside = int(placement.is_outside.sum())
    yield (
        f"{'unusual' if is_unusual else 'no measure is unusual'}: {outside} of {len(order)} lie outside "
        f"their 90 % interval ({(1 - LEVEL) * len(order):.0f} expected by chance)."
    )
    for i in order[: _MOST_MEASURES if is_unusual else 1]:
        low, high = (np.exp(limit[i]) for limit in placement.interval)
        mark = " (ICC below 0.5)" if norm.reliability.is_low[i] else ""
        yield (
            f"{norm.measures[i].name}: {np.exp(placement.values[i]):.3g}, controls {low:.3g} to {high:.3g}, "
            f"z {placement.z[i]:+.1f}{mark}"
        )


def _describe_seconds(recording: RecordingScore, norm: Norm) -> Iterator[str]:
    """Yield the parts that deviate in more seconds than twice the controls'."""
    found = []
    for group, own in zip(norm.groups, recording.deviations, strict=True):
        known = own[np.isfinite(own)]
        share = float((known > 1).mean()) if len(known) else 0.0
        if share > 2 * (1 - LEVEL):
            found.append((share, f"{group.name} {share:.0%}"))
    if found:
        names = [text for _, text in sorted(found, reverse=True)]
        yield f"seconds outside the band (controls 10 %): {list_names(names)}"


def _largest(placement: Placement) -> float:
    order = placement.order
    return float(abs(placement.z[order[0]])) if len(order) else -1.0
