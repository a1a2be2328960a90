"""MediaPipe's landmarks in JSON: a list of frames, or a dict of them, in the spellings that are found.

- Frames stand in a list, in a list below ``frames``, ``poses``, ``results`` or ``data``, or in a dict by
  their numbers (``"frame_12"``, ``"12"``) or times (``"0.033"``).
- A frame is a dict with ``landmarks``, ``pose_landmarks`` or ``poseLandmarks``, and ``pose_world_landmarks``
  beside it; or the landmarks themselves.
- Landmarks are a list of {x, y, z, visibility}, a list of [x, y, z, visibility], a dict by name, or, from the
  tasks API, a list of such lists: one for each person.
- Rate and image size are read from ``fps``, ``width`` and ``height`` where they stand beside the frames.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from htvae.config import ReadingConfig
from htvae.io.faults import DataError, parse_number
from htvae.io.formats.frames import SECONDS, FrameNumbers, check_frames
from htvae.io.formats.json_files import json_head, load_json, to_array, to_numbers
from htvae.io.formats.people import LARGEST_FRAME, drop_zeros, frame_number, number_repeated, read_id
from htvae.io.formats.rows import look_like_shares
from htvae.io.formats.tables import number_times
from htvae.io.opening import Source
from htvae.io.tracks import IMAGE, Content, Detections
from htvae.poses.layouts import MEDIAPIPE_33, name_points
from htvae.poses.sequence import Coordinates

LISTS = ("frames", "poses", "results", "data", "landmarks_data", "pose_data")
"""Keys of the list of frames."""
IMAGE_KEYS = ("pose_landmarks", "poseLandmarks", "landmarks", "normalized_landmarks", "pose")
"""Keys of landmarks in the image."""
WORLD_KEYS = ("pose_world_landmarks", "poseWorldLandmarks", "world_landmarks", "worldLandmarks")
"""Keys of landmarks in metres."""
NUMBER_KEYS = ("frame", "frame_index", "frame_idx", "frame_id", "frame_number", "frameIndex", "frameNumber")
"""Keys of a frame's number."""
TIME_KEYS = {"timestamp_ms": 1e-3, "timestampMs": 1e-3, "timestamp": 0.0, "time": 0.0}
"""Keys of a frame's time, and the unit (s); 0: s or ms."""
RATE_KEYS = ("fps", "frame_rate", "frameRate")
"""Keys of the frame rate."""
MOST_CELLS = 20
"""Poses times landmarks may be this many times the landmarks that are there."""
_FIELDS = ("x", "y", "z", "visibility")
_Point = list[Any]


def recognise(source: Source) -> str:
    """Return what shows MediaPipe's landmarks in the head of a JSON file."""
    head = json_head(source)
    frames = _find_frames(head)
    for _, record in frames[:50]:
        for keys in (IMAGE_KEYS, WORLD_KEYS):
            for person in _find_people(record, keys):
                if isinstance(person, list) and person and _is_point(person[0]):
                    return "frames with landmarks of x, y and z or visibility"
                if isinstance(person, dict):
                    return "frames with landmarks by name"
    return ""


def read(source: Source, config: ReadingConfig) -> Content:
    """Return the content of a JSON file.

    Raises:
        DataError: the file is damaged, or holds no landmarks.
    """
    value, shown = load_json(source), source.shown
    records = _find_frames(value)
    keys = _choose_keys(records, config)
    numbered, notes = _number_frames(records, config, shown)
    people_of = [_find_people(record, keys) for _, record in records]
    frames = np.repeat(numbered.frames, [len(found) for found in people_of])
    people = [person for found in people_of for person in found]
    if not people:
        raise DataError([f"{shown}: must have landmarks, but no frame has any. Remove the file."])
    names, values = _read_points(people, shown)
    points, confidence = drop_zeros(values[..., :3]), values[..., 3]
    is_world = keys is WORLD_KEYS
    are_shares = not is_world and look_like_shares(points[..., :2])
    has_depth = is_world or config.dimensions == 3
    found = Detections(
        landmarks=names,
        frames=frames,
        points=points if has_depth and not np.isnan(points[..., 2]).all() else points[..., :2],
        confidence=None if np.isnan(confidence).all() else confidence,
    )
    beside = value if isinstance(value, dict) else {}
    size = _image_size(beside) if are_shares else None
    return Content(
        individuals=found,
        fps=numbered.fps or _frame_rate(beside, numbered.step),
        coordinates=Coordinates(y_up=False, image_size=size) if size else IMAGE,
        are_shares=are_shares,
        notes=tuple(notes),
    )


def _choose_keys(records: list[tuple[str | None, Any]], config: ReadingConfig) -> tuple[str, ...]:
    """Return the keys of the landmarks to read: in the image, or in metres for three dimensions."""
    kinds = (WORLD_KEYS, IMAGE_KEYS) if config.dimensions == 3 else (IMAGE_KEYS, WORLD_KEYS)
    for keys in kinds:
        if any(_find_people(record, keys) for _, record in records):
            return keys
    return IMAGE_KEYS


def _find_frames(value: Any) -> list[tuple[str | None, Any]]:
    """Return (key, frame) pairs; the key is None in lists."""
    if isinstance(value, dict):
        value = next((value[key] for key in LISTS if isinstance(value.get(key), (list, dict))), value)
    if isinstance(value, dict) and (
        _read_times(list(value)) is not None or all(frame_number(key) is not None for key in value)
    ):
        return list(value.items())
    return [(None, record) for record in value] if isinstance(value, list) else []


