"""SLEAP's project and prediction files (.slp): HDF5 with compound tables, and JSON in attributes.

- frames (video, frame_idx, a range of instances), instances (type, track, a range of points), points set by a
  person, pred_points with a score; node names and skeletons in ``metadata``'s attribute json.
- A prediction that a person has corrected stays in the file beside the correction: the correction counts.
- Before format 1.1 the origin was the corner of the first pixel, half a pixel away from its centre.
- Pixels, y down; no frame rate.

Source: sleap ``io/format/hdf5.py`` and sleap-io ``io/slp.py`` read and write these files.
"""

import json
from typing import Any

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats.hdf5 import look_inside, open_hdf5
from htvae.io.formats.hdf5_group import Group
from htvae.io.formats.instances import Instances, build_individuals
from htvae.io.opening import Source
from htvae.io.tracks import IMAGE, Content
from htvae.utils.text import list_names

SET_BY_HAND, PREDICTED = 0, 1
"""Types of instances."""
NEWEST = 3.0
"""First format whose tables differ."""
_FRAMES = ("video", "frame_idx", "instance_id_start", "instance_id_end")
_INSTANCES = (
    "instance_id",
    "instance_type",
    "skeleton",
    "track",
    "from_predicted",
    "point_id_start",
    "point_id_end",
)
_POINTS = ("x", "y", "visible")


def read_slp(source: Source, config: ReadingConfig) -> Content:
    """Return the individuals of a file.

    Raises:
        DataError: it is damaged, newer than this reader, or holds several videos or skeletons.
    """
    with open_hdf5(source) as root:
        if not _look(root):
            raise DataError(
                [
                    f"{source.shown}: must have SLEAP's tables frames, instances and points, but lacks some. "
                    "Save the file again in SLEAP."
                ]
            )
        version = _version(root)
        if version >= NEWEST:
            raise DataError(
                [
                    f"{source.shown}: must have a format below {NEWEST:g}, but has {version:g}. Export an "
                    "analysis HDF5 (.h5) from SLEAP and give that."
                ]
            )
        rows, frames = _choose_instances(root)
        landmarks = _read_landmarks(root, rows["skeleton"])
        points, confidence = _read_points(root, rows, len(landmarks))
        names = [_track_name(text) for text in _texts(root, "tracks_json")]
    points -= 0.5 if version < 1.1 else 0.0
    tracks = np.where((rows["track"] >= 0) & (rows["track"] < len(names)), rows["track"], -1)
    instances = Instances(
        landmarks=landmarks,
        frames=frames.astype(np.float64),
        points=points,
        confidence=confidence,
        tracks=tracks.astype(np.int64),
        track_names=tuple(names),
    )
    individuals = build_individuals(instances, config, source.shown)
    return Content(individuals=individuals, coordinates=IMAGE)


def _choose_instances(root: Group) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the rows of the instances that count, and their frame numbers (n,)."""
    table = {name: _whole(column) for name, column in root.table("frames", _FRAMES).items()}
    rows = {name: _whole(column) for name, column in root.table("instances", _INSTANCES).items()}
    starts, stops = table["instance_id_start"], table["instance_id_end"]
    counts = stops - starts
    total = len(rows["track"])
    if (counts < 0).any() or (starts < 0).any() or (stops > total).any() or counts.sum() > total:
        raise _damaged(root, "frames must name instances that are there")
    videos = np.unique(table["video"][counts > 0])
    if len(videos) > 1:
        raise DataError(
            [
                f"{root.shown}: must hold one video, but holds {len(videos)}. In SLEAP, export an analysis "
                "HDF5 (.h5) per video and give those."
            ]
        )
    chosen = np.concatenate([np.arange(a, b) for a, b in zip(starts, stops, strict=True)] or [starts])
    frames = np.repeat(table["frame_idx"], counts)
    rows = {name: column[chosen] for name, column in rows.items()}
    kept = ~_find_corrected(rows, frames)
    return {name: column[kept] for name, column in rows.items()}, frames[kept]


def _find_corrected(rows: dict[str, np.ndarray], frames: np.ndarray) -> np.ndarray:
    """Return a mask (n,) of predictions that a person has corrected: named by id, or in the same track."""
    by_hand = rows["instance_type"] == SET_BY_HAND
    origins = rows["from_predicted"][by_hand]
    is_origin = np.isin(rows["instance_id"], origins[origins >= 0])
    tracked = by_hand & (rows["track"] >= 0)
    taken = set(zip(frames[tracked].tolist(), rows["track"][tracked].tolist(), strict=True))
    same_track = [pair in taken for pair in zip(frames.tolist(), rows["track"].tolist(), strict=True)]
    return ~by_hand & (is_origin | np.array(same_track, bool))


def _read_points(
    root: Group, rows: dict[str, np.ndarray], num_landmarks: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return points (n, L, 2) and confidences (n, L), NaN for those set by hand."""
    starts, counts = rows["point_id_start"], rows["point_id_end"] - rows["point_id_start"]
    predicted = rows["instance_type"] == PREDICTED
    by_hand_table = root.table("points", _POINTS)
    table = root.table("pred_points", (*_POINTS, "score"))
    lengths = np.where(predicted, len(table["x"]), len(by_hand_table["x"]))
    if (counts != num_landmarks).any() or (starts < 0).any() or (starts + counts > lengths).any():
        raise _damaged(root, f"an instance must have {num_landmarks} points")
    if len(starts) * num_landmarks > len(table["x"]) + len(by_hand_table["x"]):
        raise _damaged(root, "instances must not share points")
    points = np.full((len(starts), num_landmarks, 2), np.nan)
    confidence = np.full(points.shape[:2], np.nan)
    for is_kind, values in ((predicted, table), (~predicted, by_hand_table)):
        places = starts[is_kind, None] + np.arange(num_landmarks)
        own = np.stack((values["x"][places], values["y"][places]), axis=-1)
        points[is_kind] = np.where(values["visible"][places].astype(bool)[..., None], own, np.nan)
        if "score" in values:
            confidence[is_kind] = np.nan_to_num(values["score"][places])
    return points, confidence


