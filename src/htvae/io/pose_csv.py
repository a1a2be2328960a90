"""Reading and writing one recording's CSV file.

The file has one row per frame and landmark, in any order, with the columns ``frame#``, ``landmark_name``,
``x``, ``y`` and any others. docs/data_format.md lists what is accepted and what is an error.
"""

import csv
import io
import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.coordinates import to_file
from htvae.io.faults import DataError, find_columns, split_rows
from htvae.io.pose_rows import PoseRows, RowFault, find_row_faults
from htvae.io.pose_table import MISSING, Row, read_cells, read_plain
from htvae.io.tracks import Content, Track
from htvae.poses.sequence import PoseSequence
from htvae.utils.files import atomic_write

COLUMNS = ("frame#", "landmark_name", "x", "y")
"""Columns that are read; all others are ignored, except ``confidence_column``."""

_KEYS = ("frame", "landmark", "x", "y", "confidence")
_MAX_SHOWN_LINES = 4


def parse_pose_csv(text: str, config: ReadingConfig, shown: str) -> Content:
    """Return the content of a pose CSV. Messages call the file ``shown``.

    Raises:
        DataError: with all faults of the file.
        ValueError: ``confidence_column`` is one of `COLUMNS`.
    """
    if config.confidence_column in COLUMNS:
        raise ValueError(
            f"confidence_column must be a column other than {', '.join(COLUMNS)}, but got "
            f"{config.confidence_column}. Name the column of confidences, or leave confidence_column out."
        )
    header = _read_header(text, shown)
    wanted = COLUMNS if config.confidence_column is None else (*COLUMNS, config.confidence_column)
    columns, faults = find_columns(shown, header, wanted)
    if faults:
        raise DataError(faults)
    rows = read_plain(text, columns, len(header))
    if rows is None or find_row_faults(rows, config.max_frame_gap):
        table = list(split_rows(text, shown))[1:]
        rows = read_cells(table, columns, len(header))
        row_faults = find_row_faults(rows, config.max_frame_gap)
        if row_faults:
            raise DataError([_locate(fault, table, shown, columns) for fault in row_faults])
    notes = ["spaces around the header's names were ignored"] if any(c != c.strip() for c in header) else []
    return _build_content(rows, notes)


def write_pose_csv(path: Path, sequence: PoseSequence) -> None:
    """Write a recording with five decimals, in its file's coordinates; missing points are left out.

    `read_recording`, with the settings of ``sequence.coordinates``, gives the sequence back.

    Raises:
        ValueError: the sequence does not have two coordinates.
    """
    if sequence.pose.shape[2] != 2:
        raise ValueError(
            f"{sequence.name}: a pose CSV holds two coordinates, x and y, but the sequence has "
            f"{sequence.pose.shape[2]}. Choose two of them, or save sequence.pose with numpy.save."
        )
    frames, landmarks = np.nonzero(sequence.observed)
    x, y = to_file(sequence.pose[frames, landmarks], sequence.coordinates).T.tolist()
    formats = [_format_row(name) for name in sequence.landmarks]
    rows = "".join(
        [formats[index] for index in landmarks.tolist()]
    )  # one format for all rows is three times as fast
    cells = itertools.chain.from_iterable(zip((frames + sequence.first_frame).tolist(), x, y, strict=True))
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(COLUMNS) + "\n" + rows % tuple(cells))


def _format_row(landmark: str) -> str:
    """Return the format of a landmark's rows, with places for frame, x and y."""
    row = io.StringIO()
    cells = ["%d", landmark.replace("%", "%%"), "%.5f", "%.5f"]
    csv.writer(row, lineterminator="\n").writerow(cells)
    return row.getvalue()


def _read_header(text: str, shown: str) -> list[str]:
    """Return the header; raise DataError where the file is empty, or has no rows below a sound header."""
    head = [cells for _, cells in itertools.islice(split_rows(text, shown), 2)]
    if not head:
        raise DataError(
            [f"{shown}: must have a header and rows, but is empty. Remove the file, or export it again."]
        )
    if len(head) == 1 and set(COLUMNS) <= {cell.strip() for cell in head[0]}:
        raise DataError([f"{shown}: must have rows below the header, but has none. Remove the file."])
    return head[0]


def _build_content(rows: PoseRows, notes: Sequence[str]) -> Content:
    first_frame = int(rows.frame.min())
    frames = (rows.frame - first_frame).astype(np.intp)
    shape = (int(frames.max()) + 1, len(rows.landmarks))
    points = np.full((*shape, 2), np.nan)
    points[frames, rows.landmark] = np.stack((rows.x, rows.y), axis=1)
    confidence = None
    if rows.confidence is not None:
        confidence = np.full(shape, np.nan)
        confidence[frames, rows.landmark] = rows.confidence
    has_half_points = bool((np.isnan(rows.x) != np.isnan(rows.y)).any())
    track = Track(landmarks=rows.landmarks, points=points, confidence=confidence, first_frame=first_frame)
    return Content(
        individuals=[track],
        keeps_ends=True,
        notes=(*_find_notes(rows, frames, has_half_points), *notes),
    )


def _find_notes(rows: PoseRows, frames: np.ndarray, has_half_points: bool) -> list[str]:
    numbers = np.unique(frames)
    unusual = {
        "points with x or y alone count as missing": has_half_points,
        "it has one landmark only; a pose needs several": len(rows.landmarks) == 1,
        "it has one frame only": len(numbers) == 1,
        "a landmark's name looks like a missing value, but was kept as a name": not {*MISSING}.isdisjoint(
            rows.landmarks
        ),
        "frame numbers are written as decimals; as whole numbers they were accepted": rows.has_decimal_frames,
        "most frame numbers are left out, and these frames count as missing; if frame# holds time stamps, "
        "number the frames 0, 1, 2, ...": 2 * len(numbers) < numbers[-1],
    }
    return [note for note, applies in unusual.items() if applies]


def _locate(fault: RowFault, table: Sequence[Row], shown: str, columns: Sequence[int]) -> str:
    """Return the fault as a message, with line numbers and the text of the faulty cell."""
    found = [table[row] for row in fault.rows[:_MAX_SHOWN_LINES].tolist()]
    cells = found[0][1]
    column = columns[_KEYS.index(fault.column)] if fault.column else len(cells)
    return fault.describe(shown, [line for line, _ in found], cells[column] if column < len(cells) else "")
