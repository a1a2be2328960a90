"""Reading and writing one recording's CSV file.

The file has one row per frame and landmark, in any order, with the columns ``frame#``, ``landmark_name``,
``x``, ``y``, with three dimensions ``z``, and any others. docs/data_format.md lists what is accepted and what
is an error.
"""

import csv
import io
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.coordinates import to_file
from htvae.io.faults import DataError, find_columns, split_rows
from htvae.io.formats.frames import SECONDS, frames_of_times
from htvae.io.formats.steps import common_step, describe_steps, guess_steps
from htvae.io.pose_rows import PoseRows, RowFault, find_row_faults
from htvae.io.pose_table import MISSING, Row, read_cells, read_plain
from htvae.io.tracks import Content, Track
from htvae.poses.sequence import PoseSequence
from htvae.utils.files import atomic_write

COLUMNS = ("frame#", "landmark_name", "x", "y")
"""Columns that a file must have. All others are ignored, except `DEPTH` and ``confidence_column``."""
DEPTH = "z"
"""Column of the third coordinate, which a file may have."""

_KEYS = {"frame#": "frame", "landmark_name": "landmark"}
"""Names of columns in `PoseRows`, where they differ from the file's."""
_MAX_SHOWN_LINES = 4
BLOCK_FRAMES = 1024
"""Frames that are formatted at once, so that a long recording's text is never in memory as a whole."""


def parse_pose_csv(text: str, config: ReadingConfig, shown: str) -> Content:
    """Return the content of a pose CSV. Messages call the file ``shown``.

    Raises:
        DataError: with all faults of the file.
        ValueError: ``confidence_column`` is one of `COLUMNS`, or `DEPTH`.
    """
    header = _read_header(text, shown)
    columns = _choose_columns(header, config, shown)
    plain = read_plain(text, columns, len(header))
    rows, fps = (None, None) if plain is None else _number(plain, config)
    if rows is None or find_row_faults(rows, config.max_frame_gap):
        table = list(split_rows(text, shown))[1:]
        rows, fps = _number(read_cells(table, columns, len(header)), config)
        row_faults = find_row_faults(rows, config.max_frame_gap)
        if row_faults:
            raise DataError([_locate(fault, table, shown, columns) for fault in row_faults])
    notes = ["spaces around the header's names were ignored"] if any(c != c.strip() for c in header) else []
    if rows.z is not None and np.isnan(rows.z).all():
        rows = replace(rows, z=None)
        notes.append("the column z is empty, so that x and y alone are read")
    return replace(_build_content(rows, notes), fps=fps)


def write_pose_csv(path: Path, sequence: PoseSequence, is_exact: bool = False) -> None:
    """Write a recording in its file's coordinates, with five decimals.

    `read_recording`, with the settings of ``sequence.coordinates``, gives the sequence back.

    Args:
        path: the file.
        sequence: the recording.
        is_exact: whether numbers have all digits of a float32, the first and the last frame have all
            landmarks, and every frame has one, so that reading gives back the very same recording, whatever
            its gaps. Else missing points are left out.

    Raises:
        ValueError: the sequence has neither two nor three coordinates.
    """
    columns = columns_of(sequence)
    formats = [
        _format_row(name, len(columns) - 2, "%.9g" if is_exact else "%.5f") for name in sequence.landmarks
    ]
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(columns) + "\n")
        for start in range(0, sequence.num_frames, BLOCK_FRAMES):
            pose = sequence.pose[start : start + BLOCK_FRAMES]
            shown = ~np.isnan(pose[..., 0])
            if is_exact:
                ends = {0, sequence.num_frames - 1}
                shown[[end - start for end in ends if 0 <= end - start < len(shown)]] = True
                shown[~shown.any(axis=1), 0] = True
            file.write(_format_block(pose, shown, sequence, start, formats))


def _format_block(
    pose: np.ndarray, shown: np.ndarray, sequence: PoseSequence, start: int, formats: Sequence[str]
) -> str:
    """Return the rows of the shown points (T, L) of some frames, from index ``start`` on."""
    frames, landmarks = np.nonzero(shown)
    axes = to_file(pose[frames, landmarks], sequence.coordinates).T.tolist()
    rows = "".join([formats[i] for i in landmarks.tolist()])  # one format for all is three times as fast
    numbers = (frames + (sequence.first_frame + start)).tolist()
    return rows % tuple(itertools.chain.from_iterable(zip(numbers, *axes, strict=True)))


def columns_of(sequence: PoseSequence) -> tuple[str, ...]:
    """Return the columns of a recording's file: `COLUMNS` and, with three coordinates, `DEPTH`.

    Raises:
        ValueError: the sequence has neither two nor three coordinates.
    """
    num_coordinates = sequence.pose.shape[2]
    if num_coordinates not in (2, 3):
        raise ValueError(
            f"{sequence.name}: a pose CSV holds two or three coordinates, but the sequence has "
            f"{num_coordinates}. Choose among them, or save sequence.pose with numpy.save."
        )
    return COLUMNS if num_coordinates == 2 else (*COLUMNS, DEPTH)


