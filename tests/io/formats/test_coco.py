"""COCO's keypoints: annotations of video frames, and results."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from htvae.io.faults import DataError
from htvae.io.formats.coco import FORMAT
from htvae.poses.layouts import COCO_17, COCO_WHOLEBODY_133
from tests.io.formats.reading import detections, make_people, read_content, read_recordings, source_of

FRAMES = 37
NAMES = ("head", "neck", "thorax", "tail", "wing")


def save(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value))
    return path


def annotate(people: np.ndarray, **changes: Any) -> dict[str, Any]:
    """Return annotations of people (P, T, L, 2), NaN for lost points."""
    lost = np.isnan(people).any(axis=-1)
    flat = np.concatenate([np.nan_to_num(people), np.where(lost, 0, 2)[..., None]], axis=-1)
    value = {
        "images": [{"id": 70 + t, "file_name": f"img_{t:05d}.png"} for t in range(people.shape[1])],
        "annotations": [
            {
                "id": 1000 * p + t,
                "image_id": 70 + t,
                "category_id": 3,
                "keypoints": flat[p, t].ravel().tolist(),
            }
            for t in range(people.shape[1])
            for p in range(len(people))
        ],
        "categories": [{"id": 3, "name": "fly", "keypoints": list(NAMES[: people.shape[2]])}],
    }
    return value | changes


def results(people: np.ndarray, first: int = 0, scores: bool = True) -> list[dict[str, Any]]:
    third = (
        np.random.default_rng(0).uniform(0.55, 1, people.shape[:3])
        if scores
        else np.full(people.shape[:3], 2.0)
    )
    flat = np.concatenate([people, third[..., None]], axis=-1)
    return [
        {"image_id": first + t, "category_id": 1, "keypoints": flat[p, t].ravel().tolist(), "score": 0.8}
        for t in range(people.shape[1])
        for p in range(len(people))
    ]


def test_annotations_of_a_video_with_identities(tmp_path: Path) -> None:
    people = make_people(FRAMES, 5, 2)
    people[0, 4, 3] = np.nan
    value = annotate(people)
    for record in value["annotations"]:
        record["track_id"] = 9 - record["id"] // 1000
    recordings, notes = read_recordings("coco", save(tmp_path / "a.json", value))
    assert not notes and set(recordings) == {"video/id_8", "video/id_9"}
    for name, expected in (("video/id_9", people[0]), ("video/id_8", people[1])):
        assert recordings[name].landmarks == NAMES and recordings[name].first_frame == 0
        np.testing.assert_allclose(recordings[name].pose, expected * [1, -1], rtol=1e-5)


def test_identities_may_stand_in_attributes(tmp_path: Path) -> None:
    value = annotate(make_people(3, 5, 2))
    for record in value["annotations"]:
        record["attributes"] = {"track_id": str(record["id"] // 1000), "occluded": False}
    found = detections(read_content("coco", save(tmp_path / "a.json", value)))
    assert found.ids is not None and found.ids.tolist() == [0, 1] * 3


@pytest.mark.parametrize("scores", [True, False])
def test_results(tmp_path: Path, scores: bool) -> None:
    people = make_people(FRAMES, 17, 2)
    content = read_content("coco", save(tmp_path / "a.json", results(people, 5, scores)))
    found = detections(content)
    assert found.landmarks == COCO_17 and not content.coordinates.y_up
    assert (found.confidence is not None) is scores  # visibilities 0, 1, 2 are no confidences
    np.testing.assert_array_equal(found.frames, np.repeat(np.arange(5, FRAMES + 5), 2))
    np.testing.assert_allclose(found.points[::2], people[0])


def test_whole_bodies_are_put_together(tmp_path: Path) -> None:
    people = make_people(3, 133, 1)
    value = results(people[:, :, :17])
    parts = {
        "foot_kpts": (17, 23),
        "face_kpts": (23, 91),
        "lefthand_kpts": (91, 112),
        "righthand_kpts": (112, 133),
    }
    for t, record in enumerate(value):
        for key, (start, stop) in parts.items():
            record[key] = np.c_[people[0, t, start:stop], np.ones(stop - start)].ravel().tolist()
    found = detections(read_content("coco", save(tmp_path / "a.json", value)))
    assert found.landmarks == COCO_WHOLEBODY_133
    np.testing.assert_allclose(found.points, people[0])


def test_frames_come_from_frame_id_before_names_and_ids(tmp_path: Path) -> None:
    people = make_people(3, 5, 1)
    images = [{"id": 500 + t, "file_name": f"x/{2 * t}.png", "frame_id": 10 + t} for t in range(3)]
    for record, image in zip((value := annotate(people, images=images))["annotations"], images, strict=True):
        record["image_id"] = image["id"]
    assert detections(read_content("coco", save(tmp_path / "a.json", value))).frames.tolist() == [10, 11, 12]
    for image in images:
        del image["frame_id"]
    assert detections(read_content("coco", save(tmp_path / "b.json", value))).frames.tolist() == [0, 2, 4]
    for image in images:
        image["file_name"] = "same.png"
    assert detections(read_content("coco", save(tmp_path / "c.json", value))).frames.tolist() == [
        500,
        501,
        502,
    ]


def test_posetrack_s_ids_are_taken_apart(tmp_path: Path) -> None:
    """Their frame_id is the image's id: 1, six digits of the video, four of the frame."""
    value = annotate(make_people(4, 5, 1))
    for t, (image, record) in enumerate(zip(value["images"], value["annotations"], strict=True)):
        image |= {"id": 10034180000 + t, "frame_id": 10034180000 + t, "vid_id": "003418"}
        record["image_id"] = image["id"]
    assert detections(read_content("coco", save(tmp_path / "a.json", value))).frames.tolist() == [0, 1, 2, 3]
    people = make_people(4, 17, 1)
    both = [*results(people, 10034180000), *results(people, 10009480003)]
    recordings, _ = read_recordings("coco", save(tmp_path / "b.json", both))
    assert set(recordings) == {"video/003418", "video/000948"}
    assert recordings["video/000948"].first_frame == 3


