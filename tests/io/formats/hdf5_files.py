"""HDF5 files of trackers, written by code for tests, in the layouts of the programs that write them."""

import json
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np

Columns = Sequence[tuple[str, ...]]
LEVELS = ("scorer", "individuals", "bodyparts", "coords")


def dlc_columns(
    parts: Sequence[str], individuals: Sequence[str] = ("",), coords: Sequence[str] = ("x", "y", "likelihood")
) -> list[tuple[str, ...]]:
    """Return the columns of a DeepLabCut table; without names of individuals, of a single animal."""
    columns = [("net", who, part, coord) for who in individuals for part in parts for coord in coords]
    return columns if any(individuals) else [(net, *rest) for net, _, *rest in columns]


def write_dlc_table(
    path: Path, columns: Columns, values: np.ndarray, index: np.ndarray, key: str = "df_with_missing"
) -> Path:
    """Write the "table" layout of pandas: compound rows, names of columns pickled as text."""
    levels = LEVELS if len(columns[0]) == 4 else (LEVELS[0], *LEVELS[2:])
    kind = np.dtype([("index", index.dtype), ("values_block_0", values.dtype, (values.shape[1],))])
    rows = np.empty(len(values), kind)
    rows["index"], rows["values_block_0"] = index, values
    with h5py.File(path, "w") as file:
        group = file.create_group(key)
        group.attrs["pandas_type"] = np.bytes_("frame_table")
        info = {1: {"names": list(levels), "type": "MultiIndex"}, "index": {}}
        group.attrs["info"] = np.bytes_(pickle.dumps(info, 0))
        table = group.create_dataset("table", data=rows, chunks=True, maxshape=(None,))
        table.attrs["values_block_0_kind"] = np.bytes_(pickle.dumps(list(columns), 0))
    return path


def write_dlc_fixed(
    path: Path, columns: Columns, values: np.ndarray, index: np.ndarray, key: str = "tracks"
) -> Path:
    """Write the "fixed" layout of pandas: names of columns as levels and codes."""
    levels = LEVELS if len(columns[0]) == 4 else (LEVELS[0], *LEVELS[2:])
    with h5py.File(path, "w") as file:
        group = file.create_group(key)
        group.attrs["pandas_type"] = np.bytes_("frame")
        group.attrs["nblocks"] = 1
        for number, (level, cells) in enumerate(zip(levels, zip(*columns, strict=True), strict=True)):
            names = list(dict.fromkeys(cells))
            items = group.create_dataset(
                f"block0_items_level{number}", data=[name.encode() for name in names]
            )
            items.attrs["name"] = np.bytes_(level)
            group[f"block0_items_label{number}"] = np.array([names.index(cell) for cell in cells], np.int8)
        group["axis1"] = index
        group["block0_values"] = values
        group["block0_values"].attrs["transposed"] = 1
    return path


def write_sleap_h5(
    path: Path,
    tracks: Mapping[str, np.ndarray],
    nodes: Sequence[str],
    scores: Mapping[str, np.ndarray] | None = None,
    dims: Sequence[str] = (),
) -> Path:
    """Write an analysis HDF5 of tracks (T, L, 2) by name, in MATLAB's order or that of ``dims``."""
    points = np.stack(list(tracks.values())).transpose(0, 3, 2, 1)
    matlab = ("track", "xy", "node", "frame")
    with h5py.File(path, "w") as file:
        order = [matlab.index(axis) for axis in dims or matlab]
        file.create_dataset("tracks", data=points.transpose(order), compression="gzip")
        if dims:
            file["tracks"].attrs["dims"] = json.dumps(list(dims))
        names = [name.encode() for name in tracks if name]
        file["track_names"] = np.array(names) if names else np.empty(0)
        file["node_names"] = np.array([node.encode() for node in nodes])
        file["track_occupancy"] = (~np.isnan(points).all(axis=(1, 2))).T.astype(np.uint8)
        if scores is not None:
            file["point_scores"] = np.stack(list(scores.values())).transpose(0, 2, 1)
    return path


Instance = tuple[int, int, int, np.ndarray, int]
"""Frame, type (0 by hand, 1 predicted), track, points (L, 3) with scores, predicted instance it came from."""


