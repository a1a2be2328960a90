"""Broken manifests and frame labels give errors in our form, or exactly what a slow reader finds."""

import contextlib
import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from htvae.io.metadata import join_metadata
from htvae.io.tables import FRAME_LABELS, MANIFEST
from htvae.poses.sequence import FrameLabel, PoseSequence
from tests.io.fuzzing import CELLS, Grid, files, fuzzed
from tests.io.test_fuzz_recordings import NUMBER, RejectedError, accept, check_form, split

RECORDINGS = {"walk": (0, 9), "lab/run": (0, 99), "\u00fcber": (5, 14)}
"""First and last frame of each."""
FILES = """
    walk walk.csv walk.CSV ./walk lab/run lab\\run.csv \u00fcber.csv u\u0308ber.csv ../walk.csv /walk.csv
    /etc/passwd lab/../walk.csv none.csv .csv WALK.csv walk.csv.csv lab//run lab
""".split()
SPLITS = ["train", "val", "test", "", "foo", "Train", "train,val"]
RATES = ["30", "29.97", "0", "-1", "abc", "1e9", "1e400", "1e-300", "nan", "30 fps", "1_000", ""]
ODD = st.one_of(st.sampled_from(FILES), st.sampled_from([*SPLITS, *RATES, "two\nlines", "walk"]), CELLS)

Meaning = dict[str, Any]


@st.composite
def manifests(draw: st.DrawFn) -> Grid:
    names = draw(st.permutations(["walk.csv", "lab/run.csv", "\u00fcber"]))
    place = draw(st.sampled_from(["camera", "name", "line", ""]))
    rows = [[name, "step", "ann", "30", draw(st.sampled_from(SPLITS[:4])), "front"] for name in names]
    return [["file", "label", "subject", "fps", "split", place], *rows[: draw(st.integers(0, 3))]]


@st.composite
def frame_labels(draw: st.DrawFn) -> Grid:
    spans = st.sampled_from([("0", "9"), ("4", "8"), ("5.0", "1e1"), ("9", "1000")])
    rows = [
        [
            draw(st.sampled_from(["walk", "walk.csv", "\u00fcber.csv"])),
            *draw(spans),
            draw(st.sampled_from("ab")),
        ]
        for _ in range(draw(st.integers(0, 3)))
    ]
    return [["file", "start", "stop", "label"], *rows]


def read_table(content: bytes, wanted: list[str]) -> list[dict[str, str]]:
    header, *rows = split(content)
    header = [cell.strip() for cell in header]
    named = {cell for cell in header if cell}
    accept(named >= set(wanted) and all(header.count(cell) == 1 for cell in named), "each column once")
    table = []
    for row in rows:
        cells = [cell.strip() for cell in row] + [""] * len(header)
        accept(not any(cells[len(header) :]), "no more cells than the header")
        values = {column: cell for column, cell in zip(header, cells, strict=False) if column}
        if any(cells):
            accept(bool(values["file"]), "file is named")
            table.append({**values, "file": find_recording(values["file"])})
    return table


def find_recording(file: str) -> str:
    spellings = {"lab\\run.csv": "lab/run", "u\u0308ber.csv": "\u00fcber", "./walk": "walk"}
    for name in RECORDINGS:
        spellings |= {name: name, f"{name}.csv": name, f"{name}.CSV": name}
    accept(file in spellings, "file is a recording")
    return spellings[file]


def read_manifest(content: bytes) -> Meaning:
    meaning: Meaning = {}
    for row in read_table(content, ["file"]):
        name, fps, split_name = row.pop("file"), row.pop("fps", ""), row.pop("split", "")
        accept(name not in meaning, "one row per recording")
        accept(not fps or (NUMBER.fullmatch(fps) is not None and 0 < float(fps) < np.inf), "fps is above 0")
        accept(split_name in ("", "train", "val", "test"), "split is known")
        label, subject = row.pop("label", "") or None, row.pop("subject", "") or None
        covariates = {column: cell for column, cell in row.items() if cell}
        meaning[name] = (label, subject, float(fps) if fps else None, split_name or None, covariates)
    return meaning


