"""COCO's keypoints: annotations of a video's frames (a dict), or a list of results.

- ``keypoints`` is x, y, v for each point, in pixels with y down. In annotations v is 0 (not there), 1 or 2;
  in results it is a score. 0, 0 means lost.
- Names stand in ``categories[].keypoints``; otherwise 17 points are COCO's, 133 COCO-WholeBody's.
- The frame of an image is its ``frame_id``, else the last number in its ``file_name``, else its id. Images
  whose numbers are far apart are a set chosen for labelling, and no recording.
- Identities are ``track_id``, where somebody wrote it (CVAT: in ``attributes``).
- Several videos in one file (``video_id``, ``vid_id``, or folders in ``file_name``, less what they begin and
  end with alike) are takes; their individuals are named ``video/person``.

Sources: cocodataset.org, "Data format" and "Results format"; jin-s13/COCO-WholeBody, ``data_format.md``.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats.base import Format
from htvae.io.formats.json_files import first_dict, json_head, load_json, to_array
from htvae.io.formats.people import (
    LARGEST_FRAME,
    check_is_sequence,
    drop_zeros,
    frame_number,
    number_repeated,
    read_id,
)
from htvae.io.linking import link_detections
from htvae.io.opening import Source
from htvae.io.tracks import IMAGE, Content, Detections, Track
from htvae.poses import layouts
from htvae.utils.text import list_names

POSETRACK = 10_000_000_000
"""Ids of PoseTrack's images are this, 10,000 times the video's number, and the frame's number."""
WHOLEBODY_KEYS = ("foot_kpts", "face_kpts", "lefthand_kpts", "righthand_kpts")
"""Keys of COCO-WholeBody's points beside those of the body, in the order of its 133 points."""
_VIDEO_KEYS = ("video_id", "vid_id", "video")
_BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class _Image:
    video: str
    frame: int


def _recognise(source: Source) -> str:
    head = json_head(source)
    if isinstance(head, list):
        record = first_dict(head)
        is_result = {"image_id", "keypoints"} <= record.keys() and not {"idx", "box"} & record.keys()
        return "results with image_id and keypoints" if is_result and _is_number(record["image_id"]) else ""
    if not isinstance(head, dict) or not {"images", "annotations", "categories"} & head.keys():
        return ""
    if isinstance(head.get("annotations", []), list) and _mentions(
        source, b'"images"', b'"annotations"', b'"keypoints"'
    ):
        return "images, annotations and keypoints"
    return ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and value.isdecimal())


def _mentions(source: Source, *words: bytes) -> bool:
    """Return whether a file contains words; large annotations have some of them late."""
    wanted = {word for word in words if word not in source.head}
    if not wanted:
        return True
    try:
        with source.open() as file:
            tail = b""
            while wanted and (block := file.read(_BLOCK)):
                text = tail + block
                wanted = {word for word in wanted if word not in text}
                tail = text[-32:]
    except DataError:
        return False
    return not wanted


def _read(source: Source, config: ReadingConfig) -> Content:
    value, shown = load_json(source), source.shown
    is_labelled = isinstance(value, dict)
    records = value.get("annotations") if is_labelled else value
    if not isinstance(records, list):
        raise DataError([f"{shown}: must have a list of annotations, but has none. Export the file again."])
    records = [record for record in records if isinstance(record, dict) and record.get("keypoints")]
    if not records:
        raise DataError([f"{shown}: must have keypoints, but no annotation has any. Remove the file."])
    notes: list[str] = []
    names, records = _choose_category(value.get("categories") if is_labelled else None, records, shown, notes)
    images = _find_images(value.get("images") if is_labelled else None, records, shown)
    videos: dict[str, list[int]] = {}
    for row, record in enumerate(records):
        videos.setdefault(images[_key(record.get("image_id"))].video, []).append(row)
    frames = np.array([images[_key(record.get("image_id"))].frame for record in records], np.int64)
    rates = []
    for rows in videos.values():
        check_is_sequence(frames[rows], shown)
        numbered = number_repeated(frames[rows], config, shown)
        frames[rows] = numbered.frames
        rates.append(numbered.fps)
    detections = _build(records, frames, names, shown)
    found: Detections | list[Track] = detections
    if len(videos) > 1:
        found = _link_videos(detections, videos, config, shown, notes)
    notes = list(dict.fromkeys(notes))
    return Content(individuals=found, fps=max(rates, key=rates.count), coordinates=IMAGE, notes=tuple(notes))


