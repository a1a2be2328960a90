"""VideoPose3D's archives, ``data_2d_*.npz`` and ``data_3d_*.npz``: many takes in one file.

- A pickled dict: subject, action, then one array (frames, points, 2 or 3) or a list with one per camera.
- 2-D in pixels, y down; 3-D in metres, z up (Human3.6M's room).
- ``metadata`` names the layout of the points. Human3.6M has 50 frames per second; for one's own videos the
  file does not say the rate.
- Each take and camera is a track, called ``subject/action_cam0``; the cameras of a take are one session. The
  pickle is not run, see `unpickling`.

Source: facebookresearch/VideoPose3D, ``data/prepare_data_h36m.py`` and ``data/prepare_data_2d_custom.py``.
"""

from collections.abc import Iterator

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats import npy
from htvae.io.formats.base import Format
from htvae.io.formats.numbers import check_coordinates
from htvae.io.opening import Source
from htvae.io.tracks import IMAGE, Content, Track
from htvae.poses.layouts_3d import H36M_17, H36M_32
from htvae.poses.sequence import Coordinates

ARRAYS = {"positions_3d": 3, "positions_2d": 2}
"""Coordinates by the name of the archive's array."""
FPS = 50.0
"""Frame rate of Human3.6M."""
_COCO_17 = tuple(
    "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow right_elbow "
    "left_wrist right_wrist left_hip right_hip left_knee right_knee left_ankle right_ankle".split()
)
_LAYOUTS = {
    "h36m": {17: H36M_17, 32: H36M_32},
    "coco": {17: _COCO_17},
}
"""Names of points by layout and number."""


def _find_array(source: Source) -> str:
    headers = npy.headers_of(source)
    return next((name for name in ARRAYS if name in headers and headers[name].dtype.hasobject), "")


def _recognise(source: Source) -> str:
    name = _find_array(source)
    return f"array {name} of subjects and actions" if name else ""


def _read(source: Source, config: ReadingConfig) -> Content:
    name = _find_array(source)
    if not name:
        raise DataError([f"{source.shown}: must have an array positions_2d or positions_3d, but has none."])
    num_axes = ARRAYS[name]
    layout = _read_layout(source)
    content = npy.read_member(source, name)
    takes = _list_takes(content.item() if content.size == 1 else None, source.shown)
    fitting = [take for take in takes if take[-1].shape[2:] == (num_axes,) and take[-1].size]
    if not fitting or len(fitting) < len(takes):
        raise DataError(
            [
                f"{source.shown}: {name} must hold arrays (frames, points, {num_axes}) of subjects' actions, "
                f"but {len(takes) - len(fitting)} of {len(takes)} are others. Export it again."
            ]
        )
    tracks = []
    is_person = layout != "coco"  # else the subjects are one's own videos
    for subject, take, name, array in fitting:
        points = npy.to_points(array, source.shown)
        check_coordinates(points, f"{source.shown} ({name})")
        names = _name_points(layout, points.shape[1], num_axes)
        known = subject if is_person else ""
        tracks.append(Track(individual=name, take=take, subject=known, landmarks=names, points=points))
    return Content(
        individuals=tracks,
        fps=FPS if layout.startswith("h36m") or (num_axes == 3 and not layout) else None,
        coordinates=IMAGE if num_axes == 2 else Coordinates(z_up=True),
    )


def _read_layout(source: Source) -> str:
    """Return the name of the layout of points, an empty text where the file does not say."""
    if "metadata" not in npy.headers_of(source):
        return ""
    metadata = npy.read_member(source, "metadata")
    value = metadata.item() if metadata.size == 1 else None
    layout = value.get("layout_name") if isinstance(value, dict) else None
    return layout if isinstance(layout, str) else ""


def _list_takes(subjects: object, shown: str) -> list[tuple[str, str, str, np.ndarray]]:
    """Return all takes; raise DataError where some share an array: few bytes could stand for any number."""
    takes = []
    known: set[int] = set()
    for take in _find_takes(subjects):
        if id(take[-1]) in known:
            raise DataError(
                [f"{shown}: each take must have its own array, but {take[2]} shares one. Export it again."]
            )
        takes.append(take)
        known.add(id(take[-1]))
    return takes


def _find_takes(subjects: object) -> Iterator[tuple[str, str, str, np.ndarray]]:
    """Yield subject, take, name and array of each camera; other values come as empty arrays."""
    for subject, actions in subjects.items() if isinstance(subjects, dict) else ():
        for action, value in actions.items() if isinstance(actions, dict) else ():
            cameras = value if isinstance(value, list | tuple) else [value]
            for camera, array in enumerate(cameras):
                is_array = isinstance(array, np.ndarray) and array.dtype.kind in "fiu"
                take = f"{subject}/{action}"
                name = f"{take}_cam{camera}" if len(cameras) > 1 else take
                yield str(subject), take, name, array if is_array else np.empty(0)


def _name_points(layout: str, count: int, num_axes: int) -> tuple[str, ...]:
    known = _LAYOUTS.get(layout, {}) or (_LAYOUTS["h36m"] if num_axes == 3 and not layout else {})
    return known.get(count, tuple(f"POINT_{index}" for index in range(count)))


FORMAT = Format(name="videopose3d", title="VideoPose3D", suffixes=(".npz",), recognise=_recognise, read=_read)
