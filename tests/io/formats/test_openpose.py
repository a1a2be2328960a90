"""OpenPose's folders of JSON files."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from htvae.io.faults import DataError
from htvae.io.formats.openpose import FORMAT
from htvae.io.linking import link_individuals
from htvae.poses.layouts import BODY_25, BODY_25B, COCO_18, HALPE_26, MPI_15
from tests.io.formats.reading import detections, make_people, read_content, read_recordings, source_of

FRAMES = 37


def person(points: np.ndarray, confidence: float = 0.75, **parts: Any) -> dict[str, Any]:
    """Return a person of points (L, 2), NaN for lost ones; further parts by name."""
    lost = np.isnan(points).any(axis=-1)
    flat = np.c_[points, np.full(len(points), confidence)]
    flat[lost] = 0
    empty = {
        f"{part}_keypoints_{kind}": []
        for part in ("face", "hand_left", "hand_right")
        for kind in ("2d", "3d")
    }
    return {
        "person_id": [-1],
        "pose_keypoints_2d": flat.ravel().tolist(),
        "pose_keypoints_3d": [],
        **empty,
        **parts,
    }


def write(
    folder: Path, people_of_frames: dict[int, Sequence[dict[str, Any]]], name: str = "v_{:012d}_keypoints"
) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for frame, people in people_of_frames.items():
        files.append(folder / f"{name.format(frame)}.json")
        files[-1].write_text(json.dumps({"version": 1.3, "people": list(people)}))
    return files


def body(points: np.ndarray, layout: Sequence[str]) -> np.ndarray:
    """Return points (T, L, 2) with a head that is small, as heads are."""
    head = [layout.index(name) for name in ("Nose", "LEye", "REye", "LEar", "REar")]
    points = points.copy()
    points[:, head] = points[:, head[:1]] + np.arange(5)[:, None] * [3.0, 1.0]
    return points


@pytest.mark.parametrize("name", ["v_{:012d}_keypoints", "cam01.{:04d}", "walk-{}"])
def test_frames_are_numbered_by_the_files_names(tmp_path: Path, name: str) -> None:
    points = body(make_people(FRAMES, 25, 1)[0], BODY_25)
    points[5, 3] = np.nan
    files = write(tmp_path / "v", {t + 8: [person(points[t])] for t in range(FRAMES) if t != 9}, name)
    recordings, notes = read_recordings("openpose", files)
    (found,) = recordings.values()
    assert not notes and found.name == "video"  # one person: no name of their own
    assert found.landmarks == BODY_25 and found.first_frame == 8 and found.num_frames == FRAMES
    expected = points * [1, -1]
    expected[9] = np.nan
    np.testing.assert_allclose(found.pose, expected, rtol=1e-5)


@pytest.mark.parametrize(("count", "layout"), [(25, BODY_25), (18, COCO_18), (15, MPI_15), (26, HALPE_26)])
def test_the_number_of_points_tells_the_model(tmp_path: Path, count: int, layout: Sequence[str]) -> None:
    points = make_people(3, count, 1)[0]
    points = body(points, layout) if "REye" in layout else points
    found = detections(read_content("openpose", write(tmp_path, {t: [person(points[t])] for t in range(3)})))
    assert found.landmarks == layout
    np.testing.assert_allclose(found.points, points)
    assert found.confidence is not None and (found.confidence == 0.75).all()


def test_the_order_of_body_25b_is_seen_in_the_poses(tmp_path: Path) -> None:
    points = body(make_people(5, 25, 1)[0], BODY_25B)
    points[1:, 3] = np.nan
    content = read_content("openpose", write(tmp_path, {t: [person(points[t])] for t in range(5)}))
    assert detections(content).landmarks == BODY_25B
    assert content.notes == (
        "its 25 points are named in the order of OpenPose's model BODY_25B, which fits the poses",
    )


def test_people_are_followed_whatever_their_order_and_empty_ones_left_out(tmp_path: Path) -> None:
    people = [body(points, BODY_25) for points in make_people(FRAMES, 25, 2)]
    rng = np.random.default_rng(0)
    nobody = {"person_id": [-1], "pose_keypoints_2d": [], "face_keypoints_2d": []}
    frames: dict[int, list[dict[str, Any]]] = {
        t: [nobody, *(person(people[who][t]) for who in rng.permutation(2))] for t in range(FRAMES)
    }
    frames[FRAMES] = []
    recordings, notes = read_recordings("openpose", write(tmp_path, frames))
    assert notes == ["individuals are followed by the nearest pose, as the file has no ids"]
    for who in range(2):  # from left to right
        np.testing.assert_allclose(
            recordings[f"video/person_{who + 1}"].pose, people[who] * [1, -1], rtol=1e-5
        )


def test_hands_and_face_are_read_where_they_are_filled(tmp_path: Path) -> None:
    points, face = body(make_people(3, 25, 1)[0], BODY_25), np.arange(210.0).tolist()
    frames = {t: [person(points[t], face_keypoints_2d=face if t else [])] for t in range(3)}
    content = read_content("openpose", write(tmp_path, frames))
    found = detections(content)
    assert found.landmarks[:25] == BODY_25 and found.landmarks[25:] == tuple(f"face_{i}" for i in range(70))
    assert np.isnan(found.points[0, 25:]).all() and found.points[1, 25:].ravel()[2:].min() == 3
    recordings, _ = read_recordings("openpose", sorted(tmp_path.iterdir()), drop=("face*",))
    assert recordings["video"].landmarks == BODY_25


def test_three_dimensions_are_read_where_they_are_filled(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(0, 1, (4, 25, 3))
    frames = {
        t: [person(points[t, :, :2], pose_keypoints_3d=np.c_[points[t], np.ones(25)].ravel().tolist())]
        for t in range(4)
    }
    files = write(tmp_path, frames)
    content = read_content("openpose", files)
    np.testing.assert_allclose(detections(content).points, points)
    assert not content.coordinates.y_up and not content.are_shares
    assert detections(read_content("openpose", files, dimensions=2)).points.shape[-1] == 2
    for file in files:
        value = json.loads(file.read_text())
        value["people"][0]["pose_keypoints_2d"] = []
        file.write_text(json.dumps(value))
    recordings, _ = read_recordings("openpose", files, dimensions=2)
    np.testing.assert_allclose(recordings["video"].pose, points[..., :2] * [1, -1], rtol=1e-5)
    value["people"][0] |= {
        "pose_keypoints_2d": [],
        "pose_keypoints_3d": [],
        "face_keypoints_3d": [1, 2, 3, 4],
    }
    files[0].write_text(json.dumps(value))
    with pytest.raises(DataError, match="must have points of a body, but has none"):
        read_content("openpose", files[:1])


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_scaled_keypoints_are_shares(tmp_path: Path, scale: float) -> None:
    """``--keypoint_scale`` 3 writes 0..1, 4 writes -1..1."""
    shares = np.random.default_rng(0).uniform(0.1, 0.9, (4, 18, 2))
    written = shares if scale == 1 else 2 * shares - 1
    content = read_content("openpose", write(tmp_path, {t: [person(written[t])] for t in range(4)}))
    assert content.are_shares
    np.testing.assert_allclose(detections(content).points, shares)


def test_file_names_may_be_times(tmp_path: Path) -> None:
    points = body(make_people(FRAMES, 25, 1)[0], BODY_25)
    files = write(tmp_path, {40 * t: [person(points[t])] for t in range(FRAMES)})
    recordings, _ = read_recordings("openpose", files, time_unit="ms")
    assert recordings["video"].fps == 25 and recordings["video"].num_frames == FRAMES


def test_files_without_people_everywhere_are_a_fault(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="must show somebody, but no frame has any people"):
        read_content("openpose", write(tmp_path, {0: [], 1: []}))


def test_numbers_that_are_not_finite_are_lost_points(tmp_path: Path) -> None:
    points = make_people(1, 18, 1)[0, 0]
    flat = np.c_[points, np.ones(18)].ravel().tolist()
    flat[0], flat[4], flat[6] = float("nan"), float("inf"), None
    found = detections(read_content("openpose", write(tmp_path, {0: [{"pose_keypoints_2d": flat}]})))
    assert np.flatnonzero(np.isnan(found.points[0]).any(axis=-1)).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"version": 1.3, "people": [{"pose_keypoints_2d": [1, 2, 0', "v_7.json: must be JSON, but is not"),
        ('{"people": ' + "[" * 100_000, "must be JSON, but is not .it is nested too deeply"),
        ('{"version": 1}', "v_7.json: must have a list of people, but has none"),
        ('{"people": [7]}', "points must be lists of one length"),
        ('{"people": [{"pose_keypoints_2d": {"a": 1}}]}', "points must be lists of one length"),
        ('{"people": [{"pose_keypoints_2d": [1, 2, 3, 4, 5, 6]}]}', "their lengths are 6, 54"),
        (
            '{"people": [{"pose_keypoints_2d": [' + "true, " * 53 + "1]}]}",
            "must be numbers, but some are bool",
        ),
        ('{"people": [{"pose_keypoints_2d": [' + "1e99, " * 53 + "1]}]}", "must be below 1e.30"),
        ('{"people": [{"pose_keypoints_2d": [1' + "0" * 400 + ", 1" * 53 + "]}]}", "must be below 1e.30"),
    ],
)
def test_damaged_files_name_the_file(tmp_path: Path, text: str, message: str) -> None:
    points = make_people(9, 18, 1)[0]
    files = write(tmp_path / "v", {t: [person(points[t])] for t in range(9)}, "v_{}")
    files[7].write_text(text)
    with pytest.raises(DataError, match=message) as error:
        read_content("openpose", files)
    (fault,) = error.value.faults
    assert fault.startswith("v: ")


def test_two_videos_in_one_folder_are_a_fault(tmp_path: Path) -> None:
    points = make_people(2, 18, 1)[0]
    files = [
        file
        for video in ("a", "b")
        for file in write(tmp_path, {t: [person(points[t])] for t in range(2)}, video + "_{}")
    ]
    with pytest.raises(DataError, match=r"its own frame number, but a_0\.json and b_0\.json have the same"):
        read_content("openpose", files)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"people": 3}', '{"people": []}', "nonsense", '{"people": [[]]}']
)
def test_other_files_are_not_recognised(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a_1.json"
    path.write_text(text)
    assert FORMAT.recognise(source_of([path])) == ""


def test_ten_thousand_files_are_no_burden(tmp_path: Path) -> None:
    """A slow step for each person would show: 400 files are read and linked in far less than a second."""
    import time

    people = make_people(400, 25, 2)
    files = write(tmp_path, {t: [person(points[t]) for points in people] for t in range(400)})
    start = time.process_time()
    content = read_content("openpose", files)
    from htvae.config import ReadingConfig

    link_individuals(content, ReadingConfig(), "v", [])
    assert time.process_time() - start < 2.0  # of a CPU; 0.15 s as a rule
