"""Reading one source for `check-data`: its recordings, what the file says of itself, and what looks wrong."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from htvae.config import DataConfig
from htvae.io.checks.columns import UnusedColumn, find_column, measure_column
from htvae.io.faults import DataError
from htvae.io.findings import RecordingReport, check_recording
from htvae.io.folder import ReadSource
from htvae.io.formats import pose_csv
from htvae.io.formats.base import NamedSource
from htvae.io.recordings import build_recordings
from htvae.io.tracks import Content, Detections
from htvae.poses.sequence import PoseSequence

POSE_CSV = pose_csv.FORMAT.name


@dataclass(frozen=True, kw_only=True)
class SourceFacts:
    """What a file holds, before settings choose from it."""

    title: str
    """The format's name in sentences."""
    reason: str
    """What in the content shows the format."""
    num_points: int
    """Points with coordinates, the uncertain ones included."""
    num_unsure: int
    """Of these, points below ``min_confidence``."""
    confidence: float | None
    """95th percentile of the points' confidence, None where none is read."""
    unused: UnusedColumn | None
    """Column of confidences that is there and not read."""


@dataclass(frozen=True, kw_only=True)
class ExaminedSource(ReadSource):
    """A source with its facts and the reports on its recordings, without manifest and labels."""

    facts: SourceFacts | None = None
    """None where the source has faults."""
    reports: tuple[RecordingReport, ...] = ()


def examine_source(named: NamedSource, config: DataConfig) -> ExaminedSource:
    """Read one source as training does, and look at its recordings; its faults become part of the result."""
    name, source, known = named
    try:
        content, unused = _read(named, config)
        sequences, notes = build_recordings(content, config, name, source.shown)
    except DataError as error:
        return ExaminedSource(name=name, file=source.shown, format=known.name, faults=error.faults)
    points, unsure, confidence = _measure(content, config)
    return ExaminedSource(
        name=name,
        file=source.shown,
        format=known.name,
        sequences=sequences,
        notes=notes,
        facts=SourceFacts(
            title=known.title,
            reason=known.recognise(source) or f"--source {config.source}",
            num_points=points,
            num_unsure=unsure,
            confidence=confidence,
            unused=unused,
        ),
        reports=tuple(check_recording(sequence, config) for sequence in sequences),
    )


def describe_coordinates(sequence: PoseSequence, kind: str) -> str:
    """Return a file's axes and unit in words."""
    names = "x, y" if sequence.pose.shape[2] == 2 else "x, y, z"
    own = sequence.coordinates
    up = "z up" if own.z_up and sequence.pose.shape[2] == 3 else f"y {'up' if own.y_up else 'down'}"
    if own.image_size is not None:
        unit = "shares of {} x {} pixels".format(*own.image_size)
    elif kind == "0..1":
        unit = "shares (0..1) of the image"
    else:
        unit = "pixels" if kind == "pixels" and names == "x, y" else "the file's unit"
    return f"{names} in {unit}, {up}"


def _read(named: NamedSource, config: DataConfig) -> tuple[Content, UnusedColumn | None]:
    """Return the content, and the column of confidences that is not used."""
    _, source, known = named
    column = find_column(source) if known.name == POSE_CSV and config.confidence_column is None else None
    if column is None:
        return known.read(source, config), None
    try:
        content = known.read(source, replace(config, confidence_column=column))
    except DataError:  # of the column, or of the file
        return known.read(source, config), None
    unused = measure_column(column, np.concatenate([own[known] for known, own in _confidences(content)]))
    if isinstance(content.individuals, Detections):
        return content, unused
    tracks = [replace(track, confidence=None) for track in content.individuals]
    return replace(content, individuals=tracks), unused


def _measure(content: Content, config: DataConfig) -> tuple[int, int, float | None]:
    """Return the numbers of points and of uncertain points, and the 95th percentile of confidence."""
    found = content.individuals
    parts = [found] if isinstance(found, Detections) else list(found)
    num_points = sum(int((~np.isnan(part.points).any(axis=-1)).sum()) for part in parts)
    values = [own[known] for known, own in _confidences(content)]
    if not values or not any(map(len, values)):
        return num_points, 0, None
    confidence = np.nan_to_num(np.concatenate(values))
    return num_points, int((confidence < config.min_confidence).sum()), float(np.quantile(confidence, 0.95))


def _confidences(content: Content) -> Iterator[tuple[npt.NDArray[np.bool_], npt.NDArray[np.floating]]]:
    """Yield masks of points with coordinates, and confidences, of tracks that have some."""
    found = content.individuals
    for part in [found] if isinstance(found, Detections) else found:
        if part.confidence is not None:
            yield ~np.isnan(part.points).any(axis=-1), part.confidence
