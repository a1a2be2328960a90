"""Anipose's 3-D points, ``pose-3d/*.csv``.

- One header row: ``wrist_x``, ``wrist_y``, ``wrist_z``, then ``wrist_error``, ``wrist_ncams``,
  ``wrist_score``; at the end ``M_00`` ... ``center_2``, the turn that has been applied, and ``fnum``, the
  frame.
- The score is a confidence, but 2 where all cameras had given the point up: such points are missing.
- The axes are the user's reference, or the first camera's; the file does not say which points upwards.

Source: lambdaloop/anipose, ``anipose/triangulate.py``.
"""

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.formats.base import Format
from htvae.io.formats.frames import number_frames
from htvae.io.formats.numbers import check_coordinates, place_rows
from htvae.io.formats.wide_table import find_points, header_of, read_table
from htvae.io.opening import Source
from htvae.io.tracks import Content, Track

FRAME = "fnum"
GIVEN_UP = 2
"""Score of points that no camera has seen well."""
UNKNOWN_AXES = "the file does not say which axis points upwards: y is taken; give --z_up if it is z"


def is_anipose(header: list[str]) -> bool:
    """Whether a table has Anipose's columns."""
    name = next(iter(find_points(header)), None)
    return FRAME in header and any(f"{name}_{kind}" in header for kind in ("error", "ncams", "score"))


def _recognise(source: Source) -> str:
    return "columns fnum and the errors of 3-D points" if is_anipose(header_of(source)) else ""


def _read(source: Source, config: ReadingConfig) -> Content:
    header = header_of(source)
    columns = find_points(header)
    values = read_table(source, header)
    numbered = number_frames(values[:, header.index(FRAME)], config, source.shown)
    points = values[:, list(columns.values())]
    check_coordinates(points, source.shown)
    scores = np.ones(points.shape[:2])
    for place, name in enumerate(columns):
        if f"{name}_score" in header:
            scores[:, place] = values[:, header.index(f"{name}_score")]
    given_up = scores >= GIVEN_UP
    points[given_up], scores[given_up] = np.nan, 0
    first, (points, scores) = place_rows(numbered.frames, [points, scores], source.shown)
    track = Track(landmarks=tuple(columns), points=points, confidence=scores, first_frame=first)
    return Content(individuals=[track], fps=numbered.fps, notes=(UNKNOWN_AXES,))


FORMAT = Format(name="anipose", title="Anipose CSV", suffixes=(".csv",), recognise=_recognise, read=_read)
