"""Datasets of movement, saved as netCDF.

- ``position`` (time, space, keypoints, individuals) and ``confidence``, with a coordinate per axis. The order
  of the axes and their names (keypoint, individual in newer versions) have changed: they go by name.
- Times are seconds, or frames where movement knew no rate; attribute ``fps``.
- ds_type "bboxes" holds boxes without points.
- Pixels, y down; in three dimensions the axes of the calibration.

Source: movement ``validators/datasets.py`` and ``io/load_poses.py``; xarray's ``to_netcdf``.
"""

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats.base import Format, Refusal
from htvae.io.formats.frames import check_frames
from htvae.io.formats.gaps import check_span, spread
from htvae.io.formats.hdf5 import look_inside
from htvae.io.formats.hdf5_group import Group
from htvae.io.formats.instances import trust_points_set_by_hand, unique_names
from htvae.io.formats.netcdf import NetCDF, Variable, read_netcdf, read_netcdf3_header
from htvae.io.formats.times import FrameTimes, frames_of_times
from htvae.io.opening import Source
from htvae.io.tracks import IMAGE, UPRIGHT, Content, Track
from htvae.utils.text import list_names

SUFFIXES = (".nc", ".netcdf", ".h5", ".hdf5")
AXES = ("time", "space", "keypoint", "individual")
"""Axes of ``position``, in the singular."""
_NAMES = ("position", "confidence", "time", "space", "keypoints", "keypoint", "individuals", "individual")
_ATTRIBUTES = ("fps", "time_unit", "ds_type")


def _read(source: Source, config: ReadingConfig) -> Content:
    shown = source.shown
    file = read_netcdf(source, _NAMES, _ATTRIBUTES)
    if "position" not in file.variables or file.attributes.get("ds_type") == "bboxes":
        raise DataError(
            [
                f"{shown}: must hold positions of keypoints, but holds none. Save a dataset of poses "
                "(ds_type poses) with movement."
            ]
        )
    position = _order(file.variables["position"], AXES, shown)
    space, keypoints, individuals = (
        _labels(file, axis, length, shown) for axis, length in zip(AXES[1:], position.shape[1:], strict=True)
    )
    points = _choose_coordinates(position, space, shown)
    confidence = _read_confidence(file, points, shown)
    times = _read_times(file, len(position), shown)
    check_frames(times.frames.astype(np.float64), config, shown)
    rows = times.frames - times.frames[0]
    check_span(int(rows[-1]) + 1, points[:, 0].size, shown)
    tracks = [
        Track(
            landmarks=tuple(keypoints),
            points=spread(points[index], rows),
            confidence=None if confidence is None else spread(confidence[index], rows),
            individual=name,
            first_frame=int(times.frames[0]),
        )
        for index, name in enumerate(unique_names(individuals, "individual"))
    ]
    return Content(
        individuals=tracks,
        fps=times.fps,
        coordinates=IMAGE if points.shape[-1] == 2 else UPRIGHT,
        notes=(times.note,) if times.note else (),
    )


def _choose_coordinates(position: np.ndarray, space: list[str], shown: str) -> np.ndarray:
    """Return the points (individual, T, L, D) of positions (T, space, L, individual)."""
    wanted = [axis for axis in ("x", "y", "z") if axis in space]
    if wanted[:2] != ["x", "y"] or not position.size:
        raise DataError(
            [
                f"{shown}: positions must have x, y and perhaps z, but have {list_names(space)} in "
                f"{position.shape}. Save the dataset again."
            ]
        )
    return position[:, [space.index(axis) for axis in wanted]].transpose(3, 0, 2, 1)


def _order(variable: Variable, axes: tuple[str, ...], shown: str) -> np.ndarray:
    """Return values with their axes in an order; axes without a name are taken to be in it."""
    own = tuple(axis.removesuffix("s") for axis in variable.axes)
    if not any(own) and variable.values.ndim == len(axes):
        own = axes
    if sorted(own) != sorted(axes):
        raise DataError(
            [
                f"{shown}: the axes must be {', '.join(axes)}, but are {list_names(variable.axes)}. "
                "Save the dataset again with movement."
            ]
        )
    return variable.values.transpose([own.index(axis) for axis in axes]).astype(np.float64)


