"""Rules for the rows of a pose CSV. Each rule checks whole columns at once; `pose_table` reads them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from htvae.io.formats.steps import guess_steps
from htvae.poses.landmarks import ROOT_VELOCITY
from htvae.utils.text import shorten

LARGEST_COORDINATE = 1e9
"""Largest size of a coordinate (any unit). Larger ones are mistakes; squares of very large ones overflow."""
LARGEST_FRAME = 2**53
"""Limit of frame numbers: above it float64 does not represent every whole number."""
LEAST_PRESENT = 0.01
"""Least share of frame numbers that a file must have if more than max_frame_gap are absent; likewise the
least share of frames times landmarks with a row, if these are more than LARGEST_SPARSE."""
LARGEST_SPARSE = 10_000_000
"""Largest number of frames times landmarks (80 MB) that a file with few rows may have."""
MOST_LANDMARKS = 10_000
"""Largest number of landmarks; more are a mistake."""

_Numbers = npt.NDArray[np.float64]
_Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class PoseRows:
    """The columns of a pose CSV, one entry per row. Empty cells are NaN; text is infinite (a frame: NaN)."""

    frame: _Numbers
    has_decimal_frames: bool
    """Whether some frame numbers are written with a point or an exponent."""
    landmark: npt.NDArray[np.intp]
    """Index into ``landmarks``."""
    landmarks: tuple[str, ...]
    """Names in order of first appearance."""
    x: _Numbers
    y: _Numbers
    z: _Numbers | None = None
    """None: the file has no third coordinate."""
    confidence: _Numbers | None = None
    too_long: _Mask
    """Rows with more cells than the header."""
    are_times: bool = False
    """Whether the frame numbers follow from times, whose form is free."""

    @property
    def axes(self) -> dict[str, _Numbers]:
        """The coordinates by name: x, y and, where the file has it, z."""
        return {"x": self.x, "y": self.y} | ({} if self.z is None else {"z": self.z})


@dataclass(frozen=True)
class RowFault:
    """Rows that break one rule."""

    column: str | None
    """Faulty column (frame, landmark, x, y, z or confidence), None where the whole row is faulty."""
    must: str
    """Rule that must hold."""
    rows: npt.NDArray[np.intp]
    """Indices of the rows that break the rule, counted from 0 below the header."""
    remedy: str
    """Advice on how to correct the file."""
    found: str = ""
    """Description of what was found; empty where the cell itself shows it."""

    def describe(self, name: str, lines: Sequence[int], cell: str) -> str:
        """Return the fault as a sentence.

        Args:
            name: name of the file.
            lines: line numbers of the first few faulty rows.
            cell: text of the faulty cell in the first of these rows.
        """
        found = self.found or (f'"{shorten(cell)}"' if cell.strip() else "an empty cell")
        text = f"{name}: {self.must}, but line {lines[0]} has {found}"
        more = len(self.rows) - 1
        if more:
            others = ", ".join(str(line) for line in lines[1:])
            dots = ", ..." if more > len(lines) - 1 else ""
            text += f" (and {more:,} more: line{'s' if more > 1 else ''} {others}{dots})"
        return f"{text}. {self.remedy}"


def find_row_faults(rows: PoseRows, max_frame_gap: int) -> list[RowFault]:
    """Return every broken rule. Rules about several rows are checked only if each single row is sound."""
    faults = [_check_length(rows), _check_frames(rows), *_check_landmarks(rows), *_check_numbers(rows)]
    broken = [fault for fault in faults if len(fault.rows)]
    if broken:
        return broken
    fault = (
        _check_gaps(rows, max_frame_gap)
        or _check_landmark_count(rows)
        or _check_size(rows)
        or _check_duplicates(rows)
    )
    return [] if fault is None else [fault]


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
    if rows.are_times:
        remedy = "Correct the cell, or remove the row."
        return RowFault("frame", "frame# must be a time, a number", np.flatnonzero(~sound), remedy)
    remedy = _name_unit(rows.frame) or "Number the frames 0, 1, 2, ..."
    return RowFault("frame", "frame# must be a whole number of at least 0", np.flatnonzero(~sound), remedy)


def _name_unit(frames: _Numbers) -> str:
    """Return a sentence on the flag that reads numbers which seem to be times; empty for others."""
    guess = guess_steps(frames)
    return "" if guess is None else guess.remedy


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
    confidence = {} if rows.confidence is None else {"confidence": rows.confidence}
    for column, values in (rows.axes | confidence).items():
        bad = np.abs(values) > LARGEST_COORDINATE
        must = f"{column} must be a number of at most 1e9 in size, or empty where missing"
        remedy = "Correct the cell, or leave it empty. Decimals are written with a point."
        faults.append(RowFault(column, must, np.flatnonzero(bad), remedy))
    return faults


def _check_gaps(rows: PoseRows, max_frame_gap: int) -> RowFault | None:
    frames = np.unique(rows.frame)
    absent = np.diff(frames) - 1
    remedy = (
        _name_unit(frames)
        or "If these are time stamps, number the frames 0, 1, 2, ...; if not, raise max_frame_gap."
    )
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


def _check_landmark_count(rows: PoseRows) -> RowFault | None:
    if len(rows.landmarks) <= MOST_LANDMARKS:
        return None
    must = f"a recording must have at most {MOST_LANDMARKS:,} landmarks"
    found = f"number {MOST_LANDMARKS + 1:,}, {shorten(rows.landmarks[MOST_LANDMARKS])}"
    remedy = "landmark_name must name a point of the body; put other data into other columns."
    return RowFault("landmark", must, np.flatnonzero(rows.landmark == MOST_LANDMARKS)[:1], remedy, found)


def _check_size(rows: PoseRows) -> RowFault | None:
    """Check that a small file does not become an array (frames times landmarks) that fills the memory."""
    num_frames, num_rows = int(rows.frame.max() - rows.frame.min()) + 1, len(rows.frame)
    num_places = num_frames * len(rows.landmarks)
    if num_places <= LARGEST_SPARSE or num_rows >= LEAST_PRESENT * num_places:
        return None
    return RowFault(
        None,
        f"at least {LEAST_PRESENT:.0%} of frames times landmarks must have a row where these are many",
        np.array([num_rows - 1]),
        "Give a landmark the same name in all frames; cut a recording with long pauses into several files.",
        f"the last of {num_rows:,} rows for {num_frames:,} frames times {len(rows.landmarks):,} landmarks",
    )


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
        "a landmark must occur once in a frame",
        again,
        "Remove the repeated rows, or put each person into a separate file.",
        f"{shorten(landmark)} of frame {frame} again",
    )
