import logging
from pathlib import Path

import numpy as np
import pytest

from htvae.io.faults import DataError
from htvae.io.metadata import attach_metadata
from htvae.io.tables import read_frame_labels, read_manifest, recording_name
from htvae.poses.sequence import FrameLabel, PoseSequence

NUM_FRAMES = 10


def recordings(*names: str, first_frame: int = 0) -> list[PoseSequence]:
    pose = np.zeros((NUM_FRAMES, 2, 2), np.float32)
    return [PoseSequence.from_array(pose, name=name, first_frame=first_frame) for name in names]


@pytest.mark.parametrize("file", ["a/walk.csv", "a\\walk.csv", "./a/walk", " a/walk.CSV "])
def test_names_of_recordings(file: str) -> None:
    assert recording_name(file) == "a/walk"


def test_names_with_accents_are_the_same_however_they_are_composed() -> None:
    assert recording_name("u\u0308ber.csv") == recording_name("\u00fcber.csv")
    assert recording_name("walk.v2") == "walk.v2"


def test_manifest(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text(
        "\ufefffile, label ,subject,fps,split,camera,\n"
        'walk.csv,"walk, slowly",01,29.97,test,front,\n'
        "run,,,,,,\n",
        encoding="utf-8",
    )
    manifest = read_manifest(tmp_path)
    walk, run = manifest["walk"], manifest["run"]
    assert (walk.label, walk.subject, walk.fps, walk.split) == ("walk, slowly", "01", 29.97, "test")
    assert (walk.line, walk.covariates) == (2, {"camera": "front"})
    assert (run.label, run.subject, run.fps, run.split, run.covariates) == (None, None, None, None, {})


def test_frame_labels_may_overlap_and_are_sorted(tmp_path: Path) -> None:
    (tmp_path / "frame_labels.csv").write_text(
        "file,start,stop,label,observer\nwalk,4.0,8,turn,me\nwalk.csv,0,6,step,me\n", encoding="utf-8"
    )
    spans = [row.span for row in read_frame_labels(tmp_path)["walk"]]
    assert spans == [FrameLabel(0, 6, "step"), FrameLabel(4, 8, "turn")]


def test_tables_are_optional(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) == read_frame_labels(tmp_path) == {}
    (walk,) = recordings("walk")
    assert attach_metadata([walk], tmp_path) == [walk]


def test_metadata_is_attached(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "manifest.csv").write_text("file,label,camera\nwalk.csv,walk,front\n", encoding="utf-8")
    (tmp_path / "frame_labels.csv").write_text("file,start,stop,label\nrun,2,99,sprint\n", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        run, walk = attach_metadata(recordings("run", "walk"), tmp_path)
    assert (walk.label, walk.covariates, walk.frame_labels) == ("walk", {"camera": "front"}, ())
    assert (run.label, run.covariates, run.frame_labels) == (None, {}, (FrameLabel(2, 99, "sprint"),))
    assert "1 of 2 recordings have no row in manifest.csv (first: run)" in caplog.text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must have a header with file, but is empty"),
        (b"name,label\nwalk,step\n", "the header must have file, but lacks file"),
        (b"file;label\nwalk;step\n", "separated by semicolons"),
        (b"file,camera,camera\nwalk,a,b\n", "must have camera once, but has it 2 times"),
        (b"file\nnone.csv\n", r"line 2: file must be a recording of the folder, but none is not in"),
        (b"file\nwalk.csv\nwalk\n", "line 3: a recording must have one row, but walk has one in line 2"),
        (b"file,fps\nwalk,fast\n", 'line 2: fps must be a number above 0.* but is "fast"'),
        (b"file,fps\nwalk,1_0\n", 'line 2: fps must be a number above 0.* but is "1_0"'),
        (b"file,fps\nwalk," + b"9" * 9999, 'line 2: fps must be a number above 0.* but is "9{60}\\.\\.\\."'),
        (
            b'file,label\nwalk,"step\nrun,sprint\n',
            ": must be CSV, but line 2 cannot be split: a quote is nev",
        ),
        (b"file,label\nwalk,st\0ep\n", ": must be UTF-8 text, but line 2 has a NUL character"),
        (b"file,fps\nwalk,0\n", 'line 2: fps must be a number above 0.* but is "0"'),
        (b"file,fps\nwalk,inf\n", 'line 2: fps must be a number above 0.* but is "inf"'),
        (b"file,fps\nwalk,nan\n", 'line 2: fps must be a number above 0.* but is "nan"'),
        (b"file,split\nwalk,dev\n", 'line 2: split must be one of train, val, test, or empty, but is "dev"'),
        (b"file,label\nwalk,step,left\n", "no more cells than the header, but line 2 has 3 for 2 columns"),
        (b"file,label\n,step\n", "file must name a recording, but is empty in line 2"),
        (b"file,label\nwalk,\xfc\n", "must be UTF-8 text, but line 2 has the byte 0xfc"),
    ],
)
def test_faulty_manifests(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "manifest.csv").write_bytes(content)
    with pytest.raises(DataError, match=f"^manifest.csv.*{message}"):
        attach_metadata(recordings("walk"), tmp_path)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("walk,5,5,step", r'0 <= start < stop.* but are "5" and "5"'),
        ("walk,-1,5,step", r'0 <= start < stop.* but are "-1" and "5"'),
        ("walk,0.5,5,step", r'0 <= start < stop.* but are "0.5" and "5"'),
        ("walk,0,1e400,step", r'0 <= start < stop.* but are "0" and "1e400"'),
        ("walk,0,1_0,step", r'0 <= start < stop.* but are "0" and "1_0"'),
        ("walk,,5,step", r'0 <= start < stop.* but are "" and "5"'),
        ("walk,0,5,", "label must not be empty"),
        ("walk,0,5,step\nwalk.csv,0,5,step", "a row must occur once, but line 2 says the same"),
        ("none,0,5,step", r"file must be a recording of the folder, but none is not in"),
        (
            "walk,10,12,step",
            "a span must overlap its recording, but 10 to 12 lies outside of walk, which has frames 0 to 9",
        ),
    ],
)
def test_faulty_frame_labels(tmp_path: Path, row: str, message: str) -> None:
    (tmp_path / "frame_labels.csv").write_text(f"file,start,stop,label\n{row}\n", encoding="utf-8")
    with pytest.raises(DataError, match=f"^frame_labels.csv, line .*{message}"):
        attach_metadata(recordings("walk"), tmp_path)


def test_spans_count_frames_as_the_source_does(tmp_path: Path) -> None:
    (tmp_path / "frame_labels.csv").write_text("file,start,stop,label\nwalk,100,101,step\n", encoding="utf-8")
    (walk,) = attach_metadata(recordings("walk", first_frame=100), tmp_path)
    assert walk.frame_labels == (FrameLabel(100, 101, "step"),)


def test_a_manifest_without_rows_is_not_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "manifest.csv").write_text("file,label\n", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        attach_metadata(recordings("walk"), tmp_path)
    assert "1 of 1 recording has no row in manifest.csv (first: walk)" in caplog.text


def test_a_manifest_that_is_a_broken_link_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").symlink_to(tmp_path / "moved.csv")
    with pytest.raises(DataError, match=r"^manifest\.csv: must exist, but is not there"):
        attach_metadata(recordings("walk"), tmp_path)


def test_all_faults_of_both_tables_at_once(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("file,fps,split\nwalk,x,y\nrun,z,\n", encoding="utf-8")
    (tmp_path / "frame_labels.csv").write_text("file,start,stop\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        attach_metadata(recordings("walk"), tmp_path)
    assert len(caught.value.faults) == 4
