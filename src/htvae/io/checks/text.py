"""The report as text: what is read, the table, faults, findings, and the command to train with."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from htvae.io.checks.command import TrainingCommand
from htvae.io.checks.finding import FolderFinding, Place
from htvae.io.checks.report import FolderReport, FormatReport, TrainingReport, count_subjects
from htvae.io.checks.table import format_table
from htvae.io.checks.words import count, frames, list_some, share
from htvae.utils.text import printable, shorten

_MOST_PLACES = 5
_MOST_LABELS = 12
_LONGEST_LABEL = 40


def format_report(report: FolderReport, command: TrainingCommand | None = None) -> str:
    """Return the report as text, without line breaks inside a sentence."""
    parts = [_summarise(report)]
    if report.formats:
        parts.append(_section("Read", [line for own in report.formats for line in _describe_format(own)]))
    if report.passed_over:
        parts.append(_section("Passed over", report.passed_over))
    if report.training.splits:
        parts.append(_section("Training would use", list(_describe_training(report.training))))
    if report.recordings:
        parts.append(format_table(report.recordings))
    if report.faults:
        parts.append(_section("Faults", report.faults))
    if report.findings:
        lines = [line for finding in report.findings for line in _describe_finding(finding)]
        parts.append("\n".join(["Findings:", *lines]))
    if report.notes:
        parts.append(_section("Accepted", report.notes))
    if report.is_clean:
        parts.append("Nothing looks wrong.")
    if command is not None:
        parts.append(_introduce(command, report))
    return "\n\n".join(parts)


def _summarise(report: FolderReport) -> str:
    rows = report.recordings
    subjects = count_subjects(report.sequences)
    people = count(subjects, "subject") if subjects else "unknown subjects"
    total = sum(row.frames for row in rows)
    return f"{count(len(rows), 'recording')}, {count(total, 'frame')}, {people}"


def _section(title: str, lines: Sequence[str]) -> str:
    return "\n".join([f"{title}:", *(f"  {line}" for line in lines)])


def _describe_format(own: FormatReport) -> Iterator[str]:
    low, high = own.landmarks
    landmarks = count(high, "landmark") if low == high else f"{low} to {high} landmarks"
    files = count(own.files, "file")
    recordings = "" if own.files == own.recordings else f"{count(own.recordings, 'recording')}, "
    missing = f"{share(own.missing)} of the points missing"
    if own.unsure is not None:
        missing += f", {share(own.unsure)} of the files' points below min_confidence"
    yield f"{own.name} ({own.title}): {files}, by {printable(own.reason)}"
    yield f"  {recordings}{landmarks}, {count(own.frames, 'frame')}, {own.rates}"
    yield f"  {own.coordinates}; {missing}"


def _describe_training(training: TrainingReport) -> Iterator[str]:
    for split in training.splits:
        parts = [count(split.recordings, "recording"), count(split.frames, "frame")]
        parts += [count(split.subjects, "subject")] if split.subjects else []
        yield f"{split.name:<5} {', '.join(parts)}"
    if training.labels:
        yield f"labels: {_list_counts({name: f'{number:,}' for name, number in training.labels.items()})}"
    if training.spans:
        spans = {
            name: f"{count(n, 'span')}, {count(own, 'frame')}" for name, (n, own) in training.spans.items()
        }
        yield f"labels of frames: {_list_counts(spans)}"
    yield from training.notes


def _list_counts(counts: dict[str, str]) -> str:
    parts = [f"{_brief(name)} ({number})" for name, number in counts.items()]
    more = len(parts) - _MOST_LABELS
    return ", ".join(parts[:_MOST_LABELS]) + (f" and {more:,} more" if more > 0 else "")


def _brief(label: str) -> str:
    return printable(label if len(label) <= _LONGEST_LABEL else f"{label[:_LONGEST_LABEL]}...")


def _describe_finding(finding: FolderFinding) -> Iterator[str]:
    yield f"- {finding.message}"
    lines = list(finding.details) or _describe_places(finding.places)
    shown = lines if len(lines) <= _MOST_PLACES + 1 else lines[:_MOST_PLACES]
    yield from (f"    {line}" for line in shown)
    if len(lines) > len(shown):
        yield f"    and {len(lines) - len(shown):,} more"
    yield f"  {finding.remedy}"


def _describe_places(places: Sequence[Place]) -> list[str]:
    """Return a line for each place; one for all where the same is said of each."""
    said = {(place.spans, place.landmarks, place.detail) for place in places}
    if len(said) == 1 and not places[0].spans:
        names = list_some(place.recording for place in places)
        return [names + _describe_place(replace(places[0], recording=""))]
    return [_describe_place(place) for place in places]


def _describe_place(place: Place) -> str:
    where = shorten(place.recording) + (f", {frames(place.spans)}" if place.spans else "")
    where += f" ({list_some(place.landmarks, 3)})" if place.landmarks else ""
    return f"{where}: {place.detail}" if place.detail else where


def _introduce(command: TrainingCommand, report: FolderReport) -> str:
    first = "Train, once the faults are corrected, with:" if report.faults else "Train with:"
    lines = [first, f"  {command.line}"]
    meanings = {
        "--fps FPS": "the videos' frames per second, which no file tells; times and generated motion need it",
        "--image_size WIDTH HEIGHT": "the videos' size in pixels, so that x and y have one unit",
    }
    lines += [f"  Better add {flag}: {meanings[flag]}." for flag in command.to_add]
    return "\n".join(lines)
