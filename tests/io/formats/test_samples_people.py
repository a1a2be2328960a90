"""Real files of the formats that list people, against a reading by hand; skipped where they are not there."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from htvae.io.faults import DataError
from htvae.io.formats.registry import recognise
from htvae.poses.sequence import PoseSequence
from tests.io.formats.reading import read_content, read_recordings, source_of

SAMPLES = Path(__file__).parents[3] / "../shared/formats/samples"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not here")

KEEP_ALL = {"min_confidence": 0, "min_individual_share": 0}


def by_frame(recordings: dict[str, PoseSequence], frame: int, landmark: int) -> np.ndarray:
    """Return the places of a landmark of all individuals in a frame, in the file's coordinates, sorted."""
    found = []
    for recording in recordings.values():
        row = frame - recording.first_frame
        if 0 <= row < recording.num_frames and not np.isnan(recording.pose[row, landmark, 0]):
            found.append((recording.pose[row, landmark] * [1, -1]).tolist())
    return np.reshape(sorted(found), (-1, 2))


def test_openpose() -> None:
    files = sorted((SAMPLES / "openpose_json/multi_P1-2_cam01_json").iterdir())
    recordings, notes = read_recordings("openpose", files, **KEEP_ALL)
    assert len(recordings) == 3 and any("BODY_25B" in note for note in notes)
    assert {len(recording.landmarks) for recording in recordings.values()} == {25}
    for frame, path in enumerate(files):
        people = [person["pose_keypoints_2d"] for person in json.loads(path.read_text())["people"]]
        for landmark in (0, 5, 24):
            points = [flat[3 * landmark : 3 * landmark + 2] for flat in people if flat]
            expected = sorted(point for point in points if point != [0, 0])
            np.testing.assert_allclose(
                by_frame(recordings, frame, landmark), np.reshape(expected, (-1, 2)), rtol=1e-6
            )
    # each individual stays where it is: three people who stand or walk slowly
    for recording in recordings.values():
        centre = np.nanmean(recording.pose[:, 5:7], axis=1)
        assert np.nanmax(np.linalg.norm(np.diff(centre, axis=0), axis=-1)) < 40


@pytest.mark.parametrize("name", ["SYNTHETIC_coco_results.json", "SYNTHETIC_coco_tracks.json"])
def test_coco(name: str) -> None:
    path = SAMPLES / "coco_json" / name
    value = json.loads(path.read_text())
    records = value["annotations"] if isinstance(value, dict) else value
    recordings, _ = read_recordings("coco", path, **KEEP_ALL)
    frames = {record["image_id"] for record in records}
    assert len(recordings) == 2 and {r.num_frames for r in recordings.values()} == {len(frames)}
    for frame in frames:
        for landmark in range(17):
            points = [r["keypoints"][3 * landmark :][:3] for r in records if r["image_id"] == frame]
            expected = sorted(point[:2] for point in points if point[2] > 0)
            np.testing.assert_allclose(
                by_frame(recordings, frame, landmark), np.reshape(expected, (-1, 2)), rtol=1e-6
            )


@pytest.mark.parametrize("name", ["mmpose_test_fly.json", "mmpose_test_locust.json"])
def test_labelled_images_are_refused(name: str) -> None:
    with pytest.raises(DataError, match="a set of labelled images is no recording"):
        read_content("coco", SAMPLES / "coco_json" / name)


@pytest.mark.parametrize("name", ["SYNTHETIC_demo_save_predictions.json", "SYNTHETIC_inferencer_video.json"])
def test_mmpose(name: str) -> None:
    path = SAMPLES / "mmpose_json" / name
    value = json.loads(path.read_text())
    records = value["instance_info"] if isinstance(value, dict) else value
    recordings, _ = read_recordings("mmpose", path, **KEEP_ALL)
    assert len(recordings) == max(len(record["instances"]) for record in records) == 2
    assert min(r.first_frame for r in recordings.values()) == 1
    assert max(r.first_frame + r.num_frames for r in recordings.values()) - 1 == records[-1]["frame_id"]
    for record in records:
        for landmark in (0, 16):
            expected = sorted(person["keypoints"][landmark] for person in record["instances"])
            found = by_frame(recordings, record["frame_id"], landmark)
            np.testing.assert_allclose(found, np.reshape(expected, (-1, 2)), rtol=1e-6)


