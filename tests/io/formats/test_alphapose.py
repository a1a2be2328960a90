"""AlphaPose's results."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from htvae.io.faults import DataError
from htvae.poses.layouts import COCO_17, COCO_18, HALPE_26, HALPE_68, HALPE_136
from tests.io.formats.reading import detections, make_people, read_content, read_recordings

FRAMES = 37


def records_of(people: np.ndarray, name: str = "{}.jpg", idx: Any = None) -> list[dict[str, Any]]:
    """Return records in the order of their names as texts, in which 10 goes before 2."""
    records = []
    for t in sorted(range(people.shape[1]), key=str):
        for who, points in enumerate(people):
            flat = np.c_[points[t], np.full(points.shape[1], 0.8)].ravel().tolist()
            own = {} if idx is None else {"idx": idx(who)}
            records.append(
                {
                    "image_id": name.format(t),
                    "category_id": 1,
                    "keypoints": flat,
                    "score": 2.7,
                    "box": [0] * 4,
                    **own,
                }
            )
    return records


def save(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value))
    return path


@pytest.mark.parametrize("layout", [COCO_17, HALPE_26, HALPE_68, HALPE_136])
def test_points_and_frames(tmp_path: Path, layout: tuple[str, ...]) -> None:
    people = make_people(FRAMES, len(layout), 1)
    recordings, _ = read_recordings(
        "alphapose", save(tmp_path / "alphapose-results.json", records_of(people))
    )
    assert recordings["video"].landmarks == layout
    np.testing.assert_allclose(recordings["video"].pose, people[0] * [1, -1], rtol=1e-5)


@pytest.mark.parametrize(
    "idx", [lambda who: who + 0.0, lambda who: [who + 1.0], lambda who: [[who + 0.0], [who + 0.0]]]
)
def test_identities_have_many_forms(tmp_path: Path, idx: Any) -> None:
    people = make_people(FRAMES, 17, 2)
    records = records_of(people, "out{:07d}.png", idx)
    recordings, notes = read_recordings("alphapose", save(tmp_path / "a.json", records))
    assert not notes and len(recordings) == 2
    assert all(name.startswith("video/id_") for name in recordings)


def test_identities_that_occur_twice_mean_nothing(tmp_path: Path) -> None:
    people = make_people(FRAMES, 17, 2)
    path = save(tmp_path / "a.json", records_of(people, idx=lambda who: [[0.0]]))
    recordings, notes = read_recordings("alphapose", path)
    assert set(recordings) == {"video/person_1", "video/person_2"}
    assert notes == ["individuals are followed by the nearest pose, as frame 0 has the id 0 2 times"]
    with pytest.raises(
        DataError, match="--link ids needs ids that occur once in each frame, but frame 0 has"
    ):
        read_recordings("alphapose", path, link="ids")


def test_records_that_are_there_twice_are_read_once(tmp_path: Path) -> None:
    people = make_people(FRAMES, 17, 1)
    records = records_of(people)
    recordings, notes = read_recordings("alphapose", save(tmp_path / "a.json", records + records))
    assert list(recordings) == ["video"]
    assert notes == ["individuals that a frame lists twice with the same points are read once"]


@pytest.mark.parametrize(
    ("people_key", "points_key"), [("people", "pose_keypoints_2d"), ("bodies", "joints")]
)
def test_the_forms_of_other_programs(tmp_path: Path, people_key: str, points_key: str) -> None:
    people = make_people(5, 18, 2)
    value = {
        f"img_{t}.jpg": {
            "version": "AlphaPose v0.3",
            people_key: [{points_key: np.c_[p[t], np.ones(18)].ravel().tolist()} for p in people],
        }
        for t in range(5)
    }
    found = detections(read_content("alphapose", save(tmp_path / "a.json", value)))
    assert found.landmarks == COCO_18 and found.frames.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    np.testing.assert_allclose(found.points[1::2], people[1])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda v: v[1].update(image_id="a.jpg"), "image_id must end in the frame number, but one is a.jpg"),
        (lambda v: v[1]["keypoints"].pop(), "of one length"),
        (lambda v: v[1].update(keypoints="abc"), "of one length"),
        (lambda v: v.append(3), "must be a list of records"),
        (lambda v: [r.update(keypoints=[]) for r in v], "must show somebody"),
        (lambda v: [r["keypoints"].pop() for r in v], "3 numbers for each point, but have 50"),
    ],
)
def test_damaged_files(tmp_path: Path, damage: Any, message: str) -> None:
    value = records_of(make_people(3, 17, 1))
    damage(value)
    with pytest.raises(DataError, match=message):
        read_content("alphapose", save(tmp_path / "a.json", value))
