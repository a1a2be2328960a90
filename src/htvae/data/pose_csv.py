"""One recording's CSV file to a `PoseSequence` and back.

The file is long: one row per frame and landmark, with the columns ``frame#``, ``landmark_name``, ``x``, ``y``
among others, rows in any order. docs/data_format.md says what is accepted and what is an error.
"""

import csv
import io
import itertools
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from htvae.config import DataConfig
from htvae.data.faults import DataError, find_columns, name_faults, printable, read_text, split_rows
from htvae.data.pose_rows import PoseRows, RowFault, find_row_faults
from htvae.data.sequence import PoseSequence
from htvae.utils.utils import atomic_write

__all__ = ["DataError", "parse_pose_csv", "read_pose_csv", "write_pose_csv"]

COLUMNS = ("frame#", "landmark_name", "x", "y")
"""The columns that are read; all others are ignored."""

_MISSING = ("", "nan", "NaN", "NAN", "NA", "N/A", "n/a", "null", "NULL", "None", "none")
_MAX_SHOWN_LINES = 4

log = logging.getLogger(__name__)


def read_pose_csv(path: Path, config: DataConfig, name: str | None = None) -> PoseSequence:
    """Read one recording.

    Args:
        path: the CSV file.
        config: ``y_up``, ``image_size``, ``confidence_column``, ``min_confidence`` and ``max_frame_gap`` are
            used.
        name: the recording's name. None: the file's name without suffix.

    Raises:
        DataError: with all faults of the file.
    """
    name = path.stem if name is None else name
    if name_faults(name, printable(path)):
        raise DataError(name_faults(name, printable(path)))
    sequence, notes = parse_pose_csv(path, config, name, printable(path))
    for note in notes:
        log.warning("%s: %s", printable(path), note)
    return sequence


def parse_pose_csv(path: Path, config: DataConfig, name: str, shown: str) -> tuple[PoseSequence, list[str]]:
    """Return the recording and what was accepted though unusual; ``shown`` stands for the file in messages.

    Raises:
        DataError: with all faults of the file.
    """
    text = read_text(path, shown)
    header, first_row = _read_head(text, shown)
    wanted = COLUMNS if config.confidence_column is None else (*COLUMNS, config.confidence_column)
    columns, faults = find_columns(shown, header, wanted)
    if faults:
        raise DataError(faults)
    rows = _read_pose_rows(text, shown, columns, len(header))
    row_faults = find_row_faults(rows, config.max_frame_gap)
    if row_faults:
        raise DataError(_locate(row_faults, text, shown, columns))
    sequence, notes = _build_sequence(rows, config, name, shown)
    if any(cell != cell.strip() for cell in header):
        notes.append("spaces around the header's names were ignored")
    if "." in first_row[columns[0]]:
        notes.append("frame numbers are written as decimals; as whole numbers they were accepted")
    return sequence, notes


def write_pose_csv(path: Path, sequence: PoseSequence) -> None:
    """Write a recording with five decimals and y as it is; missing points are left out.

    Raises:
        ValueError: the sequence has other than two coordinates.
    """
    if sequence.pose.shape[2] != 2:
        raise ValueError(
            f"{sequence.name}: a pose CSV holds two coordinates, x and y, but the sequence has "
            f"{sequence.pose.shape[2]}. Choose two of them, or save sequence.pose with numpy.save."
        )
    frames, landmarks = np.nonzero(sequence.observed)
    points = sequence.pose[frames, landmarks].tolist()
    names = [sequence.landmarks[index] for index in landmarks.tolist()]
    numbers = (frames + sequence.first_frame).tolist()
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        rows = zip(numbers, names, points, strict=True)
        writer.writerows((frame, name, f"{x:.5f}", f"{y:.5f}") for frame, name, (x, y) in rows)


def _read_head(text: str, shown: str) -> tuple[list[str], list[str]]:
    """Return the header and the first row below it, which is filled up to the header's length."""
    head = [cells for _, cells in itertools.islice(split_rows(text, shown), 2)]
    if not head:
        raise DataError(
            [f"{shown}: must have a header and rows, but is empty. Remove the file, or export it again."]
        )
    if len(head) == 1 and set(COLUMNS) <= {cell.strip() for cell in head[0]}:
        raise DataError([f"{shown}: must have rows below the header, but has none. Remove the file."])
    header, first_row = head[0], head[-1]
    return header, first_row + [""] * (len(header) - len(first_row))


def _read_pose_rows(text: str, shown: str, columns: Sequence[int], num_columns: int) -> PoseRows:
    """Read the columns in one go; only a file with text among its numbers is read again, as text."""
    import pandas as pd

    landmark, number_columns = columns[1], [columns[0], *columns[2:]]
    try:
        table = _read_table(text, columns, num_columns, np.float64)
        is_text = {}
    except pd.errors.ParserError as error:
        reason = str(error).rsplit("C error: ", maxsplit=1)[-1].strip().rstrip(".")
        raise DataError(
            [f"{shown}: must be CSV, but cannot be split into cells: {reason}. Close every quote."]
        ) from error
    except ValueError:
        table = _read_table(text, columns, num_columns, str)
        is_text = {column: _to_numbers(table, column) for column in number_columns}
    codes, landmarks = _order_landmarks(table[landmark])
    values = [table[column].to_numpy(np.float64) for column in number_columns]
    return PoseRows(
        frame=values[0],
        landmark=codes,
        landmarks=landmarks,
        x=values[1],
        y=values[2],
        confidence=values[3] if len(values) > 3 else None,
        not_numbers={
            key: is_text[column] for key, column in zip(_KEYS, columns, strict=False) if column in is_text
        },
        too_long=table[num_columns].notna().to_numpy(),
    )


