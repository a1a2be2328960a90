"""MMPose's predictions: demo and Inferencer."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from htvae.io.faults import DataError
from htvae.poses.layouts import COCO_17
from htvae.poses.layouts_3d import H36M_17
from tests.io.formats.reading import detections, make_people, read_content, read_recordings

FRAMES = 37
NAMES = ("a", "b", "c", "d", "e")


def frames_of(people: np.ndarray, score: float = 0.9) -> list[dict[str, Any]]:
    return [
        {
            "frame_id": t + 1,
            "instances": [
                {"keypoints": p[t].tolist(), "keypoint_scores": [score] * p.shape[1], "bbox": [[0, 0, 9, 9]]}
                for p in (people if t % 3 else people[::-1])
            ],
        }
        for t in range(people.shape[1])
    ]


def save(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value, indent="\t"))
    return path


def demo(people: np.ndarray, names: tuple[str, ...] = NAMES) -> dict[str, Any]:
    meta = {"dataset_name": "own", "keypoint_id2name": {str(i): name for i, name in enumerate(names)}}
    return {"meta_info": meta, "instance_info": frames_of(people)}


def test_the_demo_s_file(tmp_path: Path) -> None:
    people = make_people(FRAMES, 5, 2)
    value = demo(people)
    value["instance_info"][4]["instances"] = []
    recordings, _ = read_recordings("mmpose", save(tmp_path / "results_walk.json", value))
    for who in range(2):
        found = recordings[f"video/person_{who + 1}"]
        expected = people[who] * [1, -1]
        expected[4] = np.nan
        assert found.landmarks == NAMES and found.first_frame == 1
        np.testing.assert_allclose(found.pose, expected, rtol=1e-5)


def test_the_inferencer_s_list(tmp_path: Path) -> None:
    people = make_people(FRAMES, 17, 1)
    content = read_content("mmpose", save(tmp_path / "walk.json", frames_of(people, 1.2)))
    found = detections(content)
    assert found.landmarks == COCO_17 and found.frames.tolist() == list(range(1, FRAMES + 1))
    assert found.confidence is not None and (found.confidence == 1.2).all()  # SimCC's scores exceed 1
    np.testing.assert_allclose(found.points, people[0])
    assert not content.coordinates.y_up and not content.coordinates.z_up


def test_lifted_poses_have_z_up(tmp_path: Path) -> None:
    people = np.random.default_rng(0).normal(0, 1, (1, 5, 17, 3))
    content = read_content("mmpose", save(tmp_path / "walk.json", frames_of(people)))
    assert content.coordinates.z_up and detections(content).landmarks == H36M_17
    np.testing.assert_allclose(detections(content).points, people[0])


def test_names_beyond_the_head_are_read(tmp_path: Path) -> None:
    value = demo(make_people(3, 5, 1))
    value["meta_info"] = {"keypoint_colors": [[1, 2, 3]] * 9000, **value["meta_info"]}
    assert detections(read_content("mmpose", save(tmp_path / "a.json", {**value, "x": 1}), source="mmpose"))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda v: v.update(instance_info=7), "must have a list instance_info"),
        (lambda v: v["instance_info"][1].pop("frame_id"), "each frame must have a frame_id"),
        (lambda v: v["instance_info"][1].update(instances=[3]), "each frame must have a frame_id"),
        (lambda v: v["instance_info"][1]["instances"][0]["keypoints"].pop(), "lists of as many points"),
        (lambda v: v["instance_info"][1]["instances"][0]["keypoints"][0].append(1), "of one length"),
        (lambda v: v["instance_info"][1]["instances"][0]["keypoint_scores"].pop(), "of one length"),
        (lambda v: v["instance_info"][1]["instances"][0].pop("keypoint_scores"), "of one length"),
        (lambda v: v["meta_info"]["keypoint_id2name"].pop("2"), "must name each of the 5 points once"),
        (lambda v: v["meta_info"]["keypoint_id2name"].update({"2": "a"}), "must name each of the 5 points"),
        (lambda v: [r.update(instances=[]) for r in v["instance_info"]], "must show somebody"),
    ],
)
def test_damaged_files(tmp_path: Path, damage: Any, message: str) -> None:
    value = demo(make_people(3, 5, 1))
    damage(value)
    with pytest.raises(DataError, match=message):
        read_content("mmpose", save(tmp_path / "a.json", value))
