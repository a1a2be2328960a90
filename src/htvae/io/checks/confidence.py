"""Confidences: columns that are not used, and numbers in percent."""

from collections.abc import Iterator, Sequence

from htvae.config import DataConfig
from htvae.io.checks.columns import PERCENT
from htvae.io.checks.finding import FolderFinding, Place
from htvae.io.checks.sources import POSE_CSV, ExaminedSource
from htvae.io.checks.words import count_of, share


def find_confidence(sources: Sequence[ExaminedSource], config: DataConfig) -> Iterator[FolderFinding]:
    """Yield findings on columns of confidences that are not used, and on confidences in percent."""
    known = [source for source in sources if source.facts is not None]
    columns: dict[str, list[ExaminedSource]] = {}
    for source in known:
        if source.facts is not None and source.facts.unused is not None:
            columns.setdefault(source.facts.unused.name, []).append(source)
    for column, own in sorted(columns.items(), key=lambda item: -len(item[1]))[:1]:
        yield _unused_column(column, own, known, config)
    percent = [
        source
        for source in known
        if source.facts is not None
        and source.facts.confidence is not None
        and source.facts.confidence > PERCENT
    ]
    if percent and 0 < config.min_confidence <= 1:
        least = 100 * config.min_confidence
        others = [s for s in known if s.facts is not None and s.facts.confidence is not None]
        are_all = len(percent) == len(others)
        yield FolderFinding(
            kind="percent_confidence",
            message=(
                f"min_confidence must have the confidences' unit, but is {config.min_confidence:g}, and they "
                f"are percent (most of them above 1) in {count_of(len(percent), len(known), 'file')}."
            ),
            places=tuple(Place(recording=source.name) for source in percent),
            remedy=(
                f"Add --min_confidence {least:g}, or divide the confidences by 100."
                if are_all
                else "Divide the confidences of these files by 100."
            ),
            settings={"min_confidence": least} if are_all else {},
        )


def _unused_column(
    column: str, own: Sequence[ExaminedSource], known: Sequence[ExaminedSource], config: DataConfig
) -> FolderFinding:
    unused = [
        source.facts.unused for source in own if source.facts is not None and source.facts.unused is not None
    ]
    is_percent = sum(part.is_percent for part in unused) > len(unused) / 2
    middle = 50 if is_percent else 0.5
    settings: dict[str, object] = {"confidence_column": column}
    flags = f"--confidence_column {column}"
    if is_percent and config.min_confidence <= 1:
        settings["min_confidence"] = 100 * config.min_confidence
        flags += f" --min_confidence {100 * config.min_confidence:g}"
    unit = " in percent" if is_percent else ""
    pose_csvs = [source for source in known if source.format == POSE_CSV]
    are_alike = len(own) == len(pose_csvs) and len({part.is_percent for part in unused}) == 1
    return FolderFinding(
        kind="unused_confidence",
        message=(
            f"Uncertain points should be left out, but the column {column}, which seems to hold "
            f"confidences{unit}, is not read in {count_of(len(own), len(known), 'file')}."
        ),
        places=tuple(
            Place(
                recording=source.name, detail=f"{share(part.share_below)} of the points are below {middle:g}"
            )
            for source, part in zip(own, unused, strict=True)
        ),
        remedy=f"Add {flags}."
        if are_alike
        else f"Give all pose CSVs this column in one unit, then add {flags}.",
        settings=settings if are_alike else {},
    )
