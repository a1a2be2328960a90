"""AlphaPose's ``alphapose-results.json``: a list with a record for each person in each frame.

- ``image_id`` is the image's name; the last number in it is the frame, in order of numbers, not of text.
- ``keypoints`` is x, y, score for each point. Pixels, y down. The number of points tells the layout: 17 COCO,
  26, 68 and 136 Halpe.
- ``idx`` is a number, or a list of lists; without ``--pose_track`` it means nothing and occurs twice in a
  frame.
- ``--format open`` and ``cmu`` give a dict of images with 18 points in OpenPose's order.

Source: MVIG-SJTU/AlphaPose, ``alphapose/utils/pPose_nms.py`` (``write_json``).
"""

from typing import Any

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats.base import Format
from htvae.io.formats.json_files import first_dict, json_head, load_json, to_array
from htvae.io.formats.people import check_is_sequence, drop_zeros, frame_number, number_repeated, read_id
from htvae.io.opening import Source
from htvae.io.tracks import IMAGE, Content, Detections
from htvae.poses import layouts
from htvae.utils.text import shorten

MODELS = (
    layouts.COCO_17,
    layouts.HALPE_26,
    layouts.HALPE_68,
    layouts.HALPE_136,
    layouts.COCO_WHOLEBODY_133,
    layouts.COCO_18,
)
_LISTS = {"people": "pose_keypoints_2d", "bodies": "joints"}
"""Keys of the people and of their points in the forms ``open`` and ``cmu``."""


def _recognise(source: Source) -> str:
    head = json_head(source)
    if isinstance(head, list):
        record = first_dict(head)
        has_keys = {"image_id", "keypoints"} <= record.keys()
        is_own = {"idx", "box"} & record.keys() or not _is_number(record.get("image_id"))
        return "results with image_id, keypoints and box or idx" if has_keys and is_own else ""
    image = next(iter(head.values()), None) if isinstance(head, dict) else None
    if isinstance(image, dict) and str(image.get("version", "")).startswith("AlphaPose"):
        return "images of version AlphaPose"
    return ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and value.isdecimal())


def _read(source: Source, config: ReadingConfig) -> Content:
    value, shown = load_json(source), source.shown
    records = _unfold(value) if isinstance(value, dict) else value
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise DataError([f"{shown}: must be a list of records, but is not. Export the file again."])
    records = [record for record in records if record.get("keypoints")]
    if not records:
        raise DataError([f"{shown}: must show somebody, but has no keypoints. Remove the file."])
    frames = [frame_number(str(record.get("image_id"))) for record in records]
    if None in frames:
        name = shorten(str(records[frames.index(None)].get("image_id")))
        raise DataError(
            [f"{shown}: image_id must end in the frame number, but one is {name}. Number the images."]
        )
    check_is_sequence(np.array(frames), shown)
    numbered = number_repeated(np.array(frames), config, shown)
    flat = to_array([record["keypoints"] for record in records], shown)
    if flat.shape[1] % 3:
        raise DataError(
            [
                f"{shown}: keypoints must have 3 numbers for each point, but have {flat.shape[1]}. "
                "Export it again."
            ]
        )
    values = flat.reshape(len(records), -1, 3)
    ids = np.array([read_id(record.get("idx")) for record in records], np.int64)
    found = Detections(
        landmarks=layouts.name_points(values.shape[1], *MODELS),
        frames=numbered.frames,
        points=drop_zeros(values[..., :2]),
        confidence=values[..., 2],
        ids=ids if ids.max() >= 0 else None,
    )
    return Content(individuals=found, fps=numbered.fps, coordinates=IMAGE)


def _unfold(images: dict[str, Any]) -> list[Any]:
    """Return the records of a dict of images."""
    records = []
    for name, image in images.items():
        for key, points in _LISTS.items():
            people = image.get(key) if isinstance(image, dict) else None
            for person in people if isinstance(people, list) else []:
                keypoints = person.get(points) if isinstance(person, dict) else None
                records.append({"image_id": name, "keypoints": keypoints})
    return records


FORMAT = Format(
    name="alphapose",
    title="AlphaPose JSON",
    suffixes=(".json",),
    recognise=_recognise,
    read=_read,
)
