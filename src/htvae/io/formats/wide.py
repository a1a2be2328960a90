"""Wide tables: a row for each frame, with columns ``name_x``, ``name_y``, and more, for each point.

- Names end in _x, _y, _z, and _likelihood, _confidence, _conf, _score, _visibility, _vis for the confidence.
  Points may be numbered instead: ``x0``, ``y0``, ..., ``x_0``, ``0_x`` or ``landmark_0_x``.
- Columns of frames, times, individuals and videos are found by name, see `tables`.
- Coordinates between 0 and 1 are shares of the image; otherwise pixels. y down in two coordinates.
- Tables of three coordinates without confidence are FreeMoCap's or Anipose's, and are left to those readers.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats.base import Format
from htvae.io.formats.long import has_point_rows
from htvae.io.formats.people import drop_zeros
from htvae.io.formats.rows import Rows, build_individuals, understand
from htvae.io.formats.tables import (
    PEOPLE,
    VIDEOS,
    find_column,
    number_rows,
    numbers,
    read_table,
    split_header,
    texts,
)
from htvae.io.opening import Source
from htvae.io.tracks import Content
from htvae.poses.landmarks import canonical_name
from htvae.poses.layouts import MEDIAPIPE_33

_WORDS = dict.fromkeys("likelihood confidence conf score visibility vis v c".split(), "c") | {
    "x": "x",
    "y": "y",
    "z": "z",
}
_NAMED = re.compile(r"(?i)(.+)_(x|y|z|likelihood|confidence|conf|score|visibility|vis)")
_NUMBERED = re.compile(r"(?i)(x|y|z|v|c|conf|score|visibility|vis)_?(\d{1,4})")
_INDEX = re.compile(r"(?i)(?:landmark|lm|keypoint|kp|point|joint|pose|p)?_?(\d{1,4})")
_NO_POINTS = frozenset({"bbox", "box"})


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Where a table's points stand."""

    points: tuple[str, ...]
    """Names, in order."""
    place: dict[tuple[str, str], int]
    """Index of the column by point and coordinate: x, y, z or c (confidence)."""
    is_numbered: bool
    """Whether the points have numbers in place of names."""

    @property
    def has_z(self) -> bool:
        """Whether all points have a third coordinate."""
        return all((point, "z") in self.place for point in self.points)

    @property
    def has_confidence(self) -> bool:
        """Whether any point has a confidence."""
        return any((point, "c") in self.place for point in self.points)

    @property
    def is_mediapipe(self) -> bool:
        """Whether the points are MediaPipe's, by names or by number."""
        if self.is_numbered:
            return self.has_z or self.has_confidence
        known = {canonical_name(point) for point in MEDIAPIPE_33}
        return (
            self.has_z and self.has_confidence and {canonical_name(point) for point in self.points} <= known
        )


def find_points(header: Sequence[str]) -> Columns | None:
    """Return the columns of points; None where no point has x and y, or one without confidence has."""
    place: dict[tuple[str, str], int] = {}
    for index, name in enumerate(header):
        if match := _NUMBERED.fullmatch(name):
            key = (match[2], _WORDS[match[1].casefold()])
        elif match := _NAMED.fullmatch(name):
            key = (match[1], _WORDS[match[2].casefold()])
        else:
            continue
        place.setdefault(key, index)
    points = tuple(
        point
        for point in dict.fromkeys(point for point, _ in place)
        if {(point, "x"), (point, "y")} <= place.keys() and point.casefold() not in _NO_POINTS
    )
    if len(points) < 2 and not any((point, "c") in place for point in points):
        return None
    indices = [_INDEX.fullmatch(point) for point in points]
    if not all(indices):
        return Columns(points=points, place=place, is_numbered=False)
    renamed = _name_numbers([int(match[1]) for match in indices if match])
    new_name = dict(zip(points, renamed, strict=True))
    place = {(new_name[point], axis): index for (point, axis), index in place.items() if point in new_name}
    return Columns(points=tuple(renamed), place=place, is_numbered=True)


def _name_numbers(numbers_: Sequence[int]) -> list[str]:
    """Return MediaPipe's names where 33 points are numbered from 0 or 1, else names with numbers."""
    for first in (0, 1):
        if sorted(numbers_) == list(range(first, first + len(MEDIAPIPE_33))):
            return [MEDIAPIPE_33[number - first] for number in numbers_]
    return [f"point_{number}" for number in numbers_]


def _recognise(source: Source) -> str:
    header = split_header(source)
    columns = find_points(header) if header and not has_point_rows(header) else None
    if columns is None or columns.is_mediapipe or (columns.has_z and not columns.has_confidence):
        return ""
    if any(name.endswith(("_ncams", "_error")) for name in header):
        return ""
    return f"columns {columns.points[0]}_x, {columns.points[0]}_y, ..."


def read_wide(source: Source, config: ReadingConfig) -> Content:
    """Return the content of a wide table.

    Raises:
        DataError: the table is damaged, or its frame numbers cannot be used.
    """
    shown = source.shown
    header = split_header(source)
    columns = find_points(header)
    if columns is None:
        raise DataError(
            [f"{shown}: must have columns NAME_x and NAME_y for each point, but has none. Rename them."]
        )
    table = read_table(source, header)
    axes = ("x", "y", "z") if columns.has_z else ("x", "y")
    wanted = [columns.place[point, axis] for axis in axes for point in columns.points]
    values = numbers(table, wanted, header, shown).reshape(len(table), len(axes), -1)
    points = drop_zeros(np.moveaxis(values, 1, -1))
    confidence = None
    if all((point, "c") in columns.place for point in columns.points):
        confidence = numbers(table, [columns.place[point, "c"] for point in columns.points], header, shown)
    notes: list[str] = []
    numbered = number_rows(table, header, config, shown, notes)
    points, coordinates, are_shares = understand(points, columns.points, config)
    rows = Rows(landmarks=columns.points, frames=numbered.frames, points=points, confidence=confidence)
    videos, people = (texts(table, find_column(header, names)) for names in (VIDEOS, PEOPLE))
    return Content(
        individuals=build_individuals(rows, videos, people, shown),
        fps=numbered.fps,
        coordinates=coordinates,
        are_shares=are_shares,
        notes=tuple(notes),
    )


FORMAT = Format(
    name="wide",
    title="wide CSV (columns NAME_x, NAME_y)",
    suffixes=(".csv",),
    recognise=_recognise,
    read=read_wide,
)