def _read_landmarks(root: Group, skeletons: np.ndarray) -> tuple[str, ...]:
    """Return the node names of the skeleton that the instances have, in the order of their points."""
    try:
        stored = root.attribute("json", "metadata")
        metadata = json.loads(stored if isinstance(stored, str) else np.asarray(stored).tobytes())
        kinds = np.unique(skeletons)
        if len(kinds) > 1:
            raise DataError(
                [
                    f"{root.shown}: instances must have one skeleton, but have {len(kinds)}. Export an "
                    "analysis HDF5 (.h5) from SLEAP and give that."
                ]
            )
        skeleton = metadata["skeletons"][_index(int(kinds[0])) if len(kinds) else 0]
        nodes = skeleton.get("nx_graph", skeleton)["nodes"]
        names = tuple(str(metadata["nodes"][_index(node["id"])]["name"]) for node in nodes)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, DataError):
            raise
        raise _damaged(root, "metadata must name the nodes of the skeleton") from error
    if not names or len(set(names)) < len(names):
        raise _damaged(root, f"nodes must have different names, but are {list_names(names)}")
    return names


def _texts(root: Group, name: str) -> list[str]:
    """Return texts; empty lists are stored as numbers."""
    return root.strings(name) if any(root.shape(name) or ()) else []


def _index(value: Any) -> int:
    if not isinstance(value, int) or value < 0:
        raise ValueError("an index must be a whole number")
    return value


def _track_name(text: str) -> str:
    """Return the name in a text such as ``[0,"track_0"]``."""
    try:
        track = json.loads(text)
        return str(track[1]) if isinstance(track, list) and isinstance(track[1], str | int) else ""
    except (ValueError, IndexError, RecursionError):
        return ""


def _whole(column: np.ndarray) -> np.ndarray:
    """Return whole numbers, which some programs store as floating-point ones; -1 for what is none."""
    if column.dtype.kind == "f":
        column = np.where(np.abs(column) < 2**53, column, -1)
    if column.dtype == np.uint64:
        column = np.minimum(column, np.uint64(2**62))
    return column.astype(np.int64)


def _version(root: Group) -> float:
    found = root.attribute("format_id", "metadata")
    return float(found) if isinstance(found, np.generic) else 1.0


def _damaged(root: Group, rule: str) -> DataError:
    return DataError([f"{root.shown}: {rule}, but some do not. Save the file again in SLEAP."])


def _look(root: Group) -> str:
    is_slp = "frame_idx" in root.columns("frames") and "point_id_start" in root.columns("instances")
    has_points = root.shape("points") is not None and root.shape("pred_points") is not None
    return "tables frames, instances, points" if is_slp and has_points else ""


def _is_sparse(root: Group) -> bool:
    """Whether all is set by hand in single frames: labels to train a network with."""
    if not _look(root) or any(root.shape("pred_points") or ()):
        return False
    frames = np.unique(_whole(root.table("frames", _FRAMES)["frame_idx"]))
    return len(frames) < 2 or bool(np.median(np.diff(frames)) > 1)


def recognise_slp(source: Source) -> str:
    """Return what shows a recording of SLEAP's; an empty text for other files and for hand labels."""
    return look_inside(source, lambda root: "" if _is_sparse(root) else _look(root))


def recognise_hand_labels(source: Source) -> str:
    """Return what shows hand labels of SLEAP's; an empty text for other files."""
    return look_inside(source, lambda root: "single frames set by hand" if _is_sparse(root) else "")
