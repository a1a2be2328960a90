"""The tables of a report.

Axes: ``L`` landmarks.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from htvae.analysis.surprise.surprise import SurpriseReport
from htvae.app.collect.material import Material
from htvae.app.collect.recordings import RecordingSet
from htvae.app.collect.scores import Scored, round_number
from htvae.app.payload import Motif, Recording, Table
from htvae.evaluation.figure_words import name_figure
from htvae.evaluation.figures import explain

MOST_SPANS = 200
"""Surprising spans that are listed, at most."""


def make_tables(
    material: Material,
    scored: Scored,
    recordings: RecordingSet,
    motifs: Sequence[Motif],
    surprise: SurpriseReport,
) -> list[Table]:
    """Return the tables, the most important first; those that would be empty are left out."""
    tables = [
        tabulate_figures(scored, material.model.processor.unit_words),
        tabulate_recordings(material, recordings.entries, recordings.subjects),
        tabulate_landmarks(material),
        tabulate_motifs(material, motifs),
        tabulate_surprise(surprise),
    ]
    return [table for table in tables if table["rows"]]


def tabulate_figures(scored: Scored, unit: str) -> Table:
    """Return all figures with their names in words, unit and good direction."""
    rows = []
    for name, value in scored.figures.items():
        figure = explain(name, unit)
        facts = [figure.unit, figure.good] if figure else ["", ""]
        rows.append([name_figure(name) or name, round_number(value), *facts, name])
    title = f"Scores of {scored.num_recordings} recordings ({scored.split}; {scored.source})"
    return _table("scores", title, ["what it is", "value", "unit", "good", "figure"], rows)


def tabulate_recordings(material: Material, entries: Sequence[Recording], subjects: Sequence[str]) -> Table:
    """Return one row a recording."""
    rows = []
    for entry, recording in zip(entries, material.recordings, strict=True):
        label = material.book.names[entry["label"]] if entry["label"] >= 0 else ""
        subject = subjects[entry["subject"]] if entry["subject"] >= 0 else ""
        fps = entry["fps"]
        seconds = None if fps is None else round(entry["frames"] / fps, 2)
        observed = round(float(np.isfinite(recording.source.pose[..., 0]).mean()), 4)
        rows.append(
            [
                entry["name"],
                label,
                subject,
                entry["split"],
                entry["frames"],
                seconds,
                observed,
                entry["error"],
            ]
        )
    unit = material.model.processor.unit_words
    columns = ["recording", "label", "subject", "split", "frames", "seconds", "observed", "error"]
    return _table("recordings", f"Recordings (error in {unit})", columns, rows)


def tabulate_landmarks(material: Material) -> Table:
    """Return the error and the share observed of each landmark, over all recordings."""
    landmarks = material.model.processor.landmarks
    total, count, frames = np.zeros(len(landmarks)), np.zeros(len(landmarks), int), 0
    for recording in material.recordings:
        (found,) = material.model.reconstruct_all([recording])
        error = np.linalg.norm((recording.pose - found.pose)[:, : len(landmarks)], axis=-1)
        total += np.nansum(error, axis=0)
        count += np.isfinite(error).sum(axis=0)
        frames += len(error)
    rows = [
        [name, round_number(total[i] / count[i]) if count[i] else None, round(float(count[i]) / frames, 4)]
        for i, name in enumerate(landmarks)
    ]
    title = f"Landmarks (error in {material.model.processor.unit_words})"
    return _table("landmarks", title, ["landmark", "error", "observed"], rows)


def tabulate_motifs(material: Material, motifs: Sequence[Motif]) -> Table:
    """Return one row a motif."""
    rows = []
    for own in motifs:
        label, lift = own["lift"] or (-1, None)
        name = material.book.names[label] if label >= 0 else ""
        usage = [own["share"], own["bouts"], own["recordings"], own["medianSeconds"]]
        rows.append([own["id"], own["name"], *usage, name, lift])
    time = "median_seconds" if material.clock.rate is not None else "median_frames"
    columns = ["motif", "name", "share", "bouts", "recordings", time, "label", "times_as_often"]
    return _table("motifs", "Motifs", columns, rows)


def tabulate_surprise(report: SurpriseReport) -> Table:
    """Return the most surprising spans, the worst first."""
    rows = [
        [
            span.recording,
            span.start,
            span.stop,
            span.kind,
            round_number(span.score, 3),
            "; ".join(span.landmarks[:3]),
        ]
        for span in report.spans[:MOST_SPANS]
    ]
    columns = ["recording", "start", "stop", "kind", "score", "landmarks"]
    return _table("surprise", "Surprising spans (source frames)", columns, rows)


def _table(name: str, title: str, columns: list[str], rows: list[list[Any]]) -> Table:
    return {"name": name, "title": title, "columns": columns, "rows": rows}