def _read_times(keys: Sequence[str | None]) -> list[float] | None:
    """Return the times (s or ms) that keys of a dict are: numbers, some with a fraction; None for others."""
    numbers = [None if key is None else parse_number(key) for key in keys]
    times = [number for number in numbers if number is not None]
    return times if len(times) == len(keys) and any(time % 1 for time in times) else None


def _find_people(record: Any, keys: tuple[str, ...]) -> list[Any]:
    """Return each person's landmarks in a frame: lists of landmarks, or dicts by name."""
    found = record
    if isinstance(record, dict):
        found = next((record[key] for key in keys if record.get(key)), None)
        found = found.get("landmark", found) if isinstance(found, dict) else found
    elif keys is WORLD_KEYS:
        return []
    if isinstance(found, dict):
        is_named = bool(found) and all(isinstance(point, dict) and "x" in point for point in found.values())
        return [found] if is_named else []
    if not isinstance(found, list) or not found:
        return []
    if _is_point(found[0]):
        is_known = isinstance(record, dict) or isinstance(found[0], dict) or len(found) == len(MEDIAPIPE_33)
        return [found] if is_known else []
    return [person for person in found if isinstance(person, list) and person and _is_point(person[0])]


def _is_point(value: Any) -> bool:
    if isinstance(value, dict):
        return {"x", "y"} <= value.keys() and not {"z", "visibility"}.isdisjoint(value)
    is_numbers = isinstance(value, list) and 3 <= len(value) <= 4
    return is_numbers and all(type(number) in (int, float) for number in value)


def _number_frames(
    records: list[tuple[str | None, Any]], config: ReadingConfig, shown: str
) -> tuple[FrameNumbers, list[str]]:
    """Return the frame of each record by its number, else by its time, else by its place; and notes."""
    key_times = _read_times([key for key, _ in records])
    found = []
    for key, record in records:
        number = None if key is None or key_times else frame_number(key.removesuffix(".0"))
        if number is None and isinstance(record, dict):
            number = next((read_id(record[name]) for name in NUMBER_KEYS if name in record), None)
        found.append(number)
    if any(number is not None for number in found):
        if any(number is None or not 0 <= number < LARGEST_FRAME for number in found):
            raise DataError(
                [f"{shown}: each frame must have a whole number, but one has none. Number the frames."]
            )
        return number_repeated(np.array(found), config, shown), []
    if key_times and config.time_unit in SECONDS:
        return number_repeated(np.array(key_times), config, shown), []
    dicts = [record if isinstance(record, dict) else {} for _, record in records]
    timed: list[tuple[list[Any], float]] = [(key_times or [], 0.0)]
    timed += [([record.get(name) for record in dicts], unit) for name, unit in TIME_KEYS.items()]
    for times, unit in timed:
        if times and all(type(time) in (int, float) for time in times):
            numbered = number_times(to_numbers(times, shown), unit)
            if numbered is not None:
                check_frames(np.unique(numbered.frames), config, shown)
                return numbered, []
    note = "it has no frame numbers, so that its entries are read as consecutive frames"
    return FrameNumbers(np.arange(len(records))), [note]


def _read_points(people: list[Any], shown: str) -> tuple[tuple[str, ...], npt.NDArray[np.float64]]:
    """Return the points' names, and x, y, z, visibility (n, L, 4) with NaN for absent ones."""
    if all(isinstance(person, dict) for person in people):
        names = tuple(dict.fromkeys(name for person in people for name in person))
        if len(people) * len(names) > MOST_CELLS * sum(map(len, people)):
            raise DataError(
                [f"{shown}: each pose must have the same landmarks, but they differ. Export the file again."]
            )
        absent = dict.fromkeys(_FIELDS)
        flat = [_values(person.get(name, absent), shown) for person in people for name in names]
        return names, to_array(flat, shown).reshape(len(people), len(names), len(_FIELDS))
    lengths = {len(person) for person in people if isinstance(person, list)}
    if len(lengths) != 1 or not all(isinstance(person, list) for person in people):
        raise DataError(
            [f"{shown}: each pose must have as many landmarks, but they differ. Export the file again."]
        )
    flat = [_values(point, shown) for person in people for point in person]
    values = to_array(flat, shown).reshape(len(people), -1, len(_FIELDS))
    return name_points(values.shape[1], MEDIAPIPE_33), values


def _values(point: Any, shown: str) -> _Point:
    if isinstance(point, dict):
        return [point.get(field) for field in _FIELDS]
    if isinstance(point, list) and len(point) in (3, 4):
        return [*point, None][: len(_FIELDS)]
    raise DataError([f"{shown}: a landmark must have x, y and z, but one has not. Export the file again."])


def _frame_rate(beside: Mapping[str, Any], step: int) -> float | None:
    value = next((beside[key] for key in RATE_KEYS if key in beside), None)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e6:
        return float(value) / step
    return None


def _image_size(beside: Mapping[str, Any]) -> tuple[int, int] | None:
    sizes = [read_id(beside.get(key)) for key in ("width", "height")]
    return (sizes[0], sizes[1]) if all(0 < size < LARGEST_FRAME for size in sizes) else None