def _labels(file: NetCDF, axis: str, length: int, shown: str) -> list[str]:
    """Return the names along an axis."""
    names = file.labels.get(f"{axis}s", file.labels.get(axis))
    if names is None and axis == "space":
        names = ["x", "y", "z"][:length]
    if names is None and axis == "individual" and length == 1:
        names = [""]
    if names is None or len(names) != length or (axis != "individual" and len(set(names)) < length):
        raise DataError(
            [
                f"{shown}: each {axis} of {length} must have a name of its own, but the names are "
                f"{list_names(names or ['absent'])}. Save the dataset again with movement."
            ]
        )
    return names


def _read_confidence(file: NetCDF, points: np.ndarray, shown: str) -> np.ndarray | None:
    """Return confidences (individual, T, L), None where the file has none: movement then fills in NaN."""
    if "confidence" not in file.variables:
        return None
    axes = tuple(axis for axis in AXES if axis != "space")
    confidence = _order(file.variables["confidence"], axes, shown).transpose(2, 0, 1)
    if confidence.shape != points.shape[:3]:
        raise DataError(
            [
                f"{shown}: a point must have a confidence, but there are {confidence.shape} for "
                f"{points.shape[:3]} points. Save the dataset again."
            ]
        )
    return None if np.isnan(confidence).all() else trust_points_set_by_hand(points, confidence)


def _read_times(file: NetCDF, num_frames: int, shown: str) -> FrameTimes:
    """Return the frame numbers and the frame rate."""
    stated = file.attributes.get("fps")
    fps = stated if isinstance(stated, float) and 0 < stated < 1e6 else None
    rows = np.arange(num_frames)
    if "time" not in file.variables:
        return FrameTimes(rows, fps, "")
    times = file.variables["time"].values.astype(np.float64)
    if times.shape != (num_frames,):
        raise DataError([f"{shown}: each of {num_frames} frames must have a time, but {times.shape} have."])
    is_counted = file.attributes.get("time_unit") == "frames"
    if fps is None and not is_counted:
        return frames_of_times(times)
    frames = times if is_counted or fps is None else np.round(times * fps)
    is_count = (
        np.isfinite(frames).all() and (frames == np.round(frames)).all() and (np.diff(frames) > 0).all()
    )
    if not is_count or not 0 <= frames[0] <= frames[-1] < 2**53:
        return FrameTimes(rows, fps, "its times are no growing frames, so that rows count as frames")
    return FrameTimes(frames.astype(np.int64), fps, "")


def _look(root: Group, ds_type: str) -> str:
    """Recognise by the datasets, since attributes may be out of sight."""
    axes = len(root.shape("position") or ())
    kind = "bboxes" if axes == 3 and root.shape("shape") is not None else "poses" if axes == 4 else ""
    is_movement = kind == ds_type and root.kind("space") in ("O", "S") and root.shape("time") is not None
    return f"position, space and time of {ds_type}" if is_movement else ""


def _recognise(source: Source, ds_type: str = "poses") -> str:
    header = read_netcdf3_header(source)
    if header is None:
        return look_inside(source, lambda root: _look(root, ds_type))
    kind = header.attributes.get("ds_type", "poses")
    is_movement = kind == ds_type and "position" in header and "space" in header
    return f"netCDF-3 with position, space and ds_type {ds_type}" if is_movement else ""


FORMAT = Format(
    name="movement",
    title="movement's netCDF",
    suffixes=SUFFIXES,
    recognise=_recognise,
    read=_read,
)
BOXES = Refusal(
    name="bounding boxes of movement",
    suffixes=SUFFIXES,
    recognise=lambda source: _recognise(source, "bboxes"),
    remedy="They hold no body points: give a dataset of poses.",
)
