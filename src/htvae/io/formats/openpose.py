"""OpenPose's JSON: a folder with a file for each frame.

- ``people[].pose_keypoints_2d`` is x, y, confidence for each point, without names: the number of points tells
  the model. Pixels, y down; with ``--keypoint_scale`` 3 or 4 shares of the image.
- 0, 0 means lost. Nobody seen: ``people`` is empty. The order of people has no meaning.
- BODY_25 and BODY_25B have 25 points in different orders; the poses tell which.
- Points of face and hands are read where they are there; ``*_3d`` (the cameras' unit, y down) where it is
  filled.

Source: CMU-Perceptual-Computing-Lab/openpose, ``doc/02_output.md``.
"""

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats.base import Format
from htvae.io.formats.frames import FrameNumbers
from htvae.io.formats.json_files import json_head, parse_json, to_array
from htvae.io.formats.people import drop_zeros, frame_numbers, number_repeated
from htvae.io.opening import Source
from htvae.io.tracks import IMAGE, Content, Detections
from htvae.poses import layouts
from htvae.utils.text import printable

PARTS = {
    "pose": "",
    "face": "face_",
    "hand_left": "left_hand_",
    "hand_right": "right_hand_",
}
"""Parts of the body in a file, and the prefixes of their points' names."""
MODELS = (
    layouts.BODY_25,
    layouts.COCO_18,
    layouts.MPI_15,
    layouts.HALPE_26,
    layouts.COCO_17,
    layouts.COCO_WHOLEBODY_133,
    layouts.HALPE_136,
)
"""Models that are told by their number of points; the last four come from programs that write OpenPose's
files."""

_Rows = dict[str, list[tuple[int, list[Any]]]]


def _recognise(source: Source) -> str:
    head = json_head(source)
    people = head.get("people") if isinstance(head, dict) else None
    if not isinstance(people, list):
        return ""
    if not people:
        return "an empty list of people" if "version" in head else ""
    keys = people[0].keys() if isinstance(people[0], dict) else ()
    return "pose_keypoints_2d of people" if {"pose_keypoints_2d", "pose_keypoints"} & {*keys} else ""


def _read(source: Source, config: ReadingConfig) -> Content:
    files = source.frame_files or (source.path,)
    numbers = frame_numbers([path.name for path in files], source.shown)
    frames: list[int] = []
    rows: _Rows = defaultdict(list)
    for number, path in zip(numbers, files, strict=True):
        shown = f"{source.shown}: {path.name}" if source.frame_files else source.shown
        for person in _read_people(path, shown):
            parts = {key: value for key, value in _parts_of(person) if value}
            if parts:
                for key, value in parts.items():
                    rows[key].append((len(frames), value))
                frames.append(number)
    if not frames:
        raise DataError(
            [f"{source.shown}: must show somebody, but no frame has any people. Remove the folder."]
        )
    has_depth = "pose_3d" in rows and not (config.dimensions == 2 and "pose_2d" in rows)
    numbered = number_repeated(np.array(frames), config, source.shown)
    return _build(numbered, rows, "_3d" if has_depth else "_2d", source.shown)


def _read_people(path: Path, shown: str) -> list[Any]:
    value = parse_json(Source(path, shown).read_bytes(), shown)
    people = value.get("people") if isinstance(value, dict) else None
    if not isinstance(people, list):
        fault = f"{printable(shown)}: must have a list of people, but has none. Export the file again."
        raise DataError([fault])
    return people


def _parts_of(person: Any) -> list[tuple[str, Any]]:
    """Return the lists of numbers of a person, by part and number of coordinates (not named in old files)."""
    if not isinstance(person, dict):
        return [("pose_2d", person)]
    found = []
    for part in PARTS:
        flat = person.get(f"{part}_keypoints_2d") or person.get(f"{part}_keypoints")
        found += [(f"{part}_2d", flat), (f"{part}_3d", person.get(f"{part}_keypoints_3d"))]
    return found


def _build(numbered: FrameNumbers, rows: _Rows, kind: str, shown: str) -> Content:
    width = 4 if kind == "_3d" else 3
    names: list[str] = []
    blocks = []
    notes: list[str] = []
    for part, prefix in PARTS.items():
        found = rows.get(part + kind)
        if not found:
            continue
        flat = to_array([value for _, value in found], shown)
        if flat.shape[1] % width:
            raise DataError(
                [
                    f"{shown}: points must have {width} numbers each, but a list has {flat.shape[1]}. "
                    "Export it again."
                ]
            )
        count = flat.shape[1] // width
        block = np.full((len(numbered.frames), count, width), np.nan)
        block[[row for row, _ in found]] = flat.reshape(-1, count, width)
        blocks.append(block)
        names += _names(block, prefix, notes)
    if not blocks:
        raise DataError([f"{shown}: must have points of a body, but has none. Export the files again."])
    values = np.concatenate(blocks, axis=1)
    points, confidence = drop_zeros(values[..., :-1]), values[..., -1]
    are_shares = False
    if width == 3:
        points, are_shares = _as_shares(points)
    people = Detections(landmarks=tuple(names), frames=numbered.frames, points=points, confidence=confidence)
    return Content(
        individuals=people,
        fps=numbered.fps,
        coordinates=IMAGE,
        are_shares=are_shares,
        notes=tuple(notes),
    )


def _names(block: npt.NDArray[np.float64], prefix: str, notes: list[str]) -> tuple[str, ...]:
    count = block.shape[1]
    if prefix:
        return tuple(f"{prefix}{index}" for index in range(count))
    if count == len(layouts.BODY_25B) and _is_25b(drop_zeros(block[..., :2])):
        notes.append(
            "its 25 points are named in the order of OpenPose's model BODY_25B, which fits the poses"
        )
        return layouts.BODY_25B
    return layouts.name_points(count, *MODELS)


def _is_25b(points: npt.NDArray[np.float64]) -> bool:
    """Return whether poses (n, 25, 2) have the order of BODY_25B: in the right order a head is small."""
    return _head_size(points, layouts.BODY_25B) < _head_size(points, layouts.BODY_25)


def _head_size(points: npt.NDArray[np.float64], layout: tuple[str, ...]) -> float:
    """Return the usual distance of nose, eyes and ears from their centre; inf where two are never seen."""
    head = points[:, [layout.index(name) for name in ("Nose", "LEye", "REye", "LEar", "REar")]]
    head = head[np.count_nonzero(~np.isnan(head[..., 0]), axis=1) >= 2]
    if not len(head):
        return np.inf
    apart = np.linalg.norm(head - np.nanmean(head, axis=1, keepdims=True), axis=-1)
    return float(np.median(np.nanmean(apart, axis=1)))


def _as_shares(points: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], bool]:
    """Return points and whether they are shares of the image; -1..1 (``--keypoint_scale 4``) becomes 0..1."""
    seen = points[~np.isnan(points)]
    if not seen.size or np.abs(seen).max() > 1:
        return points, False
    return ((points + 1) / 2 if seen.min() < 0 else points), True


FORMAT = Format(
    name="openpose",
    title="OpenPose JSON",
    suffixes=(".json",),
    recognise=_recognise,
    read=_read,
    is_per_frame=True,
)
