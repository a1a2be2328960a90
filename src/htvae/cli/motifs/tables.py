"""The tables of ``htvae motifs``."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from htvae.analysis.motifs.motifs import Bout, Motifs
from htvae.analysis.reliability import RecordingReliability
from htvae.cli.analysis_files import write_table
from htvae.cli.motifs.files import TABLE, motif_ids
from htvae.cli.spans import place_span
from htvae.data.processing import ProcessedSequence


def write_tables(
    folder: Path,
    motifs: Motifs,
    recordings: Sequence[ProcessedSequence],
    names: Sequence[str],
    reliability: RecordingReliability,
    save_frames: bool,
) -> list[Path]:
    """Write the tables of motifs, bouts, usage and transitions, and return their paths."""
    ids = motif_ids(motifs.num_motifs)
    tables = {
        TABLE: _motif_rows(motifs, recordings, ids, names, reliability),
        "motif_bouts.csv": _bout_rows(motifs, recordings, ids, names),
        "motif_usage.csv": usage_rows(motifs.usage(), recordings, ids, reliability),
        "motif_transitions.csv": _transition_rows(motifs, ids),
        "frame_labels.csv": _label_rows(motifs, recordings, names),
    }
    if save_frames:
        tables["motif_frames.csv"] = list(_frame_rows(motifs, recordings, ids))
    return [write_table(folder / name, rows) for name, rows in tables.items()]


def _motif_rows(
    motifs: Motifs,
    recordings: Sequence[ProcessedSequence],
    ids: Sequence[str],
    names: Sequence[str],
    reliability: RecordingReliability,
) -> list[dict[str, Any]]:
    """Return one row a motif: its share, its bouts, and its most typical clip."""
    groups, typical, bouts = motifs.segmenter.groups, motifs.typical_bouts(), motifs.bouts
    frames = sum(len(s.labels) for s in motifs.segmentations)
    rows = []
    for number, motif in enumerate(ids):
        own = [bout for bout in bouts if bout.motif == number]
        rows.append(
            {
                "motif": motif,
                "name": names[number],
                "merge_into": "" if groups[number] == number else ids[groups[number]],
                **describe_bouts(own, frames, motifs.fps),
                **describe_reliability(reliability, number),
                **_place_clip(typical[number], recordings),
            }
        )
    return rows


def describe_bouts(bouts: Sequence[Bout], frames: int, fps: float | None) -> dict[str, Any]:
    """Return the columns that sum up the bouts of one motif or activity, of ``frames`` in all."""
    lengths = np.array([bout.stop - bout.start for bout in bouts])
    return {
        "share": float(lengths.sum() / frames),
        "bouts": len(bouts),
        "recordings": len({bout.recording for bout in bouts}),
        "median_seconds": float(np.median(lengths)) / fps if bouts and fps else None,
        "confidence": float(np.mean([bout.confidence for bout in bouts])) if bouts else None,
    }


def describe_reliability(
    reliability: RecordingReliability, number: int, kinds: Sequence[str] = ("share", "length")
) -> dict[str, Any]:
    """Return the columns of reliability of one motif or activity."""
    places = {"share": number, "length": len(reliability.is_unreliable) // 2 + number}
    row: dict[str, Any] = {}
    for name in kinds:
        place = places[name]
        row[f"{name}_split_half"] = float(reliability.split_half.value[place])
        row[f"{name}_icc"] = float(reliability.retest.value[place])
        row[f"{name}_unreliable"] = bool(reliability.is_unreliable[place])
    return row


def _place_clip(clips: Sequence[Bout], recordings: Sequence[ProcessedSequence]) -> dict[str, Any]:
    if not clips:
        return dict.fromkeys(f"typical_{name}" for name in place_span(recordings[0], 0, 1))
    clip = clips[0]
    place = place_span(recordings[clip.recording], clip.start, clip.stop)
    return {f"typical_{name}": value for name, value in place.items()}


def _bout_rows(
    motifs: Motifs, recordings: Sequence[ProcessedSequence], ids: Sequence[str], names: Sequence[str]
) -> list[dict[str, Any]]:
    return [
        {
            **place_span(recordings[bout.recording], bout.start, bout.stop),
            "motif": ids[bout.motif],
            "name": names[bout.motif],
            "confidence": bout.confidence,
        }
        for bout in motifs.bouts
    ]


def _label_rows(
    motifs: Motifs, recordings: Sequence[ProcessedSequence], names: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the rows of a frame_labels.csv, as training reads it."""
    rows = []
    for bout in motifs.bouts:
        place = place_span(recordings[bout.recording], bout.start, bout.stop)
        rows.append(
            {
                "file": f"{place['recording']}.csv",
                "start": place["start_frame"],
                "stop": place["stop_frame"],
                "label": names[bout.motif],
            }
        )
    return rows


def usage_rows(
    usage: np.ndarray,
    recordings: Sequence[ProcessedSequence],
    ids: Sequence[str],
    reliability: RecordingReliability,
) -> list[dict[str, Any]]:
    """Return a row for each recording: the shares (recordings, K) of its frames, and which to doubt."""
    doubtful = " ".join(name for name, low in zip(ids, reliability.is_unreliable, strict=False) if low)
    return [
        {
            "recording": p.name,
            "label": p.source.label,
            "subject": p.source.subject,
            **dict(zip(ids, map(float, shares), strict=True)),
            "none": max(0.0, float(1 - shares.sum())),
            "unreliable": doubtful,
        }
        for p, shares in zip(recordings, usage, strict=True)
    ]


def _transition_rows(motifs: Motifs, ids: Sequence[str]) -> list[dict[str, Any]]:
    table = motifs.transitions()
    totals = table.sum(1)
    return [
        {"from": ids[a], "to": ids[b], "count": int(table[a, b]), "share": float(table[a, b] / totals[a])}
        for a, b in np.argwhere(table)
    ]


def _frame_rows(
    motifs: Motifs, recordings: Sequence[ProcessedSequence], ids: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Yield a row for each model frame, with its frame in the file."""
    for p, one in zip(recordings, motifs.segmentations, strict=True):
        for t, (label, confidence) in enumerate(zip(one.labels, one.confidence, strict=True)):
            frame = round(float(p.record.source_frames[t]))
            yield {
                "recording": p.name,
                "frame": frame,
                "second": None if p.source.fps is None else frame / p.source.fps,
                "motif": ids[label] if label >= 0 else "",
                "confidence": float(confidence),
            }
