"""Bouts for programs in which people annotate videos: BORIS and ELAN."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from htvae.analysis.motifs.motifs import Bout
from htvae.cli.analysis_files import write_table
from htvae.cli.spans import place_span
from htvae.data.processing import ProcessedSequence
from htvae.io.elan import SUFFIX, Annotation, write_eaf
from htvae.io.writing import fit_name
from htvae.utils.files import path_inside

log = logging.getLogger(__name__)

Named = Sequence[tuple[Bout, str]]
"""Bouts with the names of their labels."""


def write_intervals(
    folder: Path,
    programs: Sequence[str],
    tiers: Mapping[str, Named],
    recordings: Sequence[ProcessedSequence],
) -> list[Path]:
    """Write bouts as tables of BORIS and files of ELAN, and return the paths.

    Recordings without a frame rate have no seconds; they are left out, and the log says so.

    Args:
        folder: folder of the results; ELAN's files go into its subfolder ``elan``.
        programs: ``boris``, ``elan``, or both.
        tiers: bouts by kind: ``motif``, ``activity``.
        recordings: the recordings that bouts name by their index.
    """
    timeless = [p.name for p in recordings if p.source.fps is None]
    if programs and timeless:
        log.warning(
            "%d recordings have no frame rate, so their bouts have no seconds for %s (%s, ...). Give fps in "
            "manifest.csv.",
            *(len(timeless), " and ".join(program.upper() for program in programs), timeless[0]),
        )
    paths = []
    if "boris" in programs:
        for tier, bouts in tiers.items():
            rows = [_event(tier, name, bout, recordings[bout.recording]) for bout, name in bouts]
            table = [row for row in rows if row is not None]
            if table:
                paths.append(write_table(folder / f"{tier}_bouts_boris.csv", table))
    if "elan" in programs:
        paths += _write_elan(folder / "elan", tiers, recordings)
    return paths


def _event(tier: str, name: str, bout: Bout, recording: ProcessedSequence) -> dict[str, Any] | None:
    """Return a row of BORIS's aggregated events, None without seconds."""
    fps, source = recording.source.fps, recording.source
    if fps is None:
        return None
    place = place_span(recording, bout.start, bout.stop)
    start, stop = place["start_second"], place["stop_second"]
    return {
        "Observation id": recording.name,
        "Observation date": "",
        "Description": "",
        "Observation type": "Media file",
        "Source": "",
        "Time offset (s)": 0,
        "Media duration (s)": _milliseconds((source.first_frame + source.num_frames) / fps),
        "FPS (frame/s)": fps,
        "Subject": source.subject or "",
        "Behavior": name,
        "Behavioral category": tier,
        "Behavior type": "STATE",
        "Start (s)": _milliseconds(start),
        "Stop (s)": _milliseconds(stop),
        "Duration (s)": _milliseconds(stop - start),
        "Media file name": "",
        "Comment start": "",
        "Comment stop": "",
    }


def _milliseconds(seconds: float) -> str:
    return f"{seconds:.3f}"


def _write_elan(
    folder: Path, tiers: Mapping[str, Named], recordings: Sequence[ProcessedSequence]
) -> list[Path]:
    """Write a file for each recording, with a tier for each kind of bouts."""
    found: list[dict[str, list[Annotation]]] = [{tier: [] for tier in tiers} for _ in recordings]
    for tier, bouts in tiers.items():
        for bout, name in bouts:
            place = place_span(recordings[bout.recording], bout.start, bout.stop)
            if place["start_second"] is not None:
                own = Annotation(place["start_second"], place["stop_second"], name)
                found[bout.recording][tier].append(own)
    return [
        write_eaf(path_inside(folder, f"{fit_name(p.name)}{SUFFIX}"), own)
        for p, own in zip(recordings, found, strict=True)
        if p.source.fps is not None
    ]
