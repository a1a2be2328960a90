"""What ``htvae motifs`` prints, and its summary as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from htvae.analysis.motifs.motifs import Motifs
from htvae.analysis.motifs.stability import Stability
from htvae.analysis.reliability import RecordingReliability
from htvae.cli.motifs.files import activity_ids, motif_ids
from htvae.cli.motifs.findings import Findings

LEAST_SEEDS, LEAST_HALVES = 0.7, 0.5
"""Agreement below which a warning is printed."""


def join_costs(motifs: Motifs) -> list[tuple[int, int, float]]:
    """Return the joins of the hierarchy; costs in nats per window."""
    total = float(motifs.segmenter.states.counts.sum())
    return [(join.kept, join.removed, join.cost / total) for join in motifs.hierarchy()]


def summarise(found: Findings) -> dict[str, Any]:
    """Return the content of motifs.json."""
    motifs, activities, stability = found.motifs, found.activities, found.stability
    frames = sum(len(one.labels) for one in motifs.segmentations)
    return {
        "motifs": found.names,
        "groups": motifs.segmenter.groups,
        "features": motifs.kind,
        "frames": frames,
        "share_of_no_motif": _share_of_none(motifs),
        "confidence": sum(float(one.confidence.sum()) for one in motifs.segmentations) / frames,
        "stability": None if stability is None else asdict(stability),
        "reliability": _list_reliability(found.reliability, motifs.num_motifs),
        "hierarchy": join_costs(motifs),
        "transitions": motifs.transitions(),
        "activities": None if activities is None else activities.model.shares,
    }


def describe(found: Findings) -> Iterator[str]:
    """Yield the lines to print."""
    motifs, activities = found.motifs, found.activities
    bouts, recordings = len(motifs.bouts), len(motifs.segmentations)
    yield f"{bouts} bouts of {motifs.num_motifs} motifs in {recordings} recordings."
    yield f"{_share_of_none(motifs):.1%} of frames fit none of them."
    yield from _describe_reliability(found.reliability, motif_ids(motifs.num_motifs), "motifs")
    if activities is not None and found.activity_reliability is not None:
        ids = activity_ids(len(activities.model))
        yield f"{len(activities.bouts)} stretches of {len(ids)} activities."
        yield from _describe_reliability(found.activity_reliability, ids, "activities")
    if found.stability is not None:
        yield from _describe_stability(found.stability)


def _describe_reliability(reliability: RecordingReliability, ids: Sequence[str], word: str) -> Iterator[str]:
    """Yield which shares and lengths one recording says little of."""
    if reliability.is_unknown.all():
        yield f"Reliability of {word} is unknown: recordings are too few or too short."
        return
    parts, kinds = [], {"share": 0, "length": len(ids)} if word == "motifs" else {"share": 0}
    for name, start in kinds.items():
        low = [own for i, own in enumerate(ids) if reliability.is_unreliable[start + i]]
        if low:
            parts.append(f"{name} of {'all' if len(low) == len(ids) else ', '.join(low)}")
    if parts:
        yield (
            f"Reliability of {word} below 0.5 (halves of a recording, or a person's recordings; labels held "
            f"fixed): {'; '.join(parts)}. There one recording says little of a person."
        )
    else:
        what = " and ".join(f"{name}s" for name in kinds).capitalize()
        yield f"{what} of {word} are reliable (0.5 and above; halves, or a person's recordings)."


def _describe_stability(stability: Stability) -> Iterator[str]:
    yield "Agreement (adjusted Rand index; 1: the same, 0: by chance):"
    halves = "" if np.isnan(stability.halves) else f" fits to halves of the subjects {stability.halves:.2f};"
    yield f"  fits with other seeds {stability.seeds:.2f};{halves}"
    yield f"  with motifs of plain pose windows, without the model {stability.windows:.2f}."
    if stability.seeds < LEAST_SEEDS or stability.halves < LEAST_HALVES:
        yield "Motifs depend on chance here: ask for fewer, or give more recordings."


def _share_of_none(motifs: Motifs) -> float:
    none = sum(int((one.labels < 0).sum()) for one in motifs.segmentations)
    return none / sum(len(one.labels) for one in motifs.segmentations)


def _list_reliability(reliability: RecordingReliability, count: int) -> dict[str, Any]:
    return {
        name: {
            "split_half": reliability.split_half.value[part],
            "icc": reliability.retest.value[part],
            "unreliable": reliability.is_unreliable[part],
        }
        for name, part in (("share", slice(0, count)), ("length", slice(count, None)))
    }
