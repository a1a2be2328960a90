"""FreeMoCap: the tables and arrays of its versions, written as their own code does."""

from pathlib import Path

import numpy as np
import pytest

from htvae.config import DataConfig
from htvae.io.folder import read_sources
from htvae.io.formats import freemocap
from htvae.io.opening import Source
from htvae.poses.landmarks import MEDIAPIPE_LANDMARKS
from htvae.poses.sequence import Coordinates
from tests.io.formats.opened import check_damaged, fault_of, only_track, open_content, refusal_of

BODY = tuple(name.lower() for name in MEDIAPIPE_LANDMARKS)


def make_points(num_points: int, num_frames: int = 37) -> np.ndarray:
    points = np.random.default_rng(0).normal(0, 500, (num_frames, num_points, 3)).round(3)
    points[3, -1] = np.nan
    return points


def write_wide(path: Path, points: np.ndarray, names: tuple[str, ...], before: tuple[str, ...] = ()) -> Path:
    """Write a wide table; ``before`` are columns of texts with commas in quotes."""
    header = [*before, *(f"{name}_{axis}" for name in names for axis in "xyz")]
    rows = [",".join(header)]
    for row in points.reshape(len(points), -1).tolist():
        rows.append(
            ",".join([*('"{a: 1, b: 2}"' for _ in before), *("" if v != v else repr(v) for v in row)])
        )
    path.write_text("\n".join(rows) + "\n")
    return path


