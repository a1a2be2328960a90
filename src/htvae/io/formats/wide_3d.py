"""3-D tables of any program with a column per coordinate: ``frame``, ``hip_x``, ``hip_y``, ``hip_z``, ...

- A column of frame numbers is needed: without one, rows may be examples for a classifier.
- The file does not say which axis points upwards: y is taken. Points with MediaPipe's names are in mm with z
  up (FreeMoCap's), or small: then they are metres, y down, with the hips at 0, or shares of an image.
- Shares have no third coordinate of their unit; two are read unless ``--dimensions 3`` asks for three.
- Tables with confidences, and points that are numbered, are other readers'.
"""

import re

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats.anipose import UNKNOWN_AXES, is_anipose
from htvae.io.formats.base import Format
from htvae.io.formats.frames import number_frames
from htvae.io.formats.numbers import check_coordinates, place_rows
from htvae.io.formats.rows import are_world_landmarks
from htvae.io.formats.wide_table import FRAMES, find_column, find_points, header_of, read_table
from htvae.io.opening import Source
from htvae.io.tracks import IMAGE, Content, Track
from htvae.poses.landmarks import MEDIAPIPE_LANDMARKS, canonical_name
from htvae.poses.sequence import Coordinates

_CONFIDENCE = re.compile(
    r"(?i).+[_. ](?:likelihood|confidence|conf|score|visibility|vis|presence|ncams|error)"
)
_NUMBERED = re.compile(r"(?i)(?:landmark|lm|keypoint|kp|point|joint|pose|p)?_?[0-9]{1,4}")
_MEDIAPIPE = frozenset(map(canonical_name, MEDIAPIPE_LANDMARKS))
_LEAST_REACH = 10
"""Coordinates in mm reach further than this; shares of an image and metres do not."""


def _recognise(source: Source) -> str:
    header = header_of(source)
    columns = find_points(header)
    frame = find_column(header, FRAMES)
    is_other = any(map(_CONFIDENCE.fullmatch, header)) or is_anipose(header)
    if frame is None or len(columns) < 2 or is_other or all(map(_NUMBERED.fullmatch, columns)):
        return ""
    return f"columns {header[frame]} and x, y, z of {len(columns)} points"


def _read(source: Source, config: ReadingConfig) -> Content:
    header = header_of(source)
    columns = find_points(header)
    frame = find_column(header, FRAMES)
    if frame is None or not columns:
        raise DataError(
            [
                f"{source.shown}: must have the columns frame, hip_x, hip_y, hip_z, ..., but lacks some. "
                "Rename its columns."
            ]
        )
    own = {frame, *(place for axes in columns.values() for place in axes)}
    values = read_table(source, header, [place for place in range(len(header)) if place not in own])
    numbered = number_frames(values[:, frame], config, source.shown)
    points = values[:, list(columns.values())]
    check_coordinates(points, source.shown)
    first, (points,) = place_rows(numbered.frames, [points], source.shown)
    coordinates, are_shares, notes = _understand(points, tuple(columns))
    if are_shares and config.dimensions != 3:
        points = points[..., :2]
    track = Track(landmarks=tuple(columns), points=points, first_frame=first)
    return Content(
        individuals=[track],
        fps=numbered.fps,
        coordinates=coordinates,
        are_shares=are_shares,
        notes=notes,
    )


def _understand(points: np.ndarray, names: tuple[str, ...]) -> tuple[Coordinates, bool, tuple[str, ...]]:
    """Return the coordinates, whether they are shares of an image, and notes."""
    plain = [canonical_name(name) for name in names]
    if not set(plain) <= _MEDIAPIPE:
        return Coordinates(), False, (UNKNOWN_AXES,)
    if np.nanmax(np.abs(points), initial=0) > _LEAST_REACH:
        note = "points with MediaPipe's names in mm are read as FreeMoCap's, with z up; --y_up if y is"
        return Coordinates(z_up=True), False, (note,)
    return IMAGE, not are_world_landmarks(points, names), ()


FORMAT = Format(
    name="wide_3d",
    title="wide 3-D CSV (columns NAME_x, NAME_y, NAME_z)",
    suffixes=(".csv",),
    recognise=_recognise,
    read=_read,
)
