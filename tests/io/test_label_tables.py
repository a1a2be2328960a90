"""Labels of others: our own tables, BORIS, keypoint-moseq, VAME, and what is refused."""

import numpy as np
import pytest

from htvae.io.faults import DataError
from htvae.io.label_tables import Span, paint, read_label_table
from htvae.metrics.agreement import NOTHING


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_frame_labels_and_bouts_are_in_frames(tmp_path):
    table = read_label_table(write(tmp_path / "a.csv", "file,start,stop,label\nb/walk.csv,0,5,go\n"))
    assert table.spans == {"b/walk": [Span(0, 5, "go")]} and not table.in_seconds
    bouts = "recording,start_frame,stop_frame,start_second,stop_second,motif,name\nw,3,6,0.1,0.2,m01,run\n"
    table = read_label_table(write(tmp_path / "b.csv", bouts))
    assert table.spans == {"w": [Span(3, 6, "run")]}


@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_aggregated_events_of_boris_are_in_seconds(tmp_path, delimiter):
    rows = [
        ["Observation id", "Subject", "Behavior", "Start (s)", "Stop (s)", "Duration (s)"],
        ["mouse1", "", "groom", "1.5", "2.25", "0.75"],
    ]
    text = "\n".join(delimiter.join(row) for row in rows) + "\n"
    table = read_label_table(write(tmp_path / "boris.csv", text))
    assert table.spans == {"mouse1": [Span(1.5, 2.25, "groom")]} and table.in_seconds


def test_folders_hold_a_file_of_frame_labels_for_each_recording(tmp_path):
    write(tmp_path / "kpms/mouse1.csv", "syllable,centroid x\n4,0\n4,0\n7,0\n")
    np.save(tmp_path / "kpms/15_km_label_mouse2.npy", np.array([1, 1, 0]))
    write(tmp_path / "kpms/notes.csv", "a,b\n1,2\n")
    np.save(tmp_path / "kpms/embedding.npy", np.ones((3, 2)))
    table = read_label_table(tmp_path / "kpms")
    assert table.spans == {
        "mouse1": [Span(0, 2, "4"), Span(2, 3, "7")],
        "mouse2": [Span(0, 2, "1"), Span(2, 3, "0")],
    }


def test_a_pickle_is_never_run(tmp_path):
    np.save(tmp_path / "evil.npy", np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="there must be a file of frame labels"):
        read_label_table(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "header must have a recording, start, stop and label.* but has nothing"),
        ("file,start,label\nw,1,go\n", "but has file, start, label"),
        ("file,start,stop,label\nw,one,2,go\n", r'line 2: start and stop must be numbers .* "one" and "2"'),
        ("file,start,stop,label\nw,1,1e300,go\n", "must be numbers from 0 to 10,000,000"),
        ("file,start,stop,label\n", "there must be a labelled span"),
    ],
)
def test_what_is_no_table_of_labels_is_refused(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read_label_table(write(tmp_path / "a.csv", text))


def test_spans_are_painted_on_frames():
    spans = [Span(0.5, 1.0, "a"), Span(1.0, 9.0, "b")]
    assert paint(spans, 2.0, 5, {"a": 3, "b": 0}).tolist() == [NOTHING, 3, 0, 0, 0]
