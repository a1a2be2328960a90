"""The recordings of a report: poses, curves, labels, motifs, all in their own source frames.

Axes: ``T`` model frames, ``F`` packed poses.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from htvae.analysis.motifs.activities import Activities
from htvae.analysis.motifs.motifs import Motifs
from htvae.app.collect.blocks import Blocks
from htvae.app.collect.labels import NO_LABEL
from htvae.app.collect.material import Material
from htvae.app.collect.poses import PackedPoses, average, common_top, highest, measure_lanes
from htvae.app.packing import pack_lanes
from htvae.app.payload import Lanes, Recording, Span
from htvae.data.processing import ProcessedSequence
from htvae.inference.source import to_source_spans

MOST_VALUES = 12
"""Different values of a column of manifest.csv that is shown, at most."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Findings:
    """What is known of recordings before their curves are packed."""

    packed: Sequence[PackedPoses]
    surprise: Sequence[np.ndarray]
    """Surprise (T,) of each."""
    threshold: float
    """Surprise that is worth a look."""
    motifs: Motifs | None
    activities: Activities | None
    places: Mapping[str, np.ndarray]
    """Places (recordings, 2) on each map."""


@dataclass(frozen=True, eq=False)
class RecordingSet:
    """The recordings as the page gets them."""

    entries: list[Recording]
    subjects: list[str]
    columns: list[str]
    lanes: Lanes


def collect_recordings(
    material: Material, known: Findings, on_done: Callable[[int], None] = lambda done: None
) -> RecordingSet:
    """Pack the curves of recordings, and describe them.

    Args:
        material: of the report.
        known: what is known of the recordings.
        on_done: called with the number of recordings that are done.
    """
    recordings = material.recordings
    subjects = sorted({r.source.subject for r in recordings if r.source.subject is not None})
    columns = choose_columns(recordings)
    bouts, stays = (_list_bouts(own, recordings) for own in (known.motifs, known.activities))
    entries: list[Recording] = []
    curves = []
    for number, recording in enumerate(recordings):
        source, packed = recording.source, known.packed[number]
        lanes, error = _make_curves(material, recording, known.surprise[number], packed.stride)
        curves.append(lanes)
        entries.append(
            {
                "name": recording.name,
                "label": material.book.index(source.label),
                "subject": NO_LABEL if source.subject is None else subjects.index(source.subject),
                "split": material.splits[number],
                "columns": [source.covariates.get(name, "") for name in columns],
                "fps": material.clock.source_rate(recording),
                "first": source.first_frame,
                "frames": source.num_frames,
                "rate": packed.rate,
                "count": packed.count,
                "scale": packed.scale,
                "labels": material.book.spans(recording),
                "motifs": bouts[number],
                "activities": stays[number],
                "error": error,
                "maps": {name: np.round(own[number], 4).tolist() for name, own in known.places.items()},
                "poses": material.blocks.add_text(packed.text),
                "lanes": "",
            }
        )
        on_done(number + 1)
    lanes_info = _pack_curves(curves, entries, known.threshold, material.blocks)
    return RecordingSet(entries, subjects, columns, lanes_info)


def _make_curves(
    material: Material, recording: ProcessedSequence, surprise: np.ndarray, stride: int
) -> tuple[tuple[np.ndarray, ...], float | None]:
    """Return surprise, error, speed and share observed (F,) each, and the mean error; None without points."""
    model = material.model
    (found,) = model.reconstruct_all([recording])
    rate = material.clock.model_rate(recording)
    error, speed, seen = measure_lanes(recording, found.pose, model.processor, rate)
    curves = highest(surprise, stride), *(average(own, stride) for own in (error, speed, seen))
    return curves, round(float(np.nanmean(error)), 4) if np.isfinite(error).any() else None


def choose_columns(recordings: Sequence[ProcessedSequence]) -> list[str]:
    """Return the columns of manifest.csv that sort recordings into 2 to `MOST_VALUES` groups."""
    names = dict.fromkeys(name for recording in recordings for name in recording.source.covariates)
    values = {name: {r.source.covariates.get(name, "") for r in recordings} - {""} for name in names}
    return [name for name, own in values.items() if 2 <= len(own) <= MOST_VALUES]


def _pack_curves(
    curves: Sequence[tuple[np.ndarray, ...]], entries: Sequence[Recording], threshold: float, blocks: Blocks
) -> Lanes:
    surprise, error, speed = (common_top([own[k] for own in curves]) for k in range(3))
    surprise = max(surprise, 2 * threshold)
    for entry, own in zip(entries, curves, strict=True):
        entry["lanes"] = blocks.add(pack_lanes(own, (surprise, error, speed, 1.0)))
    return {"error": error, "speed": speed, "surprise": surprise, "threshold": threshold}


def _list_bouts(
    motifs: Motifs | Activities | None, recordings: Sequence[ProcessedSequence]
) -> list[list[Span]]:
    """Return the stays in motifs (or activities) of each recording, in source frames."""
    found: list[list[Span]] = [[] for _ in recordings]
    for bout in motifs.bouts if motifs else ():
        frames = recordings[bout.recording].record.source_frames
        ((start, stop),) = to_source_spans(np.array([[bout.start, bout.stop]]), frames).tolist()
        found[bout.recording].append([start, stop, bout.motif])
    return found