def read_labels(content: bytes) -> Meaning:
    meaning: Meaning = {name: [] for name in RECORDINGS}
    for row in read_table(content, ["file", "start", "stop", "label"]):
        for column in ("start", "stop"):
            accept(NUMBER.fullmatch(row[column]) is not None, "start and stop are numbers")
            accept(0 <= float(row[column]) < 2**53 and float(row[column]).is_integer(), "they are whole")
        start, stop = int(float(row["start"])), int(float(row["stop"]))
        accept(start < stop and bool(row["label"]), "there is a label, and start is before stop")
        span = FrameLabel(start, stop, row["label"])
        first, last = RECORDINGS[row["file"]]
        accept(span.stop > first and span.start <= last, "the span meets its recording")
        accept(span not in meaning[row["file"]], "a row stands once")
        meaning[row["file"]].append(span)
    return {
        name: tuple(sorted(spans, key=lambda span: (span.start, span.stop)))
        for name, spans in meaning.items()
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


@pytest.fixture(scope="module")
def sequences() -> list[PoseSequence]:
    return [
        PoseSequence.from_array(np.zeros((last - first + 1, 1, 2)), name=name, first_frame=first)
        for name, (first, last) in RECORDINGS.items()
    ]


Recordings = list[PoseSequence]


@fuzzed(60)
@given(content=files(manifests(), ODD))
def test_a_manifest_is_refused_or_read_as_it_stands(
    content: bytes, folder: Path, sequences: Recordings
) -> None:
    check_manifest(content, folder, sequences)


@pytest.mark.soak
@fuzzed(2000)
@given(content=files(manifests(), ODD))
def test_many_manifests_are_refused_or_read_as_they_stand(
    content: bytes, folder: Path, sequences: Recordings
) -> None:
    check_manifest(content, folder, sequences)


def check_manifest(content: bytes, folder: Path, sequences: Recordings) -> None:
    (folder / MANIFEST).write_bytes(content)
    (folder / FRAME_LABELS).unlink(missing_ok=True)
    completed, faults = join_metadata(sequences, [*RECORDINGS], folder)
    with contextlib.suppress(csv.Error):
        try:
            expected = read_manifest(content)
        except RejectedError as rule:
            event(f"rejected: {rule}")
            check_form(faults, MANIFEST)
            return
        event("accepted")
        assert faults == []
        for sequence in completed:
            known = (sequence.label, sequence.subject, sequence.fps, sequence.split, sequence.covariates)
            assert known == expected.get(sequence.name, (None, None, None, None, {}))


@fuzzed(60)
@given(content=files(frame_labels(), ODD))
def test_labels_are_refused_or_read_as_they_stand(
    content: bytes, folder: Path, sequences: Recordings
) -> None:
    check_labels(content, folder, sequences)


@pytest.mark.soak
@fuzzed(2000)
@given(content=files(frame_labels(), ODD))
def test_many_labels_are_refused_or_read_as_they_stand(
    content: bytes, folder: Path, sequences: Recordings
) -> None:
    check_labels(content, folder, sequences)


def check_labels(content: bytes, folder: Path, sequences: Recordings) -> None:
    (folder / FRAME_LABELS).write_bytes(content)
    (folder / MANIFEST).unlink(missing_ok=True)
    completed, faults = join_metadata(sequences, [*RECORDINGS], folder)
    with contextlib.suppress(csv.Error):
        try:
            expected = read_labels(content)
        except RejectedError as rule:
            event(f"rejected: {rule}")
            check_form(faults, FRAME_LABELS)
            return
        event("accepted")
        assert faults == []
        assert {sequence.name: sequence.frame_labels for sequence in completed} == expected