def test_a_wide_table_of_the_body(tmp_path: Path) -> None:
    points = make_points(33)
    content = open_content(write_wide(tmp_path / "mediapipe_body_3d_xyz.csv", points, BODY), "freemocap")
    assert only_track(content).landmarks == BODY
    assert content.coordinates == Coordinates(z_up=True)
    np.testing.assert_array_equal(only_track(content).points, points)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("body_nose", "body_left_hip"), ("nose", "left_hip")),
        (("body.nose", "body.left_hip"), ("nose", "left_hip")),
        (("right_hand_right_hand_0004", "right_hand_wrist"), ("right_hand_thumb_tip", "right_hand_wrist")),
        (("left_hand_0000", "left_hand_0008"), ("left_hand_wrist", "left_hand_index_finger_tip")),
        (("face_0000", "face_0001"), ("face_0000", "face_0001")),
    ],
)
def test_names_of_all_versions_are_alike(
    tmp_path: Path, names: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    path = write_wide(tmp_path / "a.csv", make_points(2), names)
    assert only_track(open_content(path, "freemocap")).landmarks == expected


def test_columns_of_times_and_centres_of_mass_are_left_out(tmp_path: Path) -> None:
    names = ("com_full_body", "body_nose", "body_left_hip", "com_head")
    path = write_wide(tmp_path / "a.csv", make_points(4), names, ("timestamp", "timestamp_by_camera"))
    track = only_track(open_content(path, "freemocap"))
    assert track.landmarks == ("nose", "left_hip")
    np.testing.assert_array_equal(track.points, make_points(4)[:, 1:3])


def test_an_array_of_the_body_is_in_mm(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", make_points(33))
    content = open_content(tmp_path / "a.npy", "freemocap")
    assert only_track(content).landmarks == BODY
    np.testing.assert_array_equal(only_track(content).points, make_points(33))
    assert "read as FreeMoCap's" in content.notes[0]


@pytest.mark.parametrize("num_points", [33, 75, 543])
def test_arrays_that_are_not_in_mm_are_others(tmp_path: Path, num_points: int) -> None:
    metres = make_points(num_points) / 500
    pixels = np.abs(make_points(num_points))
    pixels[..., 2] = 0.9  # a visibility is no height
    for points in (metres, pixels):
        np.save(tmp_path / "a.npy", points)
        open_content(tmp_path / "a.npy", "arrays")
    np.save(tmp_path / "a.npy", np.full((37, num_points, 3), np.nan))  # nobody is seen
    open_content(tmp_path / "a.npy", "arrays" if num_points == 33 else "freemocap")


def test_an_array_in_fortran_s_order(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.asfortranarray(make_points(33)))
    track = only_track(open_content(tmp_path / "a.npy", "freemocap"))
    np.testing.assert_array_equal(track.points, make_points(33))


@pytest.mark.parametrize(("num_points", "face"), [(75, 0), (543, 468), (553, 478)])
def test_arrays(tmp_path: Path, num_points: int, face: int) -> None:
    points = make_points(num_points)
    np.save(tmp_path / "mediapipe_skeleton_3d.npy", points)
    content = open_content(tmp_path / "mediapipe_skeleton_3d.npy", "freemocap")
    names = only_track(content).landmarks
    assert len(set(names)) == num_points
    assert names[:33] == BODY
    assert (
        names[33] == "right_hand_wrist"
        and names[54] == "left_hand_wrist"
        and names[74] == "left_hand_pinky_tip"
    )
    assert sum(name.startswith("face_") for name in names) == face
    assert content.coordinates == Coordinates(z_up=True)
    np.testing.assert_array_equal(only_track(content).points, points)


def write_long(path: Path, rows: list[str], header: str) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_long_tables_of_version_1(tmp_path: Path) -> None:
    points = make_points(4)
    kinds = [
        ("mediapipe_body", "nose"),
        ("mediapipe_hand", "left_0004"),
        ("mediapipe_face", "0000"),
        ("mediapipe_com", "full"),
    ]
    rows = [
        f'{frame},,"{{}}",{model},{name},'
        + ",".join("" if v != v else repr(v) for v in points[frame, i].tolist())
        + ",0.5"
        for frame in range(37)
        for i, (model, name) in enumerate(kinds)
    ]
    header = "frame,timestamp,timestamp_by_camera,model,keypoint,x,y,z,reprojection_error"
    track = only_track(open_content(write_long(tmp_path / "a_by_frame.csv", rows, header), "freemocap"))
    assert track.landmarks == ("nose", "left_hand_thumb_tip", "face_0000")
    np.testing.assert_array_equal(track.points, points[:, :3])


def test_long_tables_of_version_2(tmp_path: Path) -> None:
    """Of a point's trajectories the measured one is read."""
    points = make_points(2)
    rows = []
    for frame in range(37):
        for model, i in (("rtmpose.body", 0), ("rtmpose.left_hand", 1)):
            name = ("nose", "left_hand_wrist")[i]
            x, y, z = ("" if v != v else repr(v) for v in points[frame, i].tolist())
            rows.append(f"{frame},{name},{x},{y},{z},{model},3d_xyz")
            rows.append(f"{frame},{name},1,2,3,{model},rigid_3d_xyz")
        rows.append(f"{frame},total_body_center_of_mass,1,2,3,rtmpose.body,total_body_center_of_mass")
    path = write_long(tmp_path / "freemocap_data_by_frame.csv", rows, "frame,keypoint,x,y,z,model,trajectory")
    content = open_content(path, "freemocap")
    assert only_track(content).landmarks == ("nose", "left_hand_wrist")
    assert content.coordinates == Coordinates(z_up=True)
    np.testing.assert_array_equal(only_track(content).points, points)


def write_session(folder: Path, body: np.ndarray) -> None:
    """The files of one recording, as FreeMoCap 1.x leaves them."""
    output, raw, mass = (
        folder / "output_data",
        folder / "output_data/raw_data",
        folder / "output_data/center_of_mass",
    )
    for path in (raw, mass):
        path.mkdir(parents=True)
    hand, face = make_points(21), make_points(478)
    for part, points, names in (
        ("body", body, tuple(f"body_{name}" for name in BODY)),
        ("right_hand", hand, tuple(f"right_hand_{i:04}" for i in range(21))),
        ("left_hand", hand, tuple(f"left_hand_{i:04}" for i in range(21))),
        ("face", face, tuple(f"face_{i:04}" for i in range(478))),
    ):
        write_wide(output / f"mediapipe_{part}_3d_xyz.csv", points, names)
        np.save(output / f"mediapipe_{part}_3d_xyz.npy", points)
    everything = np.concatenate([body, hand, hand, face], axis=1)
    np.save(output / "mediapipe_skeleton_3d.npy", everything)
    np.save(raw / "mediapipe3dData_numFrames_numTrackedPoints_spatialXYZ.npy", everything)
    np.save(raw / "mediapipe3dData_numFrames_numTrackedPoints_reprojectionError.npy", everything[..., 0])
    np.save(raw / "mediapipe_2dData_numCams_numFrames_numTrackedPoints_pixelXY.npy", everything[None])
    np.save(mass / "mediapipe_segmentCOM_frame_joint_xyz.npy", make_points(14))
    np.save(mass / "mediapipe_total_body_center_of_mass_xyz.npy", make_points(1)[:, 0])
    write_wide(
        folder / f"{folder.name}_by_trajectory.csv", body, tuple(f"body_{n}" for n in BODY), ("timestamp",)
    )


def test_of_a_session_s_files_the_body_is_read(tmp_path: Path) -> None:
    for number in range(2):
        write_session(tmp_path / f"recording_{number}", make_points(33) + number)
    read = read_sources(tmp_path, DataConfig())
    assert read.faults == []
    names = [sequence.name for sequence in read.sequences]
    assert [name.rpartition(".")[0] or name for name in names] == [
        f"recording_{number}/output_data/mediapipe_body_3d_xyz" for number in range(2)
    ]
    assert all(sequence.landmarks == BODY for sequence in read.sequences)
    said = "\n".join(read.passed_over)
    for name in (
        "face_3d_xyz.csv",
        "skeleton_3d.npy",
        "by_trajectory.csv",
        "mediapipe3dData",
        "center_of_mass",
    ):
        assert name in said


def test_parts_that_are_no_recordings_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "segmentCOM_frame_joint_xyz.npy", make_points(14))
    np.save(tmp_path / "total_body_center_of_mass_xyz.npy", make_points(1)[:, 0])
    np.save(tmp_path / "mediapipe_left_hand_3d_xyz.npy", make_points(21))
    (tmp_path / "long_center_of_mass.csv").write_text("frame,keypoint,x,y,z\n0,head,1,2,3\n")
    for path in sorted(tmp_path.iterdir()):
        assert "centres of mass" in refusal_of(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("frame,keypoint,x,y,z\n0,nose,11,12,13\n0,nose,11,12,13\n", "nose has 2 in frame 0"),
        ("frame,keypoint,x,y,z,model\n0,nose,1,2,left,body\n", "must be numbers"),
        ("frame,keypoint,x,y,z,model\n", "has none"),
        ("frame,keypoint,x,y,z\n0,com_full,11,12,13\n", "centres of mass"),
        ("frame,keypoint,x,y,z,x,model\n0,nose,1,2,3,4,body\n", "x occurs again"),
        ("frame,keypoint,x,y,z\n0.5,nose,11,12,13\n", "must be whole"),
        (
            "body_nose_x,body_nose_y,body_nose_z,nose_x,nose_y,nose_z\n11,12,13,1,2,3\n11,12,13,4,5,6\n",
            "nose occurs again",
        ),
    ],
)
def test_damaged_files_end_in_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    assert words in fault_of(tmp_path / "a.csv")


