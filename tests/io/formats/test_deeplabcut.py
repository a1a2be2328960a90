"""DeepLabCut and LightningPose CSV: what is read, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from htvae.config import DataConfig
from htvae.io.faults import DataError
from htvae.io.formats.anipose import UNKNOWN_AXES
from htvae.io.inputs import read_file
from htvae.poses.sequence import PoseSequence
from tests.io.formats.opened import fault_of, only_track, open_content
from tests.io.formats.tables import make_points, write_deeplabcut

PARTS = ("nose", "leftear", "rightear", "tail.base", "center")


def read(path: Path, **settings: object) -> list[PoseSequence]:
    return read_file(path, DataConfig(**settings))  # type: ignore[arg-type]


def test_one_animal(tmp_path: Path) -> None:
    points = make_points(37, 5)
    (mouse,) = read(write_deeplabcut(tmp_path / "mouse.csv", {"": points}, PARTS, first_frame=42150))
    assert (mouse.name, mouse.landmarks, mouse.first_frame) == ("mouse", PARTS, 42150)
    assert not mouse.coordinates.y_up and mouse.subject is None and not mouse.covariates
    np.testing.assert_array_equal(mouse.pose, np.float32(points * [1, -1]))


def test_several_animals_are_recordings_of_one_session(tmp_path: Path) -> None:
    points = {"black": make_points(37, 5, 1), "white": make_points(37, 5, 2)}
    points["white"][:7] = np.nan
    black, white = read(write_deeplabcut(tmp_path / "cage.csv", points, PARTS))
    assert (black.name, white.name) == ("cage/black", "cage/white")
    assert black.subject is None and white.subject is None  # another file's black may be another animal
    assert black.covariates == {"session": "cage", "individual": "black"}
    assert white.covariates == {"session": "cage", "individual": "white"}
    assert (white.first_frame, white.num_frames) == (7, 30)  # ends without points are cut
    np.testing.assert_array_equal(white.pose, np.float32(points["white"][7:] * [1, -1]))


def test_unique_body_parts_belong_to_the_scene(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    head = {
        "scorer": ["s"] * 9,
        "individuals": ["m1"] * 3 + ["m2"] * 3 + ["single"] * 3,
        "bodyparts": ["nose"] * 6 + ["corner"] * 3,
        "coords": ["x", "y", "likelihood"] * 3,
    }
    rows = [",".join([name, *cells]) for name, cells in head.items()]
    rows += ["0,1,2,1,3,4,1,5,6,1", "1,1.5,2.5,1,3.5,4.5,1,5,6,1"]
    (tmp_path / "cage.csv").write_text("\n".join(rows) + "\n")
    first, second = read(tmp_path / "cage.csv")
    assert first.landmarks == second.landmarks == ("nose",)
    np.testing.assert_array_equal(second.pose[:, 0], [[3, -4], [3.5, -4.5]])
    assert "parts of the scene (individual single) are left out" in caplog.text


def test_uncertain_and_lost_points_are_missing(tmp_path: Path) -> None:
    rows = ["scorer,s,s,s,s,s,s", "bodyparts,a,a,a,b,b,b", "coords,x,y,likelihood,x,y,likelihood"]
    rows += ["0,10,20,0.4,30,40,1", "1,11,21,0.6,0,0,0", "2,12,22,0.9,,,"]
    (tmp_path / "walk.csv").write_text("\n".join(rows) + "\n")
    (walk,) = read(tmp_path / "walk.csv")
    np.testing.assert_array_equal(walk.observed, [[False, True], [True, False], [True, False]])
    (walk,) = read(tmp_path / "walk.csv", min_confidence=0.0)
    np.testing.assert_array_equal(walk.observed, [[True, True], [True, False], [True, False]])


def test_an_empty_first_frame_is_no_header(tmp_path: Path) -> None:
    points = make_points(5, 5)
    points[0] = np.nan
    (walk,) = read(write_deeplabcut(tmp_path / "walk.csv", {"": points}, PARTS))
    assert (walk.first_frame, walk.num_frames) == (1, 4)


def test_three_dimensions_have_the_calibration_s_axes(tmp_path: Path) -> None:
    rows = ["scorer,s,s,s", "bodyparts,a,a,a", "coords,x,y,z", "0,1,2,3", "1,4,5,6"]
    (tmp_path / "reach.csv").write_text("\n".join(rows) + "\n")
    (reach,) = read(tmp_path / "reach.csv")
    np.testing.assert_array_equal(reach.pose[:, 0], [[1, 2, 3], [4, 5, 6]])
    (turned,) = read(tmp_path / "reach.csv", z_up=True)
    np.testing.assert_array_equal(turned.pose[:, 0], [[1, 3, -2], [4, 6, -5]])
    (flat,) = read(tmp_path / "reach.csv", dimensions=2)
    np.testing.assert_array_equal(flat.pose[:, 0], [[1, 2], [4, 5]])
    content = open_content(tmp_path / "reach.csv", "deeplabcut")
    assert content.notes == (UNKNOWN_AXES,)


def test_times_and_the_name_of_the_index(tmp_path: Path) -> None:
    """As a table looks that the user has saved again by pandas."""
    path = write_deeplabcut(tmp_path / "mouse.csv", {"": make_points(37, 2)}, PARTS[:2])
    head, rows = path.read_text().splitlines()[:3], path.read_text().splitlines()[3:]
    times = [f"{i / 30:.4f},{row.partition(',')[2]}" for i, row in enumerate(rows)]
    path.write_text("\n".join([*head, "time" + "," * head[0].count(","), *times]) + "\n")
    assert "add --time_unit s" in fault_of(path)
    content = open_content(path, "deeplabcut", time_unit="s")
    assert content.fps == 30
    np.testing.assert_allclose(only_track(content).points, make_points(37, 2))


def test_a_part_without_likelihood_takes_none_from_others(tmp_path: Path) -> None:
    rows = ["scorer,s,s,s,s,s", "bodyparts,a,a,a,b,b", "coords,x,y,likelihood,x,y", "0,1,2,0.25,3,4"]
    (tmp_path / "a.csv").write_text("\n".join(rows) + "\n")
    confidence = only_track(open_content(tmp_path / "a.csv", "deeplabcut")).confidence
    assert confidence is not None
    np.testing.assert_array_equal(confidence, [[0.25, 1]])


def test_individuals_by_prefix(tmp_path: Path) -> None:
    points = make_points(9, 4)
    path = write_deeplabcut(tmp_path / "two.csv", {"": points}, ("B_nose", "B_tail", "W_nose", "W_tail"))
    black, white = read(path, individual_prefix=("B_", "W_"))
    assert (black.name, white.name) == ("two/B", "two/W")
    assert black.landmarks == white.landmarks == ("nose", "tail")
    np.testing.assert_array_equal(white.pose, np.float32(points[:, 2:] * [1, -1]))
    with pytest.raises(DataError, match="landmarks must begin with one of X_, but are B_nose"):
        read(path, individual_prefix=("X_",))


@pytest.mark.parametrize("index", ["labeled-data/video/img000.png", "labeled-data,video,img000.png"])
def test_hand_labels_are_refused(tmp_path: Path, index: str) -> None:
    commas = "," * index.count(",")
    rows = [f"{name}{commas},{cells}" for name, cells in (("scorer", "s,s"), ("bodyparts", "a,a"))]
    rows += [f"coords{commas},x,y", f"{index},1,2"]
    (tmp_path / "CollectedData_me.csv").write_text("\n".join(rows) + "\n")
    with pytest.raises(DataError, match=r"is one of hand labels of DeepLabCut.*give the files that analyse"):
        read(tmp_path / "CollectedData_me.csv")


HEAD = "scorer,s,s\nbodyparts,a,a\ncoords,x,y\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD, "must have rows below the header, but has none"),
        (HEAD + "0,1\n1,2\n", "rows must have 3 cells, as the header, but have 2"),
        (HEAD + "0,1,2\n0,3,4\n", "a frame must have one row, but frame 0 has 2"),
        (HEAD + "0,1,2\n0.5,3,4\n", "frame numbers must be whole and at least 0, but row 2 has 0.5"),
        (HEAD + "0,1,2\n20000,3,4\n", "must not leave out more than max_frame_gap=10000 in a row"),
        (HEAD + "0,one,2\n", "cells below the header must be numbers"),
        (HEAD + "0,,\n", "must have a point with x and y, but all are missing"),
        (HEAD.replace("x,y", "x,x") + "0,1,2\n", "a column must occur once, but a x occurs again"),
        (HEAD.replace("x,y", "x,likelihood") + "0,1,2\n", "a body part must have x, y, but some lack one: a"),
        (HEAD.replace("coords,x", "coords") + "0,1,2\n", "header rows must have one length"),
    ],
)
def test_damaged_files(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "walk.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read(tmp_path / "walk.csv")
