"""A report: what the page shows of recordings, and what a model finds in them.

Each recording passes through the model once; every part of the report asks the model that remembers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from htvae.analysis.groups.motif_measures import NamedMotifs
from htvae.analysis.search.span_index import SpanIndex
from htvae.analysis.surprise.surprise import THRESHOLD, SurpriseReport, find_surprise
from htvae.app.collect.activities import describe_activities, fit_activities
from htvae.app.collect.attention import collect_attention
from htvae.app.collect.blocks import Blocks
from htvae.app.collect.completion import collect_completion
from htvae.app.collect.fitting import pack_within
from htvae.app.collect.generated import collect_generated
from htvae.app.collect.groups import collect_groups
from htvae.app.collect.maps import place_by_pca, place_by_tsne
from htvae.app.collect.material import Material, find_splits, worst_scores
from htvae.app.collect.method import describe_method
from htvae.app.collect.missing import explain_missing
from htvae.app.collect.moments import collect_moments, collect_windows, describe_whole, index_recordings
from htvae.app.collect.motifs import (
    ReportMotifs,
    describe_motifs,
    find_transitions,
    fit_motifs,
    take_motifs,
)
from htvae.app.collect.poses import PackedPoses
from htvae.app.collect.recordings import Findings, collect_recordings
from htvae.app.collect.scores import Scored, describe_verdict, score
from htvae.app.collect.sliders import collect_sliders
from htvae.app.collect.steps import Steps
from htvae.app.collect.tables import make_tables
from htvae.app.packing import find_parents
from htvae.app.payload import FORMAT, Body, Made, Payload
from htvae.app.payload_tabs import Groups
from htvae.app.remembering import RememberingModel
from htvae.data.processing import PoseDataProcessor, ProcessedSequence


@dataclass(frozen=True, kw_only=True)
class ReportRequest:
    """What a report should hold."""

    title: str = "HT-VAE report"
    by: str | None = None
    """Column whose groups are compared. None: none are."""
    motifs: NamedMotifs | None = None
    """None: motifs are fitted to the recordings."""
    scored: Scored | None = None
    """Figures of an earlier evaluation. None: what takes seconds is scored."""
    max_mb: float = 25.0
    """Size of the file, at most, in megabytes of 1,000,000 bytes."""
    seed: int = 0
    made: Made
    """How the report is made."""
    lines: Sequence[str] = ()
    """Further lines on how it is made."""
    notes: Sequence[str] = ()
    """What a reader must know of what is left out."""


@dataclass(frozen=True, eq=False)
class Report:
    """A report, ready for `htvae.app.html.build_html`."""

    payload: Payload
    blocks: Mapping[str, str]
    motifs: NamedMotifs | None
    """The motifs that it shows."""


def collect_report(
    model: RememberingModel, recordings: Sequence[ProcessedSequence], request: ReportRequest
) -> Report:
    """Return a report on recordings, sorted by name.

    Args:
        model: the model; it reads every recording once and remembers.
        recordings: in the model's coordinates.
        request: what the report should hold.

    Raises:
        ValueError: the groups that are asked for cannot be compared.
    """
    steps = Steps()
    try:
        steps.begin("encoding")
        total = sum(len(recording.pose) for recording in recordings)
        model.remember(recordings, lambda done: steps.advance(done / total))
        steps.begin("scores")
        splits = find_splits(model, recordings)
        scored = request.scored or score(model, recordings, splits)
        steps.begin("groups")
        blocks = Blocks()
        groups = _compare(model, recordings, request, blocks)
        steps.begin("packing")
        plan, packed = pack_within(model, recordings, request.max_mb, steps)
        material = Material.of(model, [recordings[i] for i in plan.kept], request.seed, blocks)
        payload, motifs = _collect_parts(material, packed, scored, request, steps)
    finally:
        steps.close()
    payload["notes"] = [*request.notes, *plan.notes, *explain_missing(payload, material, request.by)]
    payload["groups"] = groups
    return Report(payload, material.blocks.texts, motifs)


def _compare(
    model: RememberingModel, recordings: Sequence[ProcessedSequence], request: ReportRequest, blocks: Blocks
) -> Groups | None:
    if request.by is None:
        return None
    return collect_groups(model, recordings, request.by, request.seed, blocks)


def _collect_parts(
    material: Material,
    packed: Sequence[PackedPoses],
    scored: Scored,
    request: ReportRequest,
    steps: Steps,
) -> tuple[Payload, NamedMotifs | None]:
    """Return the report without notes and groups, and its motifs."""
    recordings = material.recordings
    steps.begin("features")
    index = index_recordings(material)
    steps.begin("motifs")
    motifs = _find_motifs(material, request.motifs)
    activities = fit_activities(material, motifs)
    steps.begin("surprise")
    surprise = _find_surprise(material, steps)
    curves = worst_scores(surprise)
    steps.begin("curves")
    known = Findings(
        packed=packed,
        surprise=curves,
        threshold=THRESHOLD,
        motifs=motifs.motifs if motifs else None,
        activities=activities,
        places=_place_recordings(index, material.seed),
    )
    found = collect_recordings(material, known)
    described = describe_motifs(motifs, material) if motifs else []
    steps.begin("maps")
    moments = collect_moments(material, index, known.motifs, curves, found.lanes["surprise"])
    steps.begin("completion")
    completion = collect_completion(material)
    steps.begin("motion")
    payload: Payload = {
        "format": FORMAT,
        "title": request.title,
        "subtitle": _count(len(recordings), len(found.subjects)),
        "made": request.made,
        "notes": [],
        "verdict": describe_verdict(scored, material.model.processor.unit_words),
        "body": describe_body(material.model.processor),
        "labels": list(material.book.names),
        "subjects": found.subjects,
        "columns": found.columns,
        "recordings": found.entries,
        "lanes": found.lanes,
        "moments": moments,
        "windows": collect_windows(material, index),
        "motifs": described,
        "activities": describe_activities(activities, material) if activities else [],
        "transitions": find_transitions(motifs.motifs) if motifs else None,
        "generated": collect_generated(material),
        "sliders": collect_sliders(material),
        "groups": None,
        "completion": completion,
        "attention": collect_attention(material),
        "tables": make_tables(material, scored, found, described, surprise),
        "method": describe_method(material, [*request.lines, f"Scores: {scored.source}."]),
        "live": None,
    }
    return payload, motifs.to_named() if motifs else None


def _find_surprise(material: Material, steps: Steps) -> SurpriseReport:
    """Score all recordings beside those that training saw, or all where it saw none of them."""
    recordings = material.recordings
    usual = [r for r, split in zip(recordings, material.splits, strict=True) if split == "train"]
    return find_surprise(
        material.model, recordings, usual or None, on_done=lambda done: steps.advance(done / len(recordings))
    )


def _place_recordings(index: SpanIndex, seed: int) -> dict[str, np.ndarray]:
    """Return the places (recordings, 2) of whole recordings on each map."""
    whole = describe_whole(index)
    return {"pca": place_by_pca(whole), "tsne": place_by_tsne(whole, seed)}


def describe_body(processor: PoseDataProcessor) -> Body:
    """Return landmarks, sides and edges."""
    sides = {"left": 1, "right": -1, "": 0}
    return {
        "landmarks": list(processor.landmarks),
        "sides": [sides[side] for side in processor.sides],
        "edges": [list(edge) for edge in processor.edges],
        "parents": find_parents(len(processor.landmarks), processor.edges),
        "coordinates": processor.num_coordinates,
        "unit": processor.unit_words,
    }


def _find_motifs(material: Material, fitted: NamedMotifs | None) -> ReportMotifs | None:
    if fitted is None:
        return fit_motifs(material)
    return take_motifs(material, fitted)


def _count(recordings: int, subjects: int) -> str:
    words = [f"{recordings} recording{'s' if recordings > 1 else ''}"]
    if subjects:
        words.append(f"{subjects} subject{'s' if subjects > 1 else ''}")
    return ", ".join(words)
