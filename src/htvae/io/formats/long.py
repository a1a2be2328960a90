"""Long tables: a row for each frame and point, with columns for the point's name or number and x, y.

- The point is in a column such as ``landmark_name``, ``landmark``, ``keypoint`` or ``LandmarkID``; numbers of
  33 points are MediaPipe's.
- The frame is in a column as in `tables`, or in ``Pose`` where there is none; with both, ``Pose`` is the
  individual.
- Confidence is in a column such as ``visibility``, ``likelihood`` or ``confidence``.
- Our own pose CSV (``frame#``, ``landmark_name``) is `pose_csv`'s.
"""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats import freemocap
from htvae.io.formats.base import Format
from htvae.io.formats.frames import FrameNumbers
from htvae.io.formats.people import drop_zeros, number_repeated
from htvae.io.formats.rows import Rows, build_individuals, understand
from htvae.io.formats.tables import (
    FRAMES,
    PEOPLE,
    TIMES,
    UNNAMED,
    VIDEOS,
    find_column,
    number_rows,
    numbers,
    plain,
    read_table,
    split_header,
    texts,
)
from htvae.io.opening import Source
from htvae.io.pose_csv import COLUMNS
from htvae.io.tracks import Content
from htvae.poses.landmarks import canonical_name
from htvae.poses.layouts import MEDIAPIPE_33
from htvae.utils.text import list_names

if TYPE_CHECKING:
    import pandas as pd

POINTS = frozenset(
    "landmarkname landmark landmarkid landmarkidx landmarkindex landmarknumber keypoint keypointname "
    "keypointid keypointidx bodypart joint jointname pointname point marker node".split()
)
"""Names of columns of points, as `plain` spells them."""
CONFIDENCES = frozenset("visibility likelihood confidence conf score".split())
"""Names of columns of confidences."""
_POSES = frozenset({"pose", "posenumber"})
"""Names of columns that number the poses: the frames, where no other column does."""
MOST_POINTS = 5000
"""Largest number of points that a table may name."""
MOST_CELLS, ALWAYS_CELLS = 20, 10_000_000
"""Frames times points may be MOST_CELLS times the rows, or ALWAYS_CELLS, whichever is more."""


def is_long(header: Sequence[str]) -> bool:
    """Return whether a header is that of a long table, but not of our pose CSV."""
    has_frames = find_column(header, FRAMES | TIMES | _POSES) is not None
    return has_point_rows(header) and has_frames and not set(COLUMNS) <= set(header)


def has_point_rows(header: Sequence[str]) -> bool:
    """Return whether a header is that of a table with a row for each point: a long one, or our pose CSV."""
    names = {plain(name) for name in header}
    return {"x", "y"} <= names and not names.isdisjoint(POINTS)


def is_mediapipe(source: Source, header: Sequence[str]) -> bool:
    """Return whether a long table's first points are MediaPipe's names or numbers, with a visibility."""
    column = find_column(header, POINTS)
    if column is None or "visibility" not in {plain(name) for name in header}:
        return False
    known = {canonical_name(name) for name in MEDIAPIPE_33} | {str(index) for index in range(34)}
    cells = [line.split(",") for line in source.head_lines[1:34] if line.count(",") >= column]
    names = [row[column].strip(' "') for row in cells]
    return bool(names) and all(canonical_name(name) in known for name in names)


def _recognise(source: Source) -> str:
    header = split_header(source)
    if not header or not is_long(header) or is_mediapipe(source, header) or freemocap.is_long(source, header):
        return ""
    return f"a column {header[find_column(header, POINTS) or 0]} beside x and y"


def read_long(source: Source, config: ReadingConfig) -> Content:
    """Return the content of a long table.

    Raises:
        DataError: the table is damaged, or a point has two rows in a frame.
    """
    shown = source.shown
    header = split_header(source)
    point = find_column(header, POINTS)
    if point is None or not is_long(header):
        raise DataError(
            [f"{shown}: must have columns of frames, points, x and y, but has not. Rename the columns."]
        )
    table = read_table(source, header)
    has_frames = find_column(header, FRAMES | TIMES) is not None
    numbered = _number(table, header, config, shown)
    videos = _find_groups(table, header, VIDEOS)
    people = _find_groups(table, header, PEOPLE | _POSES if has_frames else PEOPLE)
    names, landmark = _read_names(table, point, header, shown)
    row, first = _group_rows(numbered.frames, [group for group in (videos, people) if group is not None])
    _check_places(row, landmark, names, numbered.frames, shown)
    points, confidence = _place_values(table, header, row, landmark, shown)
    points, coordinates, are_shares = understand(drop_zeros(points), names, config)
    rows = Rows(landmarks=names, frames=numbered.frames[first], points=points, confidence=confidence)
    chosen, own = (
        None if group is None else [group[i] for i in first.tolist()] for group in (videos, people)
    )
    return Content(
        individuals=build_individuals(rows, chosen, own, shown),
        fps=numbered.fps,
        coordinates=coordinates,
        are_shares=are_shares,
    )