def _format_row(landmark: str, num_coordinates: int, number: str) -> str:
    """Return the format of a landmark's rows, with places for frame and coordinates."""
    row = io.StringIO()
    cells = ["%d", landmark.replace("%", "%%"), *[number] * num_coordinates]
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


def _choose_columns(header: Sequence[str], config: ReadingConfig, shown: str) -> dict[str, int]:
    """Return the positions of the columns to read, by their names in `PoseRows`."""
    if config.confidence_column in (*COLUMNS, DEPTH):
        raise ValueError(
            f"confidence_column must be a column other than {', '.join((*COLUMNS, DEPTH))}, but got "
            f"{config.confidence_column}. Name the column of confidences, or leave confidence_column out."
        )
    has_depth = config.dimensions != 2 and DEPTH in (cell.strip() for cell in header)
    keys = {name: _KEYS.get(name, name) for name in (*COLUMNS, *([DEPTH] if has_depth else []))}
    if config.confidence_column is not None:
        keys[config.confidence_column] = "confidence"
    places, faults = find_columns(shown, header, tuple(keys))
    if faults:
        raise DataError(faults)
    return dict(zip(keys.values(), places, strict=True))


def _number(rows: PoseRows, config: ReadingConfig) -> tuple[PoseRows, float | None]:
    """Return rows whose frames are numbered as ``time_unit`` says, and the frame rate that times give."""
    known = np.isfinite(rows.frame)
    if config.time_unit == "frame" or not known.any():
        return rows, None
    if config.time_unit == "step":
        is_whole = (rows.frame[known] % 1 == 0).all()  # fractions become a fault, as without the setting
        step = common_step(rows.frame[known]) if is_whole else 1
        return replace(rows, frame=rows.frame / step), None
    numbered = frames_of_times(rows.frame[known], SECONDS[config.time_unit])
    frame = np.full(len(rows.frame), np.nan)
    frame[known] = numbered.frames
    return replace(rows, frame=frame, are_times=True), numbered.fps


def _build_content(rows: PoseRows, notes: Sequence[str]) -> Content:
    first_frame = int(rows.frame.min())
    frames = (rows.frame - first_frame).astype(np.intp)
    shape = (int(frames.max()) + 1, len(rows.landmarks))
    values = np.stack([*rows.axes.values()], axis=1)
    points = np.full((*shape, values.shape[1]), np.nan)
    points[frames, rows.landmark] = values
    confidence = None
    if rows.confidence is not None:
        confidence = np.full(shape, np.nan)
        confidence[frames, rows.landmark] = rows.confidence
    track = Track(landmarks=rows.landmarks, points=points, confidence=confidence, first_frame=first_frame)
    return Content(
        individuals=[track],
        keeps_ends=True,
        notes=(*_find_notes(rows, frames), *notes),
    )


def _find_notes(rows: PoseRows, frames: np.ndarray) -> list[str]:
    numbers = np.unique(frames)
    missing = 1 - len(numbers) / (float(numbers[-1]) + 1)
    guess = guess_steps(numbers) if missing and not rows.are_times else None
    unknown = np.isnan([*rows.axes.values()])
    has_partial = bool((unknown.any(axis=0) & ~unknown.all(axis=0)).any())
    partial = "with x or y alone" if rows.z is None else "without all of x, y and z"
    unusual = {
        f"points {partial} count as missing": has_partial,
        "it has one landmark only; a pose needs several": len(rows.landmarks) == 1,
        "it has one frame only": len(numbers) == 1,
        "a landmark's name looks like a missing value, but was kept as a name": not {*MISSING}.isdisjoint(
            rows.landmarks
        ),
        "frame numbers are written as decimals; as whole numbers they were accepted": rows.has_decimal_frames
        and not rows.are_times,
        "most frame numbers are left out, and these frames count as missing": guess is None
        and 2 * len(numbers) < numbers[-1],
    }
    notes = [note for note, applies in unusual.items() if applies]
    return notes if guess is None else [*notes, describe_steps(guess, missing)]


def _locate(fault: RowFault, table: Sequence[Row], shown: str, columns: Mapping[str, int]) -> str:
    """Return the fault as a message, with line numbers and the text of the faulty cell."""
    found = [table[row] for row in fault.rows[:_MAX_SHOWN_LINES].tolist()]
    cells = found[0][1]
    column = columns[fault.column] if fault.column else len(cells)
    return fault.describe(shown, [line for line, _ in found], cells[column] if column < len(cells) else "")