def write_slp(
    path: Path,
    instances: Sequence[Instance],
    nodes: Sequence[str],
    tracks: Sequence[str] = (),
    version: float = 1.2,
    videos: Sequence[int] = (),
) -> Path:
    """Write a .slp with instances sorted by frame; ``videos`` gives the video of each frame."""
    frame_kind = np.dtype(
        [
            ("frame_id", "u8"),
            ("video", "u4"),
            ("frame_idx", "u8"),
            ("instance_id_start", "u8"),
            ("instance_id_end", "u8"),
        ]
    )
    instance_kind = np.dtype(
        [
            ("instance_id", "i8"),
            ("instance_type", "u1"),
            ("frame_id", "u8"),
            ("skeleton", "u4"),
            ("track", "i4"),
            ("from_predicted", "i8"),
            ("score", "f4"),
            ("point_id_start", "u8"),
            ("point_id_end", "u8"),
        ]
    )
    point_kind = np.dtype([("x", "f8"), ("y", "f8"), ("visible", "?"), ("complete", "?")])
    predicted_kind = np.dtype(
        [*((name, point_kind[name]) for name in point_kind.names or ()), ("score", "f8")]
    )
    numbers = list(dict.fromkeys(frame for frame, *_ in instances))
    frames = np.zeros(len(numbers), frame_kind)
    rows = np.zeros(len(instances), instance_kind)
    by_hand, predicted = [], []
    for index, (frame, kind, track, points, origin) in enumerate(instances):
        store = predicted if kind else by_hand
        start = len(store)
        for x, y, score in points:
            store.append((x, y, True, True, score) if kind else (x, y, True, True))
        place = numbers.index(frame)
        rows[index] = (index, kind, place, 0, track, origin, 0.5, start, len(store))
    for place, number in enumerate(numbers):
        own = [i for i, instance in enumerate(instances) if instance[0] == number]
        video = videos[place] if videos else 0
        frames[place] = (place, video, number, own[0], own[-1] + 1)
    # as in real files, the skeleton lists its nodes in another order than the file
    order = list(range(len(nodes)))[::-1]
    metadata = {
        "nodes": [{"name": nodes[i], "weight": 1.0} for i in order],
        "skeletons": [{"nodes": [{"id": order.index(i)} for i in range(len(nodes))], "links": []}],
    }
    with h5py.File(path, "w") as file:
        group = file.create_group("metadata")
        group.attrs["format_id"] = version
        group.attrs["json"] = np.bytes_(json.dumps(metadata))
        file["frames"], file["instances"] = frames, rows
        file["points"] = np.array(by_hand, point_kind)
        file["pred_points"] = np.array(predicted, predicted_kind)
        names = [json.dumps([0, name]).encode() for name in tracks]
        file["tracks_json"] = np.array(names) if names else np.empty(0)
    return path


def write_nwb(
    path: Path,
    groups: Mapping[str, Mapping[str, np.ndarray]],
    times: np.ndarray | float = 30.0,
    confidence: float | None = 0.9,
    kind: str = "PoseEstimation",
) -> Path:
    """Write NWB with a group per individual and series (T, D) by body part; ``times`` may be a rate."""
    with h5py.File(path, "w") as file:
        file.attrs["neurodata_type"] = "NWBFile"
        behavior = file.create_group("processing/behavior")
        behavior.attrs["neurodata_type"] = "ProcessingModule"
        for name, parts in groups.items():
            group = behavior.create_group(name)
            group.attrs["neurodata_type"] = kind
            group["nodes"] = list(parts)
            group["camera"] = h5py.SoftLink("/general/devices/camera")
            for part, points in parts.items():
                series = group.create_group(part)
                series.attrs["neurodata_type"] = "PoseEstimationSeries"
                series["data"] = points
                series["data"].attrs["conversion"] = 1.0
                if confidence is not None:
                    series["confidence"] = np.full(len(points), confidence)
                if isinstance(times, float):
                    series["starting_time"] = 0.0
                    series["starting_time"].attrs["rate"] = times
                else:
                    series["timestamps"] = times
    return path


def write_movement(
    path: Path,
    points: Mapping[str, np.ndarray],
    keypoints: Sequence[str],
    order: Sequence[str] = ("time", "space", "keypoints", "individuals"),
    times: np.ndarray | None = None,
    confidence: float | None = 0.9,
    **attributes: object,
) -> Path:
    """Write netCDF-4 of points (T, L, D) by individual with axes in an order."""
    stacked = np.stack(list(points.values()))  # individual, time, keypoint, space
    known = {"individual": 0, "time": 1, "keypoint": 2, "space": 3}
    values = {
        "time": np.arange(stacked.shape[1]) if times is None else times,
        "space": ["x", "y", "z"][: stacked.shape[3]],
        "keypoint": list(keypoints),
        "individual": list(points),
    }
    with h5py.File(path, "w") as file:
        for axis in order:
            scale = file.create_dataset(axis, data=values[axis.removesuffix("s")])
            scale.make_scale(axis)
        data = stacked.transpose([known[axis.removesuffix("s")] for axis in order])
        variables = {"position": (data, list(order))}
        if confidence is not None:
            others = [axis for axis in order if axis != "space"]
            sizes = tuple(len(values[axis.removesuffix("s")]) for axis in others)
            variables["confidence"] = (np.full(sizes, confidence), others)
        for name, (array, axes) in variables.items():
            file[name] = array
            for index, axis in enumerate(axes):
                file[name].dims[index].attach_scale(file[axis])
        for name, value in attributes.items():
            file.attrs[name] = np.bytes_(value) if isinstance(value, str) else value
    return path