def _number(table: "pd.DataFrame", header: Sequence[str], config: ReadingConfig, shown: str) -> FrameNumbers:
    """Return the frame of each row, and the frame rate."""
    poses = find_column(header, _POSES)
    if find_column(header, FRAMES | TIMES) is None and poses is not None:
        return number_repeated(numbers(table, [poses], header, shown)[:, 0], config, shown)
    notes: list[str] = []
    named = ["row" if name in UNNAMED else name for name in header]  # it numbers the rows, not the frames
    numbered = number_rows(table, named, config, shown, notes)
    if notes:
        raise DataError([f"{shown}: must have a column of frame numbers, but has none. Add one."])
    return numbered


def _find_groups(table: "pd.DataFrame", header: Sequence[str], names: Collection[str]) -> list[str] | None:
    """Return the first column (rows,) of these names that does not only number the rows; None for none."""
    columns = (texts(table, place) or [] for place, name in enumerate(header) if plain(name) in names)
    return next((cells for cells in columns if len(set(cells)) < len(cells)), None)


def _place_values(
    table: "pd.DataFrame",
    header: Sequence[str],
    row: npt.NDArray[np.intp],
    landmark: npt.NDArray[np.intp],
    shown: str,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64] | None]:
    """Return points (n, L, D) and confidence (n, L) with each row's values in their places."""
    columns = [column for axis in "xyz" if (column := find_column(header, {axis})) is not None]
    points = np.full((int(row.max()) + 1, int(landmark.max()) + 1, len(columns)), np.nan)
    points[row, landmark] = numbers(table, columns, header, shown)
    score = find_column(header, CONFIDENCES)
    if score is None:
        return points, None
    confidence = np.full(points.shape[:2], np.nan)
    confidence[row, landmark] = numbers(table, [score], header, shown)[:, 0]
    return points, confidence


def _read_names(
    table: "pd.DataFrame", column: int, header: Sequence[str], shown: str
) -> tuple[tuple[str, ...], npt.NDArray[np.intp]]:
    """Return the points' names in order of appearance, and the index (rows,) of each row's point."""
    cells = [cell.removesuffix(".0") for cell in texts(table, column) or ()]
    found = list(dict.fromkeys(cells))
    if len(found) > MOST_POINTS or any(cell in ("", "nan") for cell in found):
        fault = f"there are {len(found)}" if len(found) > MOST_POINTS else "some rows have none"
        raise DataError(
            [
                f"{shown}: {header[column]} must name at most {MOST_POINTS} points, but {fault}. "
                "Correct the table."
            ]
        )
    place = {cell: index for index, cell in enumerate(found)}
    if all(cell.isascii() and cell.isdecimal() and len(cell) < 5 for cell in found):
        ordered = sorted(found, key=int)
        place = {cell: index for index, cell in enumerate(ordered)}
        first = int(ordered[0])
        are_known = [int(cell) for cell in ordered] == list(range(first, first + len(MEDIAPIPE_33)))
        found = list(MEDIAPIPE_33) if are_known and first < 2 else [f"point_{cell}" for cell in ordered]
    return tuple(found), np.array([place[cell] for cell in cells], np.intp)


def _group_rows(
    frames: npt.NDArray[np.int64], groups: Sequence[Sequence[str]]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the index (rows,) of each row's pose, and the first row (poses,) of each pose."""
    keys = [frames, *(np.unique(group, return_inverse=True)[1] for group in groups)]
    _, first, row = np.unique(np.stack(keys, axis=1), axis=0, return_index=True, return_inverse=True)
    return row.reshape(-1), first


def _check_places(
    row: npt.NDArray[np.intp],
    landmark: npt.NDArray[np.intp],
    names: Sequence[str],
    frames: npt.NDArray[np.int64],
    shown: str,
) -> None:
    """Raise DataError if a point has several rows in one pose, or few of the poses' points have any."""
    if (int(row.max()) + 1) * len(names) > max(ALWAYS_CELLS, MOST_CELLS * len(row)):
        raise DataError(
            [f"{shown}: a frame must have rows for most points, but most are absent. Correct the table."]
        )
    key = row * len(names) + landmark
    _, first, counts = np.unique(key, return_index=True, return_counts=True)
    twice = np.flatnonzero(counts > 1)
    if len(twice):
        where = first[twice[0]]
        name = list_names([names[landmark[where]]])
        raise DataError(
            [
                f"{shown}: a point must have one row in a frame, but {name} has {counts[twice[0]]} in frame "
                f"{frames[where]}. Does a column for the individual lack?"
            ]
        )


FORMAT = Format(
    name="long",
    title="long CSV (a row per frame and point)",
    suffixes=(".csv",),
    recognise=_recognise,
    read=read_long,
)
