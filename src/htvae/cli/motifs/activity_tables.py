"""The tables of activities, the longer timescale of ``htvae motifs``."""

from collections.abc import Sequence
from pathlib import Path

from htvae.analysis.motifs.activities import Activities
from htvae.analysis.motifs.motifs import Motifs
from htvae.analysis.reliability import RecordingReliability
from htvae.cli.analysis_files import write_table
from htvae.cli.motifs.files import activity_ids, motif_ids
from htvae.cli.motifs.tables import describe_bouts, describe_reliability, usage_rows
from htvae.cli.spans import place_span
from htvae.data.processing import ProcessedSequence


def write_activities(
    folder: Path,
    activities: Activities,
    motifs: Motifs,
    recordings: Sequence[ProcessedSequence],
    reliability: RecordingReliability,
) -> list[Path]:
    """Write the tables of activities, their bouts and their usage, and return the paths."""
    ids, bouts = activity_ids(len(activities.model)), activities.bouts
    frames = sum(len(one.labels) for one in activities.segmentations)
    columns = [*motif_ids(motifs.num_motifs), "none"]
    summary = [
        {
            "activity": name,
            **describe_bouts([bout for bout in bouts if bout.motif == number], frames, motifs.fps),
            **describe_reliability(reliability, number, ["share"]),
            **dict(zip(columns, map(float, activities.model.shares[number]), strict=True)),
        }
        for number, name in enumerate(ids)
    ]
    rows = [
        {
            **place_span(recordings[bout.recording], bout.start, bout.stop),
            "activity": ids[bout.motif],
            "confidence": bout.confidence,
        }
        for bout in bouts
    ]
    usage = [
        {name: cell for name, cell in row.items() if name != "none"}
        for row in usage_rows(activities.usage(), recordings, ids, reliability)
    ]
    return [
        write_table(folder / "activities.csv", summary),
        write_table(folder / "activity_bouts.csv", rows),
        write_table(folder / "activity_usage.csv", usage),
    ]
