"""Wide 3-D tables of any program."""

from pathlib import Path

import numpy as np
import pytest

from htvae.io.formats import wide_3d
from htvae.io.opening import Source
from htvae.io.tracks import IMAGE
from htvae.poses.landmarks import MEDIAPIPE_LANDMARKS
from htvae.poses.sequence import Coordinates
from tests.io.formats.opened import check_damaged, fault_of, only_track, open_content


def write_table(
    path: Path, points: np.ndarray, names: tuple[str, ...], joint: str = "_", frame: str = "frame"
) -> Path:
    header = [frame, *(f"{name}{joint}{axis}" for name in names for axis in "xyz")]
    rows = [",".join(header)]
    for number, row in enumerate(points.reshape(len(points), -1).tolist(), 5):
        rows.append(",".join([str(number), *("" if v != v else repr(v) for v in row)]))
    path.write_text("\n".join(rows) + "\n")
    return path


def make_points(num_points: int = 3) -> np.ndarray:
    points = np.random.default_rng(0).normal(0, 500, (37, num_points, 3)).round(3)
    points[3, 2] = np.nan
    return points


@pytest.mark.parametrize("joint", ["_", ".", " "])
@pytest.mark.parametrize("frame", ["frame", "Frame", "frame_number", "fnum"])
def test_values_and_frames(tmp_path: Path, joint: str, frame: str) -> None:
    names = ("nose", "tail_base", "paw.l")
    content = open_content(write_table(tmp_path / "a.csv", make_points(), names, joint, frame), "wide_3d")
    track = only_track(content)
    assert track.landmarks == names
    assert track.first_frame == 5
    assert content.coordinates == Coordinates()
    assert "--z_up" in content.notes[0]
    np.testing.assert_array_equal(track.points, make_points())


def test_mediapipes_names_tell_the_axes(tmp_path: Path) -> None:
    points = make_points(33)
    content = open_content(write_table(tmp_path / "a.csv", points, MEDIAPIPE_LANDMARKS), "wide_3d")
    assert content.coordinates == Coordinates(z_up=True)
    shares = np.random.default_rng(0).uniform(0, 1, (37, 33, 3))
    write_table(tmp_path / "a.csv", shares, MEDIAPIPE_LANDMARKS)
    content = open_content(tmp_path / "a.csv", "wide_3d")
    assert content.are_shares and content.coordinates == IMAGE
    assert only_track(content).points.shape == (37, 33, 2)
    assert only_track(open_content(tmp_path / "a.csv", "wide_3d", dimensions=3)).points.shape == (37, 33, 3)
    world = shares - shares[:, 23:25].mean(axis=1, keepdims=True)
    content = open_content(write_table(tmp_path / "a.csv", world, MEDIAPIPE_LANDMARKS), "wide_3d")
    assert not content.are_shares and content.coordinates == IMAGE
    assert only_track(content).points.shape == (37, 33, 3)
    world[5:20] = np.nan  # nobody is seen
    content = open_content(write_table(tmp_path / "a.csv", world, MEDIAPIPE_LANDMARKS), "wide_3d")
    assert not content.are_shares
    np.testing.assert_array_equal(only_track(content).points, world)


@pytest.mark.parametrize(
    "header",
    [
        "a_x,a_y,a_z,b_x,b_y,b_z",
        "frame,a_x,a_y,b_x,b_y",
        "frame,a_x,a_y,a_z",
        "frame,a_x,a_y,a_z,b_x,b_y,b_z,a_likelihood,b_likelihood",
        "frame,0_x,0_y,0_z,1_x,1_y,1_z",
        "scorer,a_x,a_y",
        "",
        '"',
    ],
)
def test_other_tables_are_not_recognised(tmp_path: Path, header: str) -> None:
    (tmp_path / "a.csv").write_text(header + "\n" + ",".join("1" for _ in header.split(",")) + "\n")
    assert wide_3d.FORMAT.recognise(Source(tmp_path / "a.csv", "a.csv")) == ""


def test_few_frames_far_apart_allocate_nothing(tmp_path: Path) -> None:
    names = tuple(f"marker{i}" for i in range(300))
    path = tmp_path / "a.csv"
    header = ",".join(["frame", *(f"{name}_{axis}" for name in names for axis in "xyz")])
    path.write_text(header + "\n" + "".join(f"{i * 9000}" + ",1" * 900 + "\n" for i in range(300)))
    assert "most frame numbers must have a row" in fault_of(path)


def test_any_damage_ends_in_a_sentence(tmp_path: Path) -> None:
    check_damaged(write_table(tmp_path / "a.csv", make_points(), ("a", "b", "c")), seed=6)