def _key(image_id: Any) -> str:
    return str(image_id) if isinstance(image_id, (int, str)) else ""


def _choose_category(
    categories: Any, records: list[dict[str, Any]], shown: str, notes: list[str]
) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Return the points' names, and the records of the category that most records have."""
    layout_of: dict[str, tuple[str, ...]] = {}
    for entry in categories if isinstance(categories, list) else []:
        names = entry.get("keypoints") if isinstance(entry, dict) else None
        if isinstance(names, list) and names:
            layout_of[_key(entry.get("id"))] = tuple(str(name) for name in names)
    own = [layout_of.get(_key(record.get("category_id")), ()) for record in records]
    main = Counter(own).most_common(1)[0][0]
    if any(layout != main for layout in own):
        notes.append("categories with other points than the most frequent one are left out")
    if len(set(main)) < len(main):
        raise DataError(
            [f"{shown}: names in categories[].keypoints must differ, but do not. Rename the points."]
        )
    return main, [record for record, layout in zip(records, own, strict=True) if layout == main]


def _find_images(images: Any, records: Sequence[dict[str, Any]], shown: str) -> dict[str, _Image]:
    """Return video and frame of each image that the records name, by image id."""
    wanted = dict.fromkeys(_key(record.get("image_id")) for record in records)
    entries = {
        _key(entry.get("id")): entry
        for entry in (images if isinstance(images, list) else [])
        if isinstance(entry, dict)
    }
    absent = [key for key in wanted if key not in entries]
    if entries and absent:
        raise DataError(
            [
                f"{shown}: annotations must name images of the file, but {list_names(absent)} are none. "
                "Export it again."
            ]
        )
    if not entries:
        entries = {key: {"id": key} for key in wanted}
    chosen = {key: entries[key] for key in wanted}
    videos = _name_videos(chosen)
    for kind in ("frame_id", "file_name", "id"):
        frames = {key: _frame_of(entry, kind) for key, entry in chosen.items()}
        places = {(videos[key], frame) for key, frame in frames.items()}
        if None not in frames.values() and len(places) == len(chosen):
            return {key: _Image(video=videos[key], frame=frame or 0) for key, frame in frames.items()}
    raise DataError(
        [
            f"{shown}: each image must have its own frame number, as frame_id, in its file_name or as its "
            "id, but some have none or the same one. Number the images."
        ]
    )


