"""MMPose's predictions: ``instance_info`` of the demos, or the list that the Inferencer saves.

- Each frame has ``frame_id`` (counted from 1) and ``instances`` with ``keypoints`` [[x, y], ...] and
  ``keypoint_scores``. Scores of SimCC models may exceed 1. Pixels, y down.
- Keypoints of three numbers come from the lifter's demo: metres, z up.
- Names stand in ``meta_info.keypoint_id2name``; the Inferencer writes none, and the number of points tells
  the layout.
- There are no identities; the order of instances is that of their scores.

Source: open-mmlab/mmpose, ``demo/topdown_demo_with_mmdet.py``, ``demo/body3d_pose_lifter_demo.py`` and
``mmpose/apis/inferencers/base_mmpose_inferencer.py``.
"""

from typing import Any

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats.base import Format
from htvae.io.formats.json_files import first_dict, json_head, load_json, to_array
from htvae.io.formats.people import LARGEST_FRAME, drop_zeros, number_repeated, read_id
from htvae.io.opening import Source
from htvae.io.tracks import IMAGE, Content, Detections
from htvae.poses import layouts
from htvae.poses.layouts_3d import H36M_17
from htvae.poses.sequence import Coordinates

MODELS = (
    layouts.COCO_17,
    layouts.HALPE_26,
    layouts.COCO_WHOLEBODY_133,
    layouts.HALPE_136,
)

META_KEYS = frozenset({"keypoint_id2name", "keypoint_colors", "skeleton_links", "num_keypoints"})
"""Keys of ``meta_info`` by which it is recognised where it fills the head of a file."""


def _recognise(source: Source) -> str:
    head = json_head(source)
    if isinstance(head, dict):
        meta = head.get("meta_info")
        is_own = isinstance(meta, dict) and ("instance_info" in head or not META_KEYS.isdisjoint(meta))
        return "meta_info and instance_info" if is_own else ""
    return (
        "frames with frame_id and instances" if {"frame_id", "instances"} <= first_dict(head).keys() else ""
    )


def _read(source: Source, config: ReadingConfig) -> Content:
    value, shown = load_json(source), source.shown
    records = value.get("instance_info") if isinstance(value, dict) else value
    if not isinstance(records, list):
        raise DataError([f"{shown}: must have a list instance_info, but has none. Export the file again."])
    frames, people = [], []
    for record in records:
        number, instances = _read_frame(record, shown)
        people += instances
        frames += [number] * len(instances)
    if not people:
        raise DataError([f"{shown}: must show somebody, but no frame has instances. Remove the file."])
    points, confidence = _read_points(people, shown)
    names = _read_names(value, points.shape[1], points.shape[2], shown)
    ids = np.array([read_id(person.get("track_id")) for person in people], np.int64)
    numbered = number_repeated(np.array(frames), config, shown)
    is_flat = points.shape[2] == 2
    found = Detections(
        landmarks=names,
        frames=numbered.frames,
        points=points,
        confidence=confidence,
        ids=ids if ids.max() >= 0 else None,
    )
    coordinates = IMAGE if is_flat else Coordinates(z_up=True)
    return Content(individuals=found, fps=numbered.fps, coordinates=coordinates)


def _read_frame(record: Any, shown: str) -> tuple[int, list[dict[str, Any]]]:
    number = read_id(record.get("frame_id")) if isinstance(record, dict) else -1
    instances = record.get("instances") if isinstance(record, dict) else None
    is_sound = isinstance(instances, list) and all(isinstance(person, dict) for person in instances)
    if not 0 <= number < LARGEST_FRAME or not is_sound:
        raise DataError(
            [
                f"{shown}: each frame must have a frame_id and a list of instances, but one has not. "
                "Export it again."
            ]
        )
    return number, [person for person in instances or [] if person.get("keypoints")]


def _read_points(people: list[dict[str, Any]], shown: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Return points (n, L, D) and confidence (n, L)."""
    lists = [person["keypoints"] for person in people]
    count = len(lists[0]) if isinstance(lists[0], list) else 0
    if not count or any(not isinstance(points, list) or len(points) != count for points in lists):
        raise DataError(
            [
                f"{shown}: keypoints must be lists of as many points for all, but are not. "
                "Export the file again."
            ]
        )
    flat = to_array([point for points in lists for point in points], shown)
    if flat.shape[1] not in (2, 3):
        raise DataError(
            [f"{shown}: a point must have 2 or 3 numbers, but one has {flat.shape[1]}. Export it again."]
        )
    points = drop_zeros(flat.reshape(len(people), count, -1))
    scores = [person.get("keypoint_scores") for person in people]
    if all(score is None for score in scores):
        return points, None
    confidence = to_array(scores, shown)
    if confidence.shape[1] != count:
        raise DataError(
            [
                f"{shown}: each point must have one of the keypoint_scores, but {count} points have "
                f"{confidence.shape[1]}. Export the file again."
            ]
        )
    return points, confidence


def _read_names(value: Any, count: int, num_coordinates: int, shown: str) -> tuple[str, ...]:
    meta = value.get("meta_info") if isinstance(value, dict) else None
    table = meta.get("keypoint_id2name") if isinstance(meta, dict) else None
    if table is None:
        models = (H36M_17,) if num_coordinates == 3 else MODELS
        return layouts.name_points(count, *models)
    found = [table.get(str(index)) for index in range(count)] if isinstance(table, dict) else []
    names = tuple(dict.fromkeys(name for name in found if isinstance(name, str)))
    if len(names) != count or len(table) != count:
        raise DataError(
            [
                f"{shown}: keypoint_id2name must name each of the {count} points once, but does not. "
                "Export the file again."
            ]
        )
    return names


FORMAT = Format(
    name="mmpose",
    title="MMPose JSON",
    suffixes=(".json",),
    recognise=_recognise,
    read=_read,
)
