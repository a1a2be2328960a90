"""``check-data``: report what a folder holds, what is wrong with it, and which setting fixes it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from htvae.config import DataConfig
from htvae.io.findings import ORIGIN_SHARE, SPIKE_SHARE, RecordingReport, check_recording
from htvae.io.folder import read_sources
from htvae.io.metadata import join_metadata
from htvae.utils.text import printable, shorten

_MAX_ROWS = 30
_MAX_NAMES = 5


@dataclass(frozen=True, kw_only=True)
class FolderReport:
    """What was found in a folder."""

    recordings: list[RecordingReport]
    """Reports on the recordings that could be read, sorted by name."""
    faults: list[str]
    """Messages about errors: the folder cannot be used until they are corrected."""
    notes: list[str]
    """Messages about what is unusual, but accepted."""
    advice: list[str]
    """Messages about what looks wrong, with the setting or the change that fixes it."""


def check_folder(data_dir: Path, config: DataConfig) -> FolderReport:
    """Read all recordings of a folder and look at their poses.

    Raises:
        FileNotFoundError: no such folder, or no recording in it.
        DataError: the folder cannot be listed.
    """
    read = read_sources(data_dir, config)
    completed, faults = join_metadata(read.sequences, read.names, data_dir, config.fps)
    reports = [check_recording(sequence, config) for sequence in completed]
    kinds = Counter(note for source in read.sources for note in source.notes)
    return FolderReport(
        recordings=reports,
        faults=[*faults, *read.all_faults],
        notes=[
            *read.passed_over,
            *(f"{_count(count, len(read.sources))}: {note.rstrip('.')}." for note, count in kinds.items()),
        ],
        advice=_advise(reports, config),
    )


def format_report(report: FolderReport) -> str:
    """Return the report as text: a summary, a table with findings first, faults, notes and advice."""
    rows = report.recordings
    frames = sum(row.frames for row in rows)
    subjects = len({row.subject for row in rows} - {None})
    parts = [f"{len(rows):,} recordings, {frames:,} frames, {subjects or 'unknown'} subjects"]
    if rows:
        parts.append(_format_table(rows))
    for title, lines in (("Faults", report.faults), ("Accepted", report.notes), ("Advice", report.advice)):
        if lines:
            parts.append("\n".join([f"{title}:", *(f"  {line}" for line in lines)]))
    if not report.faults and not report.advice:
        parts.append("Nothing looks wrong.")
    return "\n\n".join(parts)


def _advise(rows: Sequence[RecordingReport], config: DataConfig) -> list[str]:
    return [*_advise_settings(rows, config), *_advise_tracking(rows, config)]


def _advise_settings(rows: Sequence[RecordingReport], config: DataConfig) -> list[str]:
    advice = []
    judged = [row for row in rows if row.upside_down is not None]
    turned = [row for row in judged if row.upside_down]
    if len(turned) > len(judged) / 2:
        flag = "--no_y_up" if config.y_up else "--y_up"
        advice.append(
            f"y must grow upwards, but the head is below the hips in {_which(turned, judged)}. Add {flag}."
        )
    elif turned:
        advice.append(
            f"y must grow one way in all files, but the head is below the hips in {_which(turned, judged)}. "
            "Unless these are handstands, change the sign of y in these files."
        )
    relative = [row for row in rows if row.coordinates == "0..1"]
    if relative and config.image_size is None:
        advice.append(
            f"x and y must have one unit, but are shares (0..1) of an image in {_which(relative, rows)}. "
            "Add --image_size W H, the width and height of the video in pixels."
        )
    pixels = [row for row in rows if row.coordinates == "pixels"]
    if pixels and config.image_size is not None:
        advice.append(
            f"image_size is for coordinates in 0..1, but x and y are pixels in {_which(pixels, rows)}. "
            "Leave --image_size out."
        )
    return advice


def _advise_tracking(rows: Sequence[RecordingReport], config: DataConfig) -> list[str]:
    advice = []
    remedy = (
        "If the files have a column of confidences, leave uncertain points out: --confidence_column COLUMN."
    )
    if config.confidence_column is not None:
        remedy = f"Leave more uncertain points out: raise --min_confidence above {config.min_confidence:g}."
    spiked = sorted((row for row in rows if row.spikes >= SPIKE_SHARE), key=lambda row: -row.spikes)
    if spiked:
        advice.append(
            f"Points should move smoothly, but {spiked[0].spikes:.1%} (the most) are far off the path in "
            f"{_which(spiked, rows)}. {remedy}"
        )
    swapped = sorted((row for row in rows if row.swaps), key=lambda row: -row.swaps)
    if swapped:
        advice.append(
            f"Left and right should keep their sides, but change places in up to {swapped[0].swaps} frames "
            f"in {_which(swapped, rows)}. {remedy}"
        )
    still = [row for row in rows if row.still]
    if still:
        names = Counter(name for row in still for name in row.still)
        shown = _first(name for name, _ in names.most_common())
        advice.append(
            f"Landmarks should move, but {shown} never do in {_which(still, rows)}. "
            "If the tracker does not see them, remove their rows."
        )
    lost = [row for row in rows if row.at_origin >= ORIGIN_SHARE]
    if lost:
        advice.append(
            f"Lost points should be empty, but points lie at exactly 0,0 in {_which(lost, rows)}. "
            "Remove those rows, or empty their x and y."
        )
    return advice


def _format_table(rows: Sequence[RecordingReport]) -> str:
    shown = sorted(rows, key=lambda row: not row.has_findings)[:_MAX_ROWS]
    header = (
        "recording",
        "frames",
        "landmarks",
        "missing",
        "fps",
        "label",
        "subject",
        "spikes",
        "swaps",
        "still",
    )
    cells = [header, *(_format_row(row) for row in shown), *([("...",)] if len(rows) > len(shown) else [])]
    widths = [max(len(line[column]) for line in cells if column < len(line)) for column in range(len(header))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=False)).rstrip()
        for line in cells
    ]
    if len(rows) > len(shown):
        lines[-1] = f"... and {len(rows) - len(shown):,} more"
    return "\n".join(lines)


def _format_row(row: RecordingReport) -> tuple[str, ...]:
    return (
        _shorten(row.name, 40),
        f"{row.frames:,}",
        f"{row.landmarks}",
        f"{row.missing:.1%}",
        "-" if row.fps is None else f"{row.fps:g}",
        _shorten(row.label or "-", 24),
        _shorten(row.subject or "-", 16),
        f"{row.spikes:.2%}",
        f"{row.swaps}",
        f"{len(row.still)}",
    )


def _which(rows: Sequence[RecordingReport], all_rows: Sequence[RecordingReport]) -> str:
    return f"{_count(len(rows), len(all_rows))} ({_first(row.name for row in rows)})"


def _count(count: int, total: int) -> str:
    return f"{count:,} of {total:,} recordings"


def _first(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(map(shorten, listed[:_MAX_NAMES])) + (", ..." if len(listed) > _MAX_NAMES else "")


def _shorten(text: str, width: int) -> str:
    shown = printable(text)
    return shown if len(shown) <= width else shown[: width - 3] + "..."