def test_mediapipe_json() -> None:
    path = SAMPLES / "mediapipe/SYNTHETIC_frames.json"
    value = json.loads(path.read_text())
    recordings, _ = read_recordings("mediapipe", path, **KEEP_ALL)
    (found,) = recordings.values()
    assert found.fps == value["fps"] and found.num_frames == len(value["frames"])
    for record in value["frames"]:
        pose = found.pose[record["frame"]]
        if not record["landmarks"]:
            assert np.isnan(pose).all()
            continue
        expected = [
            [point["x"] * value["width"], -point["y"] * value["height"]] for point in record["landmarks"]
        ]
        np.testing.assert_allclose(pose, expected, rtol=1e-6)


def test_mediapipe_wide_tables() -> None:
    for name, first, step in (("SYNTHETIC_wide_numbered.csv", 1, 4), ("SYNTHETIC_wide_names_gaps.csv", 2, 4)):
        path = SAMPLES / "mediapipe" / name
        recordings, _ = read_recordings("mediapipe", path, **KEEP_ALL)
        (found,) = recordings.values()
        rows = list(csv.reader(path.read_text().splitlines()))[1:]
        assert found.num_frames == int(rows[-1][0]) - int(rows[0][0]) + 1 and len(found.landmarks) == 33
        assert found.fps == (30 if "gaps" in name else None)
        seen = np.flatnonzero(found.observed.any(axis=1)).tolist()
        assert seen == [int(row[0]) for row in rows if row[first]]
        for row in rows:
            if row[first]:
                expected = [[float(row[i]), -float(row[i + 1])] for i in range(first, len(row), step)]
                np.testing.assert_allclose(found.pose[int(row[0])], expected, rtol=1e-6)


def test_mediapipe_long_table() -> None:
    path = SAMPLES / "mediapipe/SYNTHETIC_long.csv"
    recordings, _ = read_recordings("mediapipe", path, **KEEP_ALL)
    (found,) = recordings.values()
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert found.fps == 30 and found.observed.sum() == len(rows)
    for row in rows:
        pose = found.pose[int(row["frame"]), found.landmarks.index(row["landmark_name"])]
        np.testing.assert_allclose(pose, [float(row["x"]), -float(row["y"])], rtol=1e-6)


def test_yolo_labels() -> None:
    files = sorted((SAMPLES / "yolo_pose/SYNTHETIC_labels").iterdir())
    recordings, _ = read_recordings("yolo", files, **KEEP_ALL)
    assert set(recordings) == {"video/id_1", "video/id_2"}
    assert recordings["video/id_1"].num_frames == 8 and recordings["video/id_1"].first_frame == 1
    for path in files:
        frame = int(path.stem.split("_")[1])
        for line in path.read_text().splitlines():
            cells = line.split()
            own = recordings[f"video/id_{cells[-1]}"]
            points = np.array(cells[5:56], float).reshape(17, 3)[:, :2]
            points[(points == 0).all(axis=1)] = np.nan
            np.testing.assert_allclose(own.pose[frame - own.first_frame], points * [1, -1], rtol=1e-6)


def test_yolo_table() -> None:
    path = SAMPLES / "yolo_pose/SYNTHETIC_wide.csv"
    recordings, _ = read_recordings("wide", path, **KEEP_ALL)
    rows = list(csv.reader(path.read_text().splitlines()))[1:]
    assert set(recordings) == {f"video/id_{row[1]}" for row in rows}
    for row in rows:
        own = recordings[f"video/id_{row[1]}"]
        points = np.array(row[2:], float).reshape(17, 3)[:, :2]
        np.testing.assert_allclose(own.pose[int(row[0]) - own.first_frame], points * [1, -1], rtol=1e-6)


@pytest.mark.parametrize("folder", ["anipose", "freemocap", "sleap_csv", "deeplabcut", "lightningpose"])
def test_tables_of_other_trackers_are_left_to_them(folder: str) -> None:
    for path in (SAMPLES / folder).glob("*.csv"):
        assert getattr(recognise(source_of(path)), "name", "") not in ("wide", "long", "mediapipe")
