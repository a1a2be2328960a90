"""What was read, format by format."""

from collections import Counter
from collections.abc import Sequence

from htvae.io.checks.metadata import describe_rates
from htvae.io.checks.report import FormatReport
from htvae.io.checks.sources import ExaminedSource, describe_coordinates
from htvae.io.checks.words import list_some
from htvae.io.findings import RecordingReport
from htvae.poses.sequence import PoseSequence


def describe_formats(
    sources: Sequence[ExaminedSource],
    sequences: Sequence[PoseSequence],
    reports: Sequence[RecordingReport],
    origins: Sequence[str],
) -> list[FormatReport]:
    """Return a report for each format, that of the most files first.

    Args:
        sources: all sources.
        sequences: all recordings, with the manifest.
        reports: their reports.
        origins: from where their frame rates come.
    """
    rows = {row[0].name: row for row in zip(sequences, reports, origins, strict=True)}
    grouped: dict[str, list[ExaminedSource]] = {}
    for source in sources:
        if source.facts is not None:
            grouped.setdefault(source.format, []).append(source)
    described = []
    for own in sorted(grouped.values(), key=len, reverse=True):
        described.append(_describe(own, [rows[s.name] for source in own for s in source.sequences]))
    return described


def _describe(
    sources: Sequence[ExaminedSource], rows: Sequence[tuple[PoseSequence, RecordingReport, str]]
) -> FormatReport:
    sequences, reports, origins = zip(*rows, strict=True)
    facts = [source.facts for source in sources if source.facts is not None]
    reasons = Counter(own.reason for own in facts)
    coordinates = Counter(
        describe_coordinates(s, report.coordinates) for s, report in zip(sequences, reports, strict=True)
    )
    num_places = sum(s.observed.size for s in sequences)
    num_known = sum(own.num_points for own in facts)
    has_confidence = any(own.confidence is not None for own in facts)
    sizes = [report.landmarks for report in reports]
    return FormatReport(
        name=sources[0].format,
        title=facts[0].title,
        reason=list_some((reason for reason, _ in reasons.most_common()), 2),
        files=len(sources),
        recordings=len(sequences),
        landmarks=(min(sizes), max(sizes)),
        frames=sum(s.num_frames for s in sequences),
        rates=describe_rates(sequences, origins),
        coordinates=list_some((text for text, _ in coordinates.most_common()), 3),
        missing=1 - sum(int(s.observed.sum()) for s in sequences) / num_places,
        unsure=sum(own.num_unsure for own in facts) / max(num_known, 1) if has_confidence else None,
    )
