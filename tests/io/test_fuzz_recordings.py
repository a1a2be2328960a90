"""Broken pose CSVs give an error in our form, or exactly the result of a slow and obvious reader."""

import contextlib
import csv
import io
import re
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from htvae.config import DataConfig
from htvae.io.faults import DataError
from htvae.io.formats.pose_csv import FORMAT
from htvae.io.opening import Source
from htvae.io.pose_csv import COLUMNS
from htvae.io.recordings import build_recordings
from htvae.poses.sequence import PoseSequence
from tests.io.fuzzing import Grid, files, fuzzed

HEADER = "frame#,landmark_name,x,y\n"
MAX_FRAME_GAP = DataConfig().max_frame_gap
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
MISSING = {"", "nan", "NaN", "NAN", "NA", "N/A", "n/a", "null", "NULL", "None", "none"}


class RejectedError(Exception):
    """Raised for everything that docs/data_format.md calls an error."""


def accept(holds: bool, rule: str) -> None:
    if not holds:
        raise RejectedError(rule)


@dataclass
class Reference:
    """Content of a file, read slowly."""

    points: dict[tuple[int, str], tuple[float, ...] | None] = field(default_factory=dict)
    """Coordinates of each point, by frame and landmark; None where it is missing."""
    notes: set[str] = field(default_factory=set)
    """One word of each note that must be given."""

    def read(self, content: bytes) -> "Reference":
        header, *rows = split(content)
        names = [cell.strip() for cell in header]
        columns = (*COLUMNS, *(["z"] if "z" in names else []))
        accept(all(names.count(column) == 1 for column in columns), "each column once")
        accept(bool(rows), "rows below the header")
        table = []
        for row in rows:
            accept(not any(cell.strip() for cell in row[len(header) :]), "no more cells than the header")
            cells = dict(zip(names, [cell.strip() for cell in row] + [""] * len(header), strict=False))
            table.append([cells[column] for column in columns])
        if len(columns) > len(COLUMNS) and all(cells[-1] in MISSING for cells in table):
            self.note_if("the column z is empty", True)
            table = [cells[:-1] for cells in table]
        for cells in table:
            self.add(*cells)
        self.note_if("spaces around", header != names)
        self.check_frames()
        accept(any(self.points.values()), "a point")
        return self

    def add(self, frame: str, name: str, *place: str) -> None:
        accept(NUMBER.fullmatch(frame) is not None and float(frame) < 2**53, "frame# is a number")
        accept(float(frame) >= 0 and float(frame).is_integer(), "frame# is whole")
        accept(name not in ("", "ROOT_VELOCITY"), "landmark_name is a name")
        for cell in place:
            sound = cell in MISSING or (NUMBER.fullmatch(cell) and abs(float(cell)) <= 1e9)
            accept(bool(sound), "coordinates are numbers, or empty")
        key = int(float(frame)), name
        accept(key not in self.points, "a landmark stands once in a frame")
        self.points[key] = None if {*place} & MISSING else tuple(map(float, place))
        self.note_if("points with", 0 < sum(cell in MISSING for cell in place) < len(place))
        self.note_if("written as decimals", bool(set(frame) & set(".eE")))
        self.note_if("looks like a missing value", name in MISSING)

    def check_frames(self) -> None:
        frames = sorted({frame for frame, _ in self.points})
        absent = [after - before - 1 for before, after in pairwise(frames)]
        accept(max(absent, default=0) <= MAX_FRAME_GAP, "no long gap")
        most_absent = sum(absent) > MAX_FRAME_GAP and len(frames) < 0.01 * (frames[-1] - frames[0])
        accept(not most_absent, "not too many frames left out")
        self.note_if("one landmark only", len({name for _, name in self.points}) == 1)
        self.note_if("one frame only", len(frames) == 1)
        self.note_if("most frame numbers", 2 * len(frames) < frames[-1] - frames[0])

    def note_if(self, word: str, holds: bool) -> None:
        if holds:
            self.notes.add(word)


def split(content: bytes) -> list[list[str]]:
    """Return the rows of a CSV file that are not blank, the header first."""
    try:
        text = content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise RejectedError("UTF-8") from None
    accept("\0" not in text, "text")
    lines = [*io.StringIO(text, newline=""), "END"]  # a quote that is never closed swallows this row
    reader = csv.reader(lines)
    rows = [row for row in reader if lines[reader.line_num - 1].strip(" \t\r\n")]
    accept(rows[-1] == ["END"], "every quote is closed")
    accept(len(rows) > 1, "a header")
    return rows[:-1]


@st.composite
def recordings(draw: st.DrawFn) -> Grid:
    """Sound recordings: a header, and a row for each frame and landmark."""
    names = draw(st.sampled_from([("A", "B"), ("LEFT_HIP", "RIGHT_HIP", "NOSE"), ("A",), ("e\u0301", "膝")]))
    first, num_frames = draw(st.sampled_from([0, 0, 7])), draw(st.integers(1, 4))
    place = st.sampled_from(["0.25", "-1.5", "12", "", "0", "1", "0.123456789", "16777217"])
    columns = draw(st.sampled_from([COLUMNS, COLUMNS, (*COLUMNS, "z")]))
    rows = [
        [str(first + frame), name, *(draw(place) for _ in columns[2:])]
        for frame in range(num_frames)
        for name in names
    ]
    return [list(columns), *rows]


def check_form(faults: list[str], name: str) -> None:
    """Check that faults are sentences that say what must hold, and that any terminal can show."""
    assert faults
    for fault in faults:
        assert fault.startswith(name)
        assert " must " in fault
        assert fault.endswith((".", "?"))
        assert fault.isprintable()
        assert len(fault) < 1500


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "walk.csv"


@fuzzed(80)
@given(content=files(recordings()))
def test_a_file_is_refused_or_read_as_it_stands(content: bytes, path: Path) -> None:
    check_file(content, path)


@pytest.mark.soak
@fuzzed(2000)
@given(content=files(recordings()))
def test_many_files_are_refused_or_read_as_they_stand(content: bytes, path: Path) -> None:
    check_file(content, path)


def read(path: Path) -> tuple[PoseSequence, list[str]]:
    """Return the recording and the notes on it."""
    content = FORMAT.read(Source(path, "walk.csv"), DataConfig())
    (sequence,), notes = build_recordings(content, DataConfig(), "walk", "walk.csv")
    return sequence, notes


def check_file(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    try:
        expected = Reference().read(content)
    except RejectedError as rule:
        event(f"rejected: {rule}")
        with pytest.raises(DataError) as caught:
            read(path)
        check_form(caught.value.faults, "walk.csv: ")
        return
    except csv.Error:  # a cell longer than the csv module takes; where it stands decides whether it is read
        with contextlib.suppress(DataError):
            read(path)
        return
    event("accepted")
    sequence, notes = read(path)
    frames = [frame for frame, _ in expected.points]
    assert sequence.first_frame == min(frames)
    assert sequence.num_frames == max(frames) - min(frames) + 1
    assert sequence.landmarks == tuple(dict.fromkeys(name for _, name in expected.points))
    pose = np.full(sequence.pose.shape, np.nan, np.float32)
    for (frame, name), point in expected.points.items():
        if point is not None:
            pose[frame - min(frames), sequence.landmarks.index(name)] = point
    np.testing.assert_array_equal(sequence.pose, pose)
    assert len(notes) == len(expected.notes)
    assert all(any(word in note for note in notes) for word in expected.notes)
