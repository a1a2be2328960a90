"""FreeMoCap's 3-D points, in mm with z up: wide tables, long tables and arrays.

- ``mediapipe_body_3d_xyz.csv``: ``nose_x``, ``nose_y``, ``nose_z``, ..., a row per frame, without frame
  numbers. ``..._by_trajectory.csv``: the same for all parts, after columns of time stamps.
- ``..._by_frame.csv`` and the tables of version 2: a row per frame and ``keypoint``, mostly with ``model``
  and ``trajectory``. Where a point has several trajectories, ``3d_xyz`` is read, the measured one.
- ``mediapipe_skeleton_3d.npy``, ``mediaPipeSkel_3d_body_hands_face.npy``: (frames, points, 3), in the order
  body, right hand, left hand, face. Arrays of hands or a face alone do not tell which, and are left out.
- Names differ between versions (``body_nose``, ``right_hand_right_hand_0001``); they are made alike.
- Centres of mass are no landmarks.

Source: freemocap/freemocap, ``convert_mediapipe_npy_to_csv.py`` and ``data_saver.py`` (1.x);
freemocap/skellyforge, ``skellymodels/managers/actor.py`` (2.x).
"""

import re
from dataclasses import replace

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats import npy
from htvae.io.formats.base import Format, Refusal
from htvae.io.formats.frames import number_frames
from htvae.io.formats.long_table import gather_points, read_columns
from htvae.io.formats.names import find_repeated
from htvae.io.formats.numbers import check_coordinates, place_rows
from htvae.io.formats.wide_table import (
    FRAMES,
    TIMES,
    find_column,
    find_points,
    header_of,
    measure_reach,
    read_table,
)
from htvae.io.opening import Source
from htvae.io.tracks import Content, Track
from htvae.poses.landmarks import MEDIAPIPE_LANDMARKS
from htvae.poses.layouts_3d import MEDIAPIPE_HAND_21
from htvae.poses.sequence import Coordinates
from htvae.utils.text import list_names

NUM_BODY = len(MEDIAPIPE_LANDMARKS)
NUM_POINTS = (75, 543, 553)
"""Points of arrays: body and hands; with a face of 468; with one of 478."""
MEASURED = "3d_xyz"
"""Trajectory of points as they were measured, not made rigid."""
LONG = ("frame", "keypoint", "x", "y", "z")
"""Columns of long tables."""
_LEAST_REACH = 10
_NOTE = "is read as FreeMoCap's, in mm with z up; --y_up or --no_z_up for others"
_CENTRE = re.compile(r"(?i)(?:com|center_of_mass)(?:[_.].*)?|.*center_of_mass")
_PARTS = re.compile(r"(?i)center_of_mass|segmentcom|spatialxyz|(?:left|right)_hand_\w*3d_xyz|face_\w*3d_xyz")
_HAND = re.compile(r"(left|right)_(?:hand_)?(?:(?:left|right)_hand_)?(.+)")


def plain_name(name: str) -> str:
    """Return a point's name as all versions have it: ``body_nose`` and ``body.nose`` give ``nose``."""
    name = name.replace(".", "_").removeprefix("hands_").removeprefix("body_")
    match = _HAND.fullmatch(name)
    if match and (name.startswith(("left_hand", "right_hand")) or match[2].isdecimal()):
        part = match[2]
        if part.isdecimal() and int(part) < len(MEDIAPIPE_HAND_21):
            part = MEDIAPIPE_HAND_21[int(part)].lower()
        return f"{match[1]}_hand_{part}"
    return name


def is_long(source: Source, header: list[str]) -> bool:
    """Whether a table has FreeMoCap's long columns, with its own ones, or with no others and in mm."""
    if not {*LONG} <= set(header):
        return False
    if _has_own_columns(header):
        return True
    return {*LONG} == set(header) and _are_mm(source, [header.index(axis) for axis in "xyz"])


def _has_own_columns(header: list[str]) -> bool:
    return not {"model", "trajectory"}.isdisjoint(header)


def _are_mm(source: Source, columns: list[int]) -> bool:
    """Whether the columns x, y, z, x, ... all go beyond what shares, metres and confidences reach."""
    return all(measure_reach(source, columns[axis::3]) > _LEAST_REACH for axis in range(3))


def _name_points(count: int) -> list[str]:
    """Return the names of an array's points."""
    hand = [name.lower() for name in MEDIAPIPE_HAND_21]
    names = [name.lower() for name in MEDIAPIPE_LANDMARKS]
    names += [f"{side}_hand_{name}" for side in ("right", "left") for name in hand]
    return [*names[:count], *(f"face_{index:04}" for index in range(count - len(names)))]


def is_array(source: Source, header: npy.Header) -> bool:
    """Whether an array has the shape of FreeMoCap's, in mm; that of the body alone must begin with some."""
    if not header.is_numbers or len(header.shape) != 3 or header.shape[2] != 3:
        return False
    if header.shape[1] not in (NUM_BODY, *NUM_POINTS):
        return False
    seen = _first_points(source, header)
    if not len(seen):
        return header.shape[1] != NUM_BODY
    return bool(((seen > _LEAST_REACH).mean(axis=0) > 0.5).all())


