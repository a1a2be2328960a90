from pathlib import Path

import pytest

from htvae.io.formats import deeplabcut, pose_csv, stray_tables
from htvae.io.formats.registry import recognise
from htvae.io.opening import Source


def what(tmp_path: Path, text: str, name: str = "odd.csv") -> object:
    path = tmp_path / name
    path.write_bytes(text.encode())
    return recognise(Source(path, name))


@pytest.mark.parametrize("name", ["Manifest.csv", "manifest (1).csv", "my_manifest.csv"])
def test_manifests_under_another_name(name: str, tmp_path: Path) -> None:
    assert what(tmp_path, "file,Label\nr.csv,a\n", name) is stray_tables.MANIFEST
    assert what(tmp_path, "File,fps\r\nr.csv,30\r\n", name) is stray_tables.MANIFEST


def test_frame_labels_under_another_name(tmp_path: Path) -> None:
    text = "file,start,stop,label\nr.csv,0,9,turn\n"
    assert what(tmp_path, text, "frame-labels.csv") is stray_tables.FRAME_LABELS
    assert what(tmp_path, text, "boris.csv") is stray_tables.TABLES


@pytest.mark.parametrize(
    "text",
    ["subject,score\nx,3\n", "frame,knee_angle\n0,12.5\n", "time;speed\n0;1\n", "file,label\nr.csv,a\n"],
)
def test_tables_without_coordinates(text: str, tmp_path: Path) -> None:
    assert what(tmp_path, text) is stray_tables.TABLES


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "0,1,2\n3,4,5\n",
        "one column\n1\n",
        "Frame,LandmarkID,Xpos,Y\n0,0,0.5,0.5\n",
        "frame,nose_x,nose_y\n0,0.5,0.5\n",
        "frame,nose_y\n0,0.5\n",
        "frame#,landmark_name\n0,A\n",
        "frame#;landmark_name;x;y\n0;A;1;2\n",
        '"unclosed,quote\n',
        "a\0b,c\n1,2\n",
    ],
)
def test_what_may_be_a_recording_is_left_to_the_readers(text: str, tmp_path: Path) -> None:
    assert what(tmp_path, text) not in (stray_tables.TABLES, stray_tables.MANIFEST)


def test_formats_are_asked_first(tmp_path: Path) -> None:
    assert what(tmp_path, "frame#,landmark_name,x,y\n0,A,1,2\n", "manifest.csv") is pose_csv.FORMAT
    rows = "scorer,net,net,net\nbodyparts,nose,nose,nose\ncoords,x,y,likelihood\n0,1.0,2.0,0.9\n"
    assert what(tmp_path, rows, "manifest (2).csv") is deeplabcut.FORMAT