@pytest.mark.parametrize("by", ["video_id", "vid_id", "folder"])
def test_several_videos_are_takes(tmp_path: Path, by: str) -> None:
    people = make_people(2 * FRAMES, 5, 2)
    value = annotate(people)
    for t, image in enumerate(value["images"]):
        video, number = ("left", "right")[t // FRAMES], t % FRAMES
        image["file_name"] = f"{video}/{number:04d}.png" if by == "folder" else f"{number:04d}.png"
        if by != "folder":
            image[by] = video
    recordings, notes = read_recordings("coco", save(tmp_path / "a.json", value))
    assert set(recordings) == {f"video/{side}/person_{n}" for side in ("left", "right") for n in (1, 2)}
    assert "it holds 2 videos, whose individuals are read as VIDEO/PERSON" in notes
    sessions = {name: recording.covariates["session"] for name, recording in recordings.items()}
    assert set(sessions.values()) == {"video/left", "video/right"} and all(
        name.startswith(session) for name, session in sessions.items()
    )
    np.testing.assert_allclose(
        recordings["video/right/person_2"].pose, people[1, FRAMES:] * [1, -1], rtol=1e-5
    )


def test_folders_of_the_same_name_are_different_videos(tmp_path: Path) -> None:
    people = make_people(2 * FRAMES, 5, 1)
    value = annotate(people)
    for t, image in enumerate(value["images"]):
        image["file_name"] = f"data/mouse{t // FRAMES}/images/{20_000 * (t // FRAMES) + t % FRAMES:05d}.png"
    recordings, _ = read_recordings("coco", save(tmp_path / "a.json", value))
    assert {name: recording.first_frame for name, recording in recordings.items()} == {
        "video/mouse0": 0,
        "video/mouse1": 20_000,  # each video has its own frame numbers
    }
    np.testing.assert_allclose(recordings["video/mouse1"].pose, people[0, FRAMES:] * [1, -1], rtol=1e-5)


@pytest.mark.parametrize("numbers", [(1400, 1450), (630, 650, 651), tuple(range(0, 9000, 700))[:9]])
def test_single_images_are_no_recording(tmp_path: Path, numbers: tuple[int, ...]) -> None:
    value = annotate(make_people(len(numbers), 5, 1))
    for number, image in zip(numbers, value["images"], strict=True):
        image["file_name"] = f"{number}.jpg"
    with pytest.raises(DataError, match="a set of labelled images is no recording"):
        read_content("coco", save(tmp_path / "a.json", value))


def test_every_fifth_frame_is_a_recording(tmp_path: Path) -> None:
    value = annotate(make_people(20, 5, 2))
    for t, image in enumerate(value["images"]):
        image["file_name"] = f"{5 * t}.jpg"
    recordings, _ = read_recordings("coco", save(tmp_path / "a.json", value))
    assert {r.num_frames for r in recordings.values()} == {96}
    assert {int(r.observed[:, 0].sum()) for r in recordings.values()} == {20}


def test_other_categories_are_left_out_and_said(tmp_path: Path) -> None:
    value = annotate(make_people(3, 5, 1))
    value["categories"].append({"id": 4, "name": "box", "keypoints": ["a", "b"]})
    value["annotations"].append({"id": 1, "image_id": 70, "category_id": 4, "keypoints": [1, 2, 2, 3, 4, 2]})
    content = read_content("coco", save(tmp_path / "a.json", value))
    assert content.notes == ("categories with other points than the most frequent one are left out",)
    assert len(detections(content).frames) == 3


def test_large_annotations_are_recognised_beyond_their_head(tmp_path: Path) -> None:
    value = annotate(make_people(3, 5, 1))
    value["images"] = [
        *value["images"],
        *({"id": n, "file_name": "x" * 200} for n in range(10**6, 10**6 + 500)),
    ]
    assert len(detections(read_content("coco", save(tmp_path / "a.json", value))).frames) == 3
    for record in value["annotations"]:
        record["bbox"] = record.pop("keypoints")[:4]
    del value["categories"]
    assert FORMAT.recognise(source_of(save(tmp_path / "b.json", value))) == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"annotations": []}, "must have keypoints, but no annotation has any"),
        ({"annotations": 7}, "must have a list of annotations"),
        ({"images": [{"id": 1}]}, "annotations must name images of the file, but 70, 71, 72 are none"),
        ({"images": [{"id": 70}, {"id": 71}, {"id": 72}], "x": 1}, None),
        ({"categories": [{"id": 3, "keypoints": ["a"] * 5}]}, "must differ, but do not"),
        ({"categories": [{"id": 3, "keypoints": ["a", "b"]}]}, "must be 2 points of 3 numbers, but are 15"),
    ],
)
def test_damaged_annotations(tmp_path: Path, change: dict[str, Any], message: str | None) -> None:
    path = save(tmp_path / "a.json", annotate(make_people(3, 5, 1), **change))
    source = source_of(path)
    from htvae.config import ReadingConfig

    if message is None:
        assert len(detections(FORMAT.read(source, ReadingConfig())).frames) == 3
        return
    with pytest.raises(DataError, match=message):
        FORMAT.read(source, ReadingConfig())


def test_images_without_numbers_are_a_fault(tmp_path: Path) -> None:
    value = results(make_people(3, 17, 1))
    for record in value:
        record["image_id"] = "1" * 15
    with pytest.raises(DataError, match="each image must have its own frame number"):
        read_content("coco", save(tmp_path / "a.json", value))