def _read_table(text: str, columns: Sequence[int], num_columns: int, number_type: type) -> Any:
    """Return a DataFrame of the wanted columns, called by position, and of one column beyond the header's.

    The cells of the latter are those of rows that are too long. pandas drops such cells, unless there is one;
    so a last row with one is added and taken away again.
    """
    import pandas as pd

    frame, landmark, *others = columns
    extra = num_columns
    missing: dict[Any, list[str]] = {frame: [""], extra: [""]} | {column: list(_MISSING) for column in others}
    table = pd.read_csv(
        io.StringIO(text + "\n" + "," * extra + "extra"),
        header=0,
        names=list(range(extra + 1)),
        usecols=sorted({*columns, extra}),
        index_col=False,
        dtype={landmark: "category", extra: "category"} | dict.fromkeys((frame, *others), number_type),
        keep_default_na=False,
        na_values=missing,
        low_memory=False,
    )
    return table.iloc[:-1]


_KEYS = ("frame", "landmark", "x", "y", "confidence")


def _to_numbers(table: Any, column: int) -> Any:
    """Replace a column of text by its numbers, and return the mask of the cells that are none."""
    import pandas as pd

    cells = table[column].str.strip()
    empty = cells.isna() | cells.isin(_MISSING)
    numbers = pd.to_numeric(cells.mask(empty), errors="coerce").astype(np.float64)
    table[column] = numbers
    return (numbers.isna() & ~empty).to_numpy()


def _order_landmarks(cells: Any) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the index of each row's landmark, and the names in order of first appearance."""
    codes = cells.cat.codes.to_numpy().astype(np.intp)
    names = [str(name).strip() for name in cells.cat.categories] + [""]  # code -1: an empty cell
    first = np.full(len(names), len(codes))
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    ordered = dict.fromkeys(
        names[code] for code in np.argsort(first, kind="stable") if first[code] < len(codes)
    )
    place = {name: index for index, name in enumerate(ordered)}
    return np.array([place.get(name, -1) for name in names])[codes], tuple(ordered)


def _build_sequence(
    rows: PoseRows, config: DataConfig, name: str, shown: str
) -> tuple[PoseSequence, list[str]]:
    has_x, has_y = ~np.isnan(rows.x), ~np.isnan(rows.y)
    kept = has_x & has_y
    if rows.confidence is not None:
        kept &= rows.confidence >= config.min_confidence
    if not kept.any():
        hint = " Lower min_confidence?" if (has_x & has_y).any() else ""
        raise DataError(
            [f"{shown}: must have a point with x and y, but all are missing. Remove the file.{hint}"]
        )
    first_frame = int(rows.frame.min())
    frames = (rows.frame - first_frame).astype(np.intp)
    num_frames, num_landmarks = int(frames.max()) + 1, len(rows.landmarks)
    width, height = config.image_size or (1, 1)
    points = np.stack((rows.x * width, rows.y * (height if config.y_up else -height)), axis=1)
    pose = np.full((num_frames, num_landmarks, 2), np.nan, dtype=np.float32)
    pose[frames[kept], rows.landmark[kept]] = points[kept]
    notes = _find_notes(rows, frames, bool((has_x != has_y).any()))
    return PoseSequence(name=name, landmarks=rows.landmarks, pose=pose, first_frame=first_frame), notes


def _find_notes(rows: PoseRows, frames: np.ndarray, has_half_points: bool) -> list[str]:
    numbers = np.unique(frames)
    unusual = {
        "points with x or y alone count as missing": has_half_points,
        "it has one landmark only; a pose needs several": len(rows.landmarks) == 1,
        "it has one frame only": len(numbers) == 1,
        "a landmark's name looks like a missing value and was taken as a name": not {*_MISSING}.isdisjoint(
            rows.landmarks
        ),
        "most frame numbers are left out, and these frames count as missing; if frame# holds time stamps, "
        "number the frames 0, 1, 2, ...": 2 * len(numbers) < numbers[-1],
    }
    return [note for note, applies in unusual.items() if applies]


def _locate(faults: Sequence[RowFault], text: str, shown: str, columns: Sequence[int]) -> list[str]:
    """Return the faults in words, with line numbers and cells from a second, slower reading."""
    wanted = {int(row) for fault in faults for row in fault.rows[:_MAX_SHOWN_LINES]}
    body = itertools.islice(split_rows(text, shown), 1, None)
    found = {row: line_cells for row, line_cells in enumerate(body) if row in wanted}
    texts = []
    for fault in faults:
        lines = [found[int(row)][0] for row in fault.rows[:_MAX_SHOWN_LINES]]
        cells = found[int(fault.rows[0])][1]
        column = columns[_KEYS.index(fault.column)] if fault.column else len(cells)
        texts.append(fault.describe(shown, lines, cells[column] if column < len(cells) else ""))
    return texts