def _first_points(source: Source, header: npy.Header) -> np.ndarray:
    """Return the sizes of an array's first numbers, (points, 3), or (numbers, 1) in Fortran order."""
    size = header.dtype.itemsize * (1 if header.is_fortran else 3)
    head = source.head[header.size :]
    numbers = np.frombuffer(head[: len(head) // size * size], header.dtype)
    values = npy.to_points(numbers, source.shown).reshape(-1, 1 if header.is_fortran else 3)
    return np.abs(values[np.isfinite(values).all(axis=-1)])


def _recognise(source: Source) -> str:
    if source.suffix == ".npy":
        header = npy.header_of(source)
        is_known = header is not None and is_array(source, header)
        return f"array of {header.shape[1]} points in mm" if is_known and header is not None else ""
    columns = header_of(source)
    if is_long(source, columns):
        return f"columns {', '.join(LONG)}"
    points = find_points(columns)
    places = [place for axes in points.values() for place in axes]
    others = [column for column in columns if column.lower() in TIMES]
    if (
        len(points) < 2
        or len(places) + len(others) < len(columns)
        or find_column(columns, FRAMES) is not None
    ):
        return ""
    return f"columns x, y, z of {len(points)} points in mm" if _are_mm(source, places) else ""


def _read(source: Source, config: ReadingConfig) -> Content:
    if source.suffix == ".npy":
        array = npy.read_array(source.read_bytes(), source.shown)
        if array.ndim != 3 or array.shape[1] not in (NUM_BODY, *NUM_POINTS) or array.shape[2] != 3:
            raise DataError(
                [
                    f"{source.shown}: its array must be (frames, 33 to 553, 3), but is {array.shape}. "
                    "Try --source arrays."
                ]
            )
        content = _build(_name_points(array.shape[1]), npy.to_points(array, source.shown), source.shown)
        return replace(content, notes=(f"an array of {array.shape[1]} points {_NOTE}",))
    header = header_of(source)
    if {*LONG} <= set(header):
        return _read_long(source, config)
    columns = {name: axes for name, axes in find_points(header).items() if not _CENTRE.fullmatch(name)}
    if not columns:
        raise DataError([f"{source.shown}: must have columns such as nose_x, nose_y, nose_z, but has none."])
    own = {place for axes in columns.values() for place in axes}
    values = read_table(source, header, [place for place in range(len(header)) if place not in own])
    content = _build([plain_name(name) for name in columns], values[:, list(columns.values())], source.shown)
    return replace(content, notes=(f"a table without frame numbers {_NOTE}",))


def _read_long(source: Source, config: ReadingConfig) -> Content:
    header = header_of(source)
    numbers, texts = read_columns(
        source, header, ("frame", "x", "y", "z"), ("keypoint", "model", "trajectory")
    )
    names = np.array(
        [_join(model, name) for model, name in zip(texts["model"], texts["keypoint"], strict=True)]
    )
    kinds, is_measured = texts["trajectory"], texts["trajectory"] == MEASURED
    others = np.array([_CENTRE.fullmatch(kind) is None for kind in kinds])
    kept = (is_measured if is_measured.any() else others) & (np.char.str_len(names) > 0)
    if not kept.any():
        raise DataError([f"{source.shown}: must have points of a body, but has centres of mass. Remove it."])
    frames, landmarks, points = gather_points(numbers[kept, 0], names[kept], numbers[kept, 1:], source.shown)
    numbered = number_frames(frames, config, source.shown)
    first, (points,) = place_rows(numbered.frames, [points], source.shown)
    notes = () if _has_own_columns(header) else (f"a table with the columns {', '.join(LONG)} {_NOTE}",)
    return replace(_build(landmarks, points, source.shown, first), fps=numbered.fps, notes=notes)


def _join(model: str, keypoint: str) -> str:
    """Return the name of a point of a long table; an empty text for centres of mass."""
    part = re.split(r"[._]", model, maxsplit=1)[-1]
    if _CENTRE.fullmatch(part) or _CENTRE.fullmatch(keypoint):
        return ""
    if part == "face" and not keypoint.startswith("face"):
        return f"face_{keypoint}"
    if part in ("left_hand", "right_hand") and not keypoint.startswith(part):
        return plain_name(f"{part}_{keypoint}")
    return plain_name(keypoint)


def _build(names: list[str], points: np.ndarray, shown: str, first_frame: int = 0) -> Content:
    repeated = find_repeated(names)
    if repeated:
        found = f"{list_names(repeated)} occurs again"
        raise DataError([f"{shown}: a point's columns must occur once, but {found}. Export the file again."])
    check_coordinates(points, shown)
    track = Track(landmarks=tuple(names), points=points, first_frame=first_frame)
    return Content(individuals=[track], coordinates=Coordinates(z_up=True))


def _is_part(source: Source) -> str:
    """Recognise parts of a session that are no recordings by FreeMoCap's names for them, and their axes."""
    match = _PARTS.search(source.path.name)
    if match is None:
        return ""
    if source.suffix == ".csv":
        is_centre = "com" in match[0].lower() or "mass" in match[0].lower()
        return (
            "a table named after centres of mass"
            if is_centre and {"x", "y", "z"} <= set(header_of(source))
            else ""
        )
    header = npy.header_of(source)
    return f"an array named {match[0]}" if header is not None and header.shape[-1:] == (3,) else ""


FORMAT = Format(
    name="freemocap",
    title="FreeMoCap",
    suffixes=(".csv", ".npy"),
    recognise=_recognise,
    read=_read,
    is_one_of_many=True,
)
PARTS = Refusal(
    name="centres of mass, raw points, and points of hands or face alone of FreeMoCap",
    suffixes=(".csv", ".npy"),
    recognise=_is_part,
    remedy="They are no poses of a body: give the files of the body beside them.",
)
