"""The rules for the rows of a pose CSV, apart from parsing: every rule looks at whole columns at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from htvae.data.faults import printable
from htvae.data.landmarks import ROOT_VELOCITY

LARGEST_COORDINATE = 1e9
"""Coordinates beyond it (any unit) are taken for mistakes; their squares would leave the range of float32."""
LARGEST_FRAME = 2**53
"""Frame numbers beyond it cannot be told apart as floating-point numbers."""
LEAST_PRESENT = 0.01
"""Share of a file's frame numbers that must be present where more than max_frame_gap are absent."""

_Numbers = npt.NDArray[np.float64]
_Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class PoseRows:
    """The columns of a pose CSV, one entry per row. Empty cells and text are NaN."""

    frame: _Numbers
    landmark: npt.NDArray[np.intp]
    """Index into ``landmarks``."""
    landmarks: tuple[str, ...]
    """Names in order of first appearance."""
    x: _Numbers
    y: _Numbers
    confidence: _Numbers | None
    not_numbers: dict[str, _Mask]
    """Per column (x, y, confidence) the cells that are text, where there are any."""
    too_long: _Mask
    """Rows with more cells than the header."""


@dataclass(frozen=True)
class RowFault:
    """Rows that break one rule."""

    column: str | None
    """The column at fault (frame, landmark, x, y, confidence), None for the row as a whole."""
    must: str
    """What must hold."""
    rows: npt.NDArray[np.intp]
    """The rows that break it, the first row below the header being 0."""
    remedy: str
    found: str = ""
    """What was found, where the cell alone does not tell."""

    def describe(self, name: str, lines: Sequence[int], cell: str) -> str:
        """Return the fault as a sentence.

        Args:
            name: the file.
            lines: line numbers of the first few faulty rows.
            cell: what the first one has in the column.
        """
        text = f"{name}: {self.must}, but line {lines[0]} has {self.found or _quoted(cell)}"
        more = len(self.rows) - 1
        if more:
            others = ", ".join(str(line) for line in lines[1:])
            dots = ", ..." if more > len(lines) - 1 else ""
            text += f" (and {more:,} more: line{'s' if more > 1 else ''} {others}{dots})"
        return f"{text}. {self.remedy}"


def find_row_faults(rows: PoseRows, max_frame_gap: int) -> list[RowFault]:
    """Return every broken rule. Rules on rows together are only tried where each row is sound."""
    faults = [_check_length(rows), _check_frames(rows), *_check_landmarks(rows), *_check_numbers(rows)]
    broken = [fault for fault in faults if len(fault.rows)]
    return broken or [
        fault for fault in (_check_gaps(rows, max_frame_gap) or _check_duplicates(rows),) if fault is not None
    ]


def _check_length(rows: PoseRows) -> RowFault:
    return RowFault(
        None,
        "a row must have no more cells than the header",
        np.flatnonzero(rows.too_long),
        "Write decimals with a point, and put cells that contain commas in quotes.",
        "more",
    )


def _check_frames(rows: PoseRows) -> RowFault:
    with np.errstate(invalid="ignore"):
        sound = (rows.frame >= 0) & (rows.frame == np.floor(rows.frame)) & (rows.frame < LARGEST_FRAME)
    remedy = "Number the frames 0, 1, 2, ..."
    return RowFault("frame", "frame# must be a whole number of at least 0", np.flatnonzero(~sound), remedy)


def _check_landmarks(rows: PoseRows) -> list[RowFault]:
    faults = []
    for name, must in (("", "must not be empty"), (ROOT_VELOCITY, "must not be a reserved name")):
        index = rows.landmarks.index(name) if name in rows.landmarks else -1
        bad = np.flatnonzero(rows.landmark == index)
        faults.append(
            RowFault("landmark", f"landmark_name {must}", bad, "Name the landmark, or remove the rows.")
        )
    return faults


def _check_numbers(rows: PoseRows) -> list[RowFault]:
    faults = []
    for column, values in (("x", rows.x), ("y", rows.y), ("confidence", rows.confidence)):
        if values is not None:
            bad = np.abs(values) > LARGEST_COORDINATE
            bad |= rows.not_numbers.get(column, False)
            must = f"{column} must be a number of at most 1e9 in size, or empty where missing"
            remedy = "Correct the cell, or leave it empty. Decimals are written with a point."
            faults.append(RowFault(column, must, np.flatnonzero(bad), remedy))
    return faults


def _check_gaps(rows: PoseRows, max_frame_gap: int) -> RowFault | None:
    frames = np.unique(rows.frame)
    absent = np.diff(frames) - 1
    remedy = "If these are time stamps, number the frames 0, 1, 2, ...; if not, raise max_frame_gap."
    if len(absent) and absent.max() > max_frame_gap:
        before = int(absent.argmax())
        must = f"frame# must not leave out more than max_frame_gap={max_frame_gap} numbers in a row"
        found = f"{int(frames[before + 1])} after {int(frames[before])}"
        return RowFault("frame", must, np.flatnonzero(rows.frame == frames[before + 1])[:1], remedy, found)
    if absent.sum() > max_frame_gap and len(frames) < LEAST_PRESENT * (frames[-1] - frames[0]):
        must = f"at least {LEAST_PRESENT:.0%} of the frame numbers must be present"
        found = f"{int(frames[-1])} as number {len(frames):,} of the file, which begins with {int(frames[0])}"
        return RowFault("frame", must, np.flatnonzero(rows.frame == frames[-1])[:1], remedy, found)
    return None


def _check_duplicates(rows: PoseRows) -> RowFault | None:
    place = (rows.frame - rows.frame.min()).astype(np.intp) * len(rows.landmarks) + rows.landmark
    filled = np.zeros(place.max() + 1, dtype=bool)
    filled[place] = True
    if np.count_nonzero(filled) == len(place):
        return None
    first_of = np.unique(place, return_index=True)[1]
    again = np.setdiff1d(np.arange(len(place)), first_of)
    landmark, frame = rows.landmarks[rows.landmark[again[0]]], int(rows.frame[again[0]])
    return RowFault(
        "landmark",
        "a landmark must stand once in a frame",
        again,
        "Remove the repeated rows, or put each person into a file of its own.",
        f"{printable(landmark)} of frame {frame} again",
    )


def _quoted(cell: str) -> str:
    shown = printable(cell)
    return f'"{shown if len(shown) <= 60 else shown[:60] + "..."}"' if cell.strip() else "an empty cell"
