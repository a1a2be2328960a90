""".pose files, written byte by byte after the specification, in all three versions."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from htvae.io.tracks import IMAGE, Detections
from tests.io.formats.opened import check_damaged, fault_of, only_track, open_content

Part = tuple[str, str, tuple[str, ...]]
BODY: Part = ("pose_keypoints_2d", "XYC", ("Nose", "Neck", "RHip"))
HANDS: list[Part] = [(f"hand_{side}_keypoints_2d", "XYC", ("BASE", "T_TIP")) for side in ("left", "right")]


def text(value: str) -> bytes:
    return struct.pack("<H", len(value)) + value.encode()


def pack_header(version: float, parts: list[Part], width: int = 640) -> bytes:
    content = struct.pack("<f4H", version, width, 480, 0, len(parts))
    for name, axes, points in parts:
        content += text(name) + text(axes) + struct.pack("<3H", len(points), 1, 2)
        content += b"".join(map(text, points)) + struct.pack("<2H", 0, 1) + bytes(12)
    return content


def write_pose(
    path: Path,
    values: np.ndarray,
    parts: list[Part],
    version: float = 0.2,
    fps: float = 25,
    stated: int | None = None,
    **header: Any,
) -> Path:
    """Write values (T, people, L, axes with the confidence last); 0.0 has only people with one."""
    num_frames, num_people = values.shape[:2]
    stated = num_frames if stated is None else stated
    content = pack_header(version, parts, **header)
    if version == 0:
        content += struct.pack("<2H", int(fps), stated)
        for people in values:
            there = [person for person in people if person[:, -1].any()]
            content += struct.pack("<H", len(there))
            content += b"".join(struct.pack("<h", -1) + person.astype("<f4").tobytes() for person in there)
    else:
        content += (
            struct.pack("<3H", int(fps), stated, num_people)
            if version == 0.1
            else struct.pack("<fIH", fps, stated, num_people)
        )
        content += values[..., :-1].astype("<f4").tobytes() + values[..., -1].astype("<f4").tobytes()
    path.write_bytes(content)
    return path


def make_values(num_people: int = 1, num_points: int = 3, num_axes: int = 2) -> np.ndarray:
    values = (
        np.random.default_rng(0)
        .uniform(20, 400, (37, num_people, num_points, num_axes + 1))
        .astype(np.float32)
    )
    values[..., -1] = 0.75
    values[4, 0, 1] = 0
    values[10:13] = 0
    return values


def expected_points(values: np.ndarray) -> np.ndarray:
    return np.where(values[..., -1:] > 0, values[..., :-1], np.nan)


@pytest.mark.parametrize("version", [0.0, 0.1, 0.2])
def test_values_of_each_version(tmp_path: Path, version: float) -> None:
    values = make_values()
    content = open_content(write_pose(tmp_path / "a.pose", values, [BODY], version), "pose")
    track = only_track(content)
    assert track.landmarks == BODY[2]
    assert content.fps == 25
    assert content.coordinates == IMAGE
    np.testing.assert_array_equal(track.points, expected_points(values)[:, 0])
    np.testing.assert_array_equal(track.confidence, values[:, 0, :, -1])


def test_the_rate_of_version_2_is_a_float(tmp_path: Path) -> None:
    assert open_content(
        write_pose(tmp_path / "a.pose", make_values(), [BODY], 0.2, 29.97), "pose"
    ).fps == pytest.approx(29.97)
    assert open_content(write_pose(tmp_path / "a.pose", make_values(), [BODY], 0.2, 0), "pose").fps is None


@pytest.mark.parametrize("stated", [0, 37])
def test_the_size_of_version_1_tells_the_frames(tmp_path: Path, stated: int) -> None:
    path = write_pose(tmp_path / "a.pose", make_values(), [BODY], 0.1, stated=stated)
    assert len(only_track(open_content(path, "pose")).points) == 37
    path = write_pose(tmp_path / "a.pose", make_values(), [BODY], 0.1, stated=36)
    assert "is cut off" in fault_of(path)


def test_hands_get_prefixes(tmp_path: Path) -> None:
    path = write_pose(tmp_path / "a.pose", make_values(1, 7), [BODY, *HANDS])
    names = only_track(open_content(path, "pose")).landmarks
    assert names == (
        "Nose",
        "Neck",
        "RHip",
        "LEFT_HAND_BASE",
        "LEFT_HAND_T_TIP",
        "RIGHT_HAND_BASE",
        "RIGHT_HAND_T_TIP",
    )


def test_other_components_with_the_same_points_get_their_names(tmp_path: Path) -> None:
    path = write_pose(tmp_path / "a.pose", make_values(1, 6), [BODY, ("second", "XYC", BODY[2])])
    assert only_track(open_content(path, "pose")).landmarks[3:] == (
        "second_Nose",
        "second_Neck",
        "second_RHip",
    )


@pytest.mark.parametrize("version", [0.0, 0.1, 0.2])
def test_several_people_are_detections(tmp_path: Path, version: float) -> None:
    values = make_values(2)
    content = open_content(write_pose(tmp_path / "a.pose", values, [BODY], version), "pose")
    found = content.individuals
    assert isinstance(found, Detections)
    assert found.ids is None
    seen = [
        (frame, person) for frame in range(37) for person in range(2) if values[frame, person, :, -1].any()
    ]
    np.testing.assert_array_equal(found.frames, [frame for frame, _ in seen])
    np.testing.assert_array_equal(
        found.points, [expected_points(values)[frame, person] for frame, person in seen]
    )


def test_one_person_who_changes_places_is_one_track(tmp_path: Path) -> None:
    values = make_values(2)
    values[:20, 1] = 0
    values[20:, 0] = 0
    track = only_track(open_content(write_pose(tmp_path / "a.pose", values, [BODY]), "pose"))
    np.testing.assert_array_equal(track.points[20:], expected_points(values)[20:, 1])


MEDIAPIPE: list[Part] = [
    ("POSE_LANDMARKS", "XYZC", ("NOSE", "LEFT_HIP")),
    ("LEFT_HAND_LANDMARKS", "XYZC", ("WRIST",)),
    ("POSE_WORLD_LANDMARKS", "XYZC", ("NOSE", "LEFT_HIP")),
]


def test_mediapipes_depth_is_read_when_asked_for(tmp_path: Path) -> None:
    """x and y are pixels, z a share of the width; the points in metres are the same points once more."""
    values = make_values(1, 5, 3)
    values[..., 2] /= 400
    values[:, :, 3:, :3] /= 400
    path = write_pose(tmp_path / "a.pose", values, MEDIAPIPE)
    content = open_content(path, "pose")
    assert only_track(content).landmarks == ("NOSE", "LEFT_HIP", "LEFT_HAND_WRIST")
    assert [note.split()[0] for note in content.notes] == ["world", "z"]
    np.testing.assert_array_equal(only_track(content).points, expected_points(values)[:, 0, :3, :2])
    deep = only_track(open_content(path, "pose", dimensions=3)).points
    np.testing.assert_array_equal(deep[..., 2], expected_points(values)[:, 0, :3, 2].astype(float) * 640)


def test_world_landmarks_alone_are_read(tmp_path: Path) -> None:
    values = make_values(1, 2, 3)
    values[..., :3] /= 400
    track = only_track(open_content(write_pose(tmp_path / "a.pose", values, MEDIAPIPE[2:]), "pose"))
    assert track.landmarks == ("NOSE", "LEFT_HIP")
    np.testing.assert_array_equal(track.points, expected_points(values)[:, 0])


def test_a_depth_camera_adds_a_number(tmp_path: Path) -> None:
    values = make_values(1, 2, 4)
    path = write_pose(tmp_path / "a.pose", values, [("body", "XYZKC", ("A", "B"))])
    np.testing.assert_array_equal(
        only_track(open_content(path, "pose")).points, expected_points(values)[:, 0, :, :3]
    )


@pytest.mark.parametrize("version", [0.0, 0.1, 0.2])
def test_damaged_files_end_in_a_sentence(tmp_path: Path, version: float) -> None:
    path = write_pose(tmp_path / "a.pose", make_values(), [BODY], version)
    content = path.read_bytes()
    path.write_bytes(content[:-5])
    assert "must be a whole .pose file" in fault_of(path)
    path.write_bytes(pack_header(version, [BODY]))
    assert "must be a whole .pose file" in fault_of(path)
    check_damaged(write_pose(path, make_values(), [BODY], version), seed=7)


def test_claims_of_many_frames_allocate_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.pose"
    path.write_bytes(pack_header(0.2, [BODY]) + struct.pack("<fIH", 25, 2**32 - 1, 65535) + bytes(1000))
    assert "ends early" in fault_of(path)
    path.write_bytes(pack_header(0.2, [BODY]) + struct.pack("<fIH", 25, 10, 0) + bytes(1000))
    assert "nobody" in fault_of(path)
    many: Part = ("MANY", "XYC", tuple(f"P{i}" for i in range(9000)))  # one person, in the last frame
    person = struct.pack("<Hh", 1, -1) + np.ones((9000, 3), "<f4").tobytes()
    path.write_bytes(pack_header(0.0, [many]) + struct.pack("<2H", 25, 65535) + bytes(2 * 65534) + person)
    assert "must not lie too far apart" in fault_of(path)
