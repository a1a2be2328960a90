"""Findings of single recordings, put together by kind: what must hold, where it does not, what mends it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from htvae.config import DataConfig
from htvae.io.checks.finding import FolderFinding, Place
from htvae.io.checks.sources import ExaminedSource
from htvae.io.checks.words import count_of, list_some
from htvae.io.findings import Finding, RecordingReport


class _Text(NamedTuple):
    """What is said of one kind."""

    must: str
    """What must hold, and that it does not: the first part of the sentence."""
    remedy: str
    """Edit that mends it; CONFIDENCE stands for the flag that leaves uncertain points out, if any."""


_TEXTS: dict[str, _Text] = {
    "sentinel": _Text(
        "Lost points must be empty, but lie at one exact place",
        "Leave these points out: htvae repair FOLDER --sentinels writes a copy without them. CONFIDENCE",
    ),
    "frozen": _Text(
        "Poses should move, but stand still to the digit for a while",
        "Let them count as missing: htvae repair FOLDER --frozen writes a copy without them.",
    ),
    "repeated": _Text(
        "Poses should differ from frame to frame, but are written several times over",
        "Write each pose once, and give the frame rate at which they were tracked.",
    ),
    "swap": _Text(
        "Left and right should keep their sides, but change places",
        "CONFIDENCE Exchange them back: htvae repair FOLDER --swaps writes a copy (single pairs only where "
        "both ends are seen).",
    ),
    "spike": _Text(
        "Points should move smoothly, but some are far off their path for a moment",
        "CONFIDENCE Let them count as missing: htvae repair FOLDER --spikes writes a copy without them.",
    ),
    "jump": _Text(
        "Points should move smoothly, but some jump to another place and stay there",
        "CONFIDENCE Correct them in the tracker, or remove their rows.",
    ),
    "cut": _Text(
        "A recording must be one shot, but all points jump together",
        "Cut the recording there into several files, or correct the individual that is followed.",
    ),
    "still": _Text(
        "Landmarks should move, but some never do",
        "If the tracker does not see them there, remove their rows.",
    ),
    "never_seen": _Text(
        "Landmarks should be seen, but some have no point in a recording",
        "They count as missing there. If the tracker sees them, export these files again.",
    ),
    "one_sided": _Text(
        "Left and right should both be seen, but one side of some landmarks hardly is",
        "They count as missing there. If the tracker sees them, export these files again.",
    ),
}
OTHER_TOPICS = frozenset({"upside_down", "lying", "shares", "percent_confidence"})
"""Kinds that `axes` and `confidence` say something of."""


def find_tracking(
    reports: Sequence[RecordingReport],
    sources: Sequence[ExaminedSource],
    config: DataConfig,
    never_seen: frozenset[str],
) -> Iterator[FolderFinding]:
    """Yield one finding for each kind of a tracker's mistakes.

    Args:
        reports: the recordings, with their findings.
        sources: their sources, which say whether there are confidences.
        config: the reading settings.
        never_seen: landmarks that no recording shows; these are said elsewhere.
    """
    kinds: dict[str, list[tuple[RecordingReport, Finding]]] = {kind: [] for kind in _TEXTS}
    for report in reports:
        for finding in report.findings:
            if finding.kind not in OTHER_TOPICS and not _is_told(finding, never_seen):
                kinds.setdefault(finding.kind, []).append((report, finding))
    source_of = {report.name: source for source in sources for report in source.reports}
    for kind, found in kinds.items():
        if found:
            yield _describe(kind, found, reports, _confidence_remedy(found, source_of, config))


def _is_told(finding: Finding, never_seen: frozenset[str]) -> bool:
    return finding.kind == "never_seen" and never_seen.issuperset(finding.landmarks)


def _describe(
    kind: str,
    found: Sequence[tuple[RecordingReport, Finding]],
    reports: Sequence[RecordingReport],
    confidence: str,
) -> FolderFinding:
    text = _TEXTS.get(
        kind, _Text(f"Recordings should have no {kind.replace('_', ' ')}, but have", "Look at them.")
    )
    found = sorted(found, key=lambda pair: -pair[1].share)
    recordings = dict.fromkeys(report.name for report, _ in found)
    remedy = " ".join(text.remedy.replace("CONFIDENCE", confidence).split())
    if kind == "still" and (names := _still_everywhere(found, reports)):
        remedy = f"Leave them out with --drop {' '.join(names)}."
    return FolderFinding(
        kind=kind,
        message=f"{text.must} in {count_of(len(recordings), len(reports), 'recording')}.",
        places=tuple(_place(report, finding) for report, finding in found),
        remedy=remedy,
    )


def _place(report: RecordingReport, finding: Finding) -> Place:
    whole = finding.spans[:1] and finding.spans[0][1] - finding.spans[0][0] >= report.frames
    return Place(
        recording=report.name,
        spans=() if whole else finding.spans,
        landmarks=finding.landmarks if len(finding.landmarks) < report.landmarks else (),
        detail=finding.detail,
    )


def _still_everywhere(
    found: Sequence[tuple[RecordingReport, Finding]], reports: Sequence[RecordingReport]
) -> list[str]:
    """Return the landmarks that never move in any recording; empty where others are still here and there.

    Also empty where nothing moves at all, since something must be left.
    """
    names = {name for _, finding in found for name in finding.landmarks}
    always = [name for name in sorted(names) if all(name in finding.landmarks for _, finding in found)]
    is_plain = all(name.replace("_", "").isalnum() for name in always)
    is_part = len(always) < max(report.landmarks for report in reports)
    are_same = len(always) == len(names) and len(found) == len(reports)
    return always if are_same and is_part and is_plain else []


def _confidence_remedy(
    found: Sequence[tuple[RecordingReport, Finding]],
    source_of: Mapping[str, ExaminedSource],
    config: DataConfig,
) -> str:
    """Return the sentence on leaving uncertain points out; empty where the files have no confidences."""
    facts = [source_of[report.name].facts for report, _ in found if report.name in source_of]
    unused = [own.unused.name for own in facts if own is not None and own.unused is not None]
    if unused:
        return f"Leave uncertain points out: --confidence_column {list_some(unused[:1])}."
    if any(own is not None and own.confidence is not None for own in facts):
        return f"Leave more uncertain points out: raise --min_confidence above {config.min_confidence:g}."
    return ""
