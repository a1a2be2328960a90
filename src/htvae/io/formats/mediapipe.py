"""MediaPipe's landmarks, as people save them: wide and long tables, and JSON.

- x and y are shares of the image's width and height, y down; values beyond 0..1 are normal. z has about x's
  unit and its zero at the hips: it is no length, and is read only with ``--dimensions 3``.
- World landmarks are metres, y down, with the hips at 0 in every frame; they have no path of the body.
- Wide tables are numbered (``x0, y0, z0, v0`` or from 1) or named (``NOSE_x``, ``left_wrist_visibility``);
  long ones have a row for each landmark. Frames without a person are left out, so that a row's number is not
  its frame.
- Tables of a ``class`` without frame numbers hold examples for a classifier, no recording.

Source: google-ai-edge/mediapipe, ``docs/solutions/pose.md`` and
``mediapipe/tasks/python/vision/pose_landmarker.py``.
"""

from htvae.config import ReadingConfig
from htvae.io.formats import mediapipe_json
from htvae.io.formats.base import Format, Refusal
from htvae.io.formats.json_files import json_head
from htvae.io.formats.long import has_point_rows, is_long, is_mediapipe, read_long
from htvae.io.formats.tables import FRAMES, LABELS, TIMES, find_column, split_header
from htvae.io.formats.wide import find_points, read_wide
from htvae.io.opening import Source
from htvae.io.tracks import Content


def _recognise(source: Source) -> str:
    if source.suffix == ".json":
        return mediapipe_json.recognise(source)
    header = split_header(source)
    if not header:
        return ""
    if is_long(header):
        return "landmarks with visibility, a row each" if is_mediapipe(source, header) else ""
    columns = None if has_point_rows(header) else find_points(header)
    if columns is None or not columns.is_mediapipe:
        return ""
    kind = "numbered" if columns.is_numbered else "named"
    return f"{kind} columns of {len(columns.points)} landmarks with z or visibility"


def _read(source: Source, config: ReadingConfig) -> Content:
    if json_head(source) is not None:
        return mediapipe_json.read(source, config)
    return read_long(source, config) if is_long(split_header(source)) else read_wide(source, config)


def _is_class_table(source: Source) -> str:
    """Recognise tables of poses with a class and without frames or times."""
    header = split_header(source)
    label = find_column(header, LABELS)
    is_numbered = find_column(header, FRAMES | TIMES) is not None
    if label is None or is_numbered or has_point_rows(header) or find_points(header) is None:
        return ""
    return f"a column {header[label]}, but none of frames"


FORMAT = Format(
    name="mediapipe",
    title="MediaPipe landmarks (CSV or JSON)",
    suffixes=(".csv", ".json"),
    recognise=_recognise,
    read=_read,
)
CLASS_TABLES = Refusal(
    name="tables of classes without frame numbers",
    suffixes=(".csv",),
    recognise=_is_class_table,
    remedy="Their rows are examples for a classifier, not a recording; if they do follow each other, add a "
    "column frame.",
)
