"""``check-data``: what a folder holds, what is wrong with it, and which setting or edit mends it.

`htvae.io.checks` has a file for each topic; `htvae.data.check` adds what training would make of the folder.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from htvae.config import DataConfig
from htvae.io.checks.axes import find_axes, find_units
from htvae.io.checks.confidence import find_confidence
from htvae.io.checks.finding import FolderFinding
from htvae.io.checks.formats import describe_formats
from htvae.io.checks.frame_units import find_frame_units
from htvae.io.checks.landmark_sets import find_disjoint, find_mixed_dimensions, find_never_seen, list_unseen
from htvae.io.checks.metadata import collect_warnings, find_rate_origins, find_unknown_rates
from htvae.io.checks.passed_over import describe_others
from htvae.io.checks.report import FolderReport
from htvae.io.checks.sources import ExaminedSource, examine_source
from htvae.io.checks.spellings import find_landmark_spellings, find_metadata_spellings
from htvae.io.checks.text import format_report
from htvae.io.checks.tracking import find_tracking
from htvae.io.checks.words import count_of
from htvae.io.faults import DataError
from htvae.io.findings import RecordingReport
from htvae.io.folder import ReadFolder, read_sources
from htvae.io.formats.registry import find_format
from htvae.io.metadata import join_metadata
from htvae.io.skeleton_csv import read_skeleton
from htvae.poses.sequence import PoseSequence

__all__ = ["FolderReport", "check_folder", "format_report"]

_TOLD = ("frame numbers go up by", "x and y are shares")
"""Beginnings of readers' notes that a finding says better."""


def check_folder(data_dir: Path, config: DataConfig) -> FolderReport:
    """Read all recordings of a folder and look at their poses.

    Raises:
        FileNotFoundError: no such folder, or no recording in it.
        DataError: the folder cannot be listed.
    """
    read = read_sources(data_dir, config, read=examine_source)
    sources = [source for source in read.sources if isinstance(source, ExaminedSource)]
    with collect_warnings("htvae.io.metadata") as said, collect_warnings("htvae.io.skeleton_csv") as unknown:
        known, faults = join_metadata(read.sequences, read.names, data_dir)
        skeleton = _read_skeleton(data_dir, known, config, faults)
    origins = find_rate_origins(read.sequences, known, config.fps)
    sequences = [s if s.fps is not None or config.fps is None else replace(s, fps=config.fps) for s in known]
    reports_by_name = {report.name: report for source in sources for report in source.reports}
    reports = [
        replace(reports_by_name[s.name], fps=s.fps, label=s.label, subject=s.subject) for s in sequences
    ]
    return FolderReport(
        recordings=reports,
        faults=[*faults, *read.all_faults],
        findings=_find(sequences, reports, sources, config),
        notes=[*said, *unknown, *_collect_notes(read)],
        formats=describe_formats(sources, sequences, reports, origins),
        passed_over=[*read.passed_over, *describe_others(read.listing.others)],
        sequences=sequences,
        skeleton=skeleton,
    )


def _read_skeleton(
    data_dir: Path, sequences: Sequence[PoseSequence], config: DataConfig, faults: list[str]
) -> list[tuple[str, str]]:
    try:
        return read_skeleton(data_dir, list({name for s in sequences for name in s.landmarks}), config.rename)
    except DataError as error:
        faults += error.faults
        return []


def _find(
    sequences: Sequence[PoseSequence],
    reports: Sequence[RecordingReport],
    sources: Sequence[ExaminedSource],
    config: DataConfig,
) -> list[FolderFinding]:
    """Return all findings, those about settings first."""
    spellings = list(find_landmark_spellings(sequences, config))
    joined = tuple(pair for finding in spellings for pair in finding.settings.get("rename", ()))
    times = frozenset(
        report.name
        for source in sources
        for report in source.reports
        if find_format(source.format).reads_times
    )
    return [
        *find_mixed_dimensions(sequences),
        *find_axes(reports, sequences),
        *find_units(reports, config),
        *find_frame_units(sequences, times, config),
        *find_confidence(sources, config),
        *spellings,
        *find_disjoint(sequences, joined),
        *find_never_seen(sequences),
        *find_unknown_rates(sequences),
        *find_metadata_spellings(sequences),
        *find_tracking(reports, sources, config, frozenset(list_unseen(sequences))),
    ]


def _collect_notes(read: ReadFolder) -> list[str]:
    kinds = Counter(note for source in read.sources for note in source.notes if not note.startswith(_TOLD))
    return [
        f"{count_of(number, len(read.sources), 'file')}: {note.rstrip('.')}."
        for note, number in kinds.items()
    ]