def test_any_damage_ends_in_a_sentence(tmp_path: Path) -> None:
    check_damaged(write_wide(tmp_path / "a.csv", make_points(5), BODY[:5]), seed=5)


def test_a_point_a_frame_allocates_nothing(tmp_path: Path) -> None:
    """A table in which each row names another frame and another point would fill a square of them."""
    rows = [f"{i},p{i},11,12,13" for i in range(20_000)]
    path = write_long(tmp_path / "a.csv", rows, "frame,keypoint,x,y,z")
    assert "most frames" in fault_of(path)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("frame,keypoint,x,y,z,likelihood", "0,nose,11,12,13,0.5"),
        ("frame,keypoint,x,y", "0,nose,11,12"),
        ("frame,landmark,x,y,z", "0,nose,11,12,13"),
        ("frame,keypoint,x,y,z", "0,nose,0.42,0.3,-0.1"),  # shares of an image
        ("frame,keypoint,x,y,z", "0,nose,320.5,120.5,0.91"),  # pixels and a visibility
        ("nose_x,nose_y,nose_z,hip_x,hip_y,hip_z", "320.5,120.5,0.91,300.5,220.5,0.97"),
    ],
)
def test_other_tables_are_not_recognised(tmp_path: Path, header: str, row: str) -> None:
    (tmp_path / "a.csv").write_text(f"{header}\n{row}\n")
    assert freemocap.FORMAT.recognise(Source(tmp_path / "a.csv", "a.csv")) == ""
