"""``htvae compare-labels`` from files to figures."""

import csv
import json

import pytest
from PIL import Image

from htvae.cli.main import main


def write(path, *rows):
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def frames(tmp_path):
    rows = ["walk.csv,0,90,m01", "walk.csv,90,180,m02", "run.csv,0,150,m02"]
    return write(tmp_path / "frames.csv", "file,start,stop,label", *rows)


@pytest.fixture
def seconds(tmp_path):
    header = "Observation id,Behavior,Start (s),Stop (s)"
    rows = ["walk,walking,0,3", "walk,running,3,6", "run,running,0,5"]
    return write(tmp_path / "boris.csv", header, *rows)


def test_frames_beside_seconds(frames, seconds, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["compare-labels", frames, seconds, "--fps", "30"]) == 0
    assert "2 recordings, 330 frames that both label" in capsys.readouterr().out
    content = json.loads((tmp_path / "compare_labels/compare_labels.json").read_text(encoding="utf-8"))
    assert content["figures"]["accuracy"] == 1.0 and content["shifted"]["accuracy"] < 1.0
    with (tmp_path / "compare_labels/compare_labels.csv").open(encoding="utf-8") as file:
        rows = [tuple(row.values()) for row in csv.DictReader(file)]
    assert rows == [("m01", "walking", "90", "1"), ("m02", "running", "240", "1")]
    with Image.open(tmp_path / "compare_labels/compare_labels.png") as picture:
        assert len(picture.convert("RGB").getcolors(10**6)) > 20


def test_one_recording_that_only_one_labels_is_left_out(frames, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    other = write(tmp_path / "other.csv", "file,start,stop,label", "folder/walk.csv,0,180,all")
    assert main(["compare-labels", frames, other]) == 0
    said = capsys.readouterr()
    assert "1 recordings, 180 frames" in said.out
    assert "1 recordings are in both; the first has 2, the second 1" in said.err


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["recording,start (s),stop (s),label", "walk,0,1,a"], "Add --fps 30"),
        (["file,start,stop,label", "jump,0,1,a"], "share none: one has walk, the other jump"),
        (["file,start,stop,label", "walk,500,600,a"], "must share labelled frames"),
    ],
)
def test_mistakes_are_told(frames, rows, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["compare-labels", frames, write(tmp_path / "other.csv", *rows)]) == 1
    assert message in capsys.readouterr().err