def _name_videos(entries: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return the name of each image's video; empty names where the file has one video."""
    names = {}
    folders = _name_folders(entries)
    for key, entry in entries.items():
        video = next((entry[name] for name in _VIDEO_KEYS if isinstance(entry.get(name), (int, str))), None)
        if video is None:
            video = folders.get(key)
        if video is None and _posetrack_number(key) is not None:
            video = f"{int(key) // 10_000 % 1_000_000:06d}"
        names[key] = str(video if video is not None else "")
    return names if len(set(names.values())) > 1 else dict.fromkeys(names, "")


def _name_folders(entries: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return the folder of each image that has a name, less what all paths begin and end with."""
    names = {key: entry.get("file_name") for key, entry in entries.items()}
    folders = {
        key: tuple(name.replace("\\", "/").split("/")[:-1])
        for key, name in names.items()
        if isinstance(name, str)
    }
    first = _count_alike(folders.values())
    last = _count_alike(folder[first:][::-1] for folder in folders.values())
    return {key: "/".join(folder[first : len(folder) - last]) for key, folder in folders.items()}


def _count_alike(paths: Iterable[Sequence[str]]) -> int:
    """Return how many parts all paths begin with."""
    columns = zip(*set(map(tuple, paths)), strict=False)
    return sum(1 for _ in itertools.takewhile(lambda parts: len(set(parts)) == 1, columns))


def _posetrack_number(key: str) -> int | None:
    number = int(key) if key.isascii() and key.isdecimal() and len(key) == 11 else 0
    return number % 10_000 if POSETRACK <= number < 2 * POSETRACK else None


def _frame_of(entry: dict[str, Any], kind: str) -> int | None:
    value = entry.get(kind)
    if kind == "file_name":
        return frame_number(value) if isinstance(value, str) else None
    key = _key(value)
    number = _posetrack_number(key)
    if number is None and kind == "id" and not (key.isascii() and key.isdecimal()):
        return frame_number(key)
    if number is None and key.isascii() and key.isdecimal() and len(key) < 16:
        number = int(key)
    return number if number is not None and number < LARGEST_FRAME else None


def _build(
    records: Sequence[dict[str, Any]], frames: np.ndarray, names: tuple[str, ...], shown: str
) -> Detections:
    lists = [record["keypoints"] for record in records]
    if all(isinstance(record.get(key), list) for record in records for key in ("keypoints", *WHOLEBODY_KEYS)):
        lists = [
            [*own, *(n for key in WHOLEBODY_KEYS for n in record[key])]
            for own, record in zip(lists, records, strict=True)
        ]
        names = layouts.COCO_WHOLEBODY_133
    flat = to_array(lists, shown)
    count = flat.shape[1] // 3
    if flat.shape[1] % 3 or (names and len(names) != count):
        expected = f"{len(names)} points of 3 numbers" if names else "3 numbers for each point"
        raise DataError(
            [
                f"{shown}: keypoints must be {expected}, but are {flat.shape[1]} numbers. "
                "Export the file again."
            ]
        )
    values = flat.reshape(len(records), count, 3)
    points, third = drop_zeros(values[..., :2]), values[..., 2]
    confidence = None
    if np.isin(third, (0, 1, 2)).all():
        points[third == 0] = np.nan
    else:
        confidence = third
    ids = [read_id(record.get("track_id", _attributes(record).get("track_id"))) for record in records]
    return Detections(
        landmarks=names
        or layouts.name_points(count, layouts.COCO_17, layouts.COCO_WHOLEBODY_133, layouts.HALPE_136),
        frames=frames,
        points=points,
        confidence=confidence,
        ids=np.array(ids, np.int64) if max(ids) >= 0 else None,
    )


def _attributes(record: dict[str, Any]) -> dict[str, Any]:
    found = record.get("attributes")
    return found if isinstance(found, dict) else {}


def _link_videos(
    found: Detections, videos: dict[str, list[int]], config: ReadingConfig, shown: str, notes: list[str]
) -> list[Track]:
    """Return the individuals of several videos, named ``video/person``."""
    notes.append(f"it holds {len(videos)} videos, whose individuals are read as VIDEO/PERSON")
    tracks = []
    for video, rows in videos.items():
        own = Detections(
            landmarks=found.landmarks,
            frames=found.frames[rows],
            points=found.points[rows],
            confidence=None if found.confidence is None else found.confidence[rows],
            ids=None if found.ids is None else found.ids[rows],
        )
        if np.isnan(own.points).all():
            continue
        for track in link_detections(own, config, None, shown, notes):
            name = f"{video}/{track.individual}" if track.individual else video
            tracks.append(replace(track, individual=name, take=video))
    return tracks


FORMAT = Format(
    name="coco",
    title="COCO keypoints JSON",
    suffixes=(".json",),
    recognise=_recognise,
    read=_read,
)
