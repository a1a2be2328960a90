"""Arrays of numpy that hold one recording: (frames, points, 2 or 3), in npy or npz files.

- npz: one such array, or the one called ``pose``, ``keypoints``, ``positions`` or ``joints``; beside it
  ``names`` (or ``landmarks``), ``fps`` and ``confidence`` (frames, points), where they are there.
- Points without names are ``POINT_0``, ``POINT_1``, ...; 33 points are MediaPipe's.
- A third number from 0 to 1 beside x and y in pixels is a confidence: trackers save x, y, confidence.
- y points upwards, unless the points are MediaPipe's, or have a confidence and so come from images.
"""

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats import npy
from htvae.io.formats.base import Format
from htvae.io.formats.freemocap import is_array
from htvae.io.formats.humanml3d import is_humanml3d
from htvae.io.formats.names import find_repeated
from htvae.io.formats.numbers import check_coordinates
from htvae.io.opening import Source
from htvae.io.tracks import IMAGE, UPRIGHT, Content, Track
from htvae.poses.landmarks import MEDIAPIPE_LANDMARKS

POSES = ("pose", "poses", "keypoints", "positions", "joints")
"""Names of the array of poses in an npz file."""
NAMES = ("names", "landmarks", "landmark_names", "keypoint_names", "joint_names")
CONFIDENCES = ("confidence", "confidences", "scores", "likelihood")
_LEAST_PIXELS = 10
_UNKNOWN = "an array does not say which axis points upwards: y is taken; give --no_y_up for pixels, or --z_up"


def fits(header: npy.Header) -> bool:
    """Whether an array may hold the poses of one recording."""
    return (
        header.is_numbers and len(header.shape) == 3 and header.shape[2] in (2, 3) and 0 not in header.shape
    )


def find_poses(headers: dict[str, npy.Header]) -> str:
    """Return the name of the array of poses in an npz file, an empty text where there is none."""
    fitting = [name for name, header in headers.items() if fits(header)]
    named = [name for name in POSES if name in fitting]
    return named[0] if named else fitting[0] if len(fitting) == 1 else ""


def _recognise(source: Source) -> str:
    header = npy.header_of(source)
    if header is not None:
        is_other = is_humanml3d(header) or is_array(source, header)
        return f"array (frames, points, {header.shape[2]})" if fits(header) and not is_other else ""
    name = find_poses(npy.headers_of(source))
    return f"array {name} (frames, points, coordinates)" if name else ""


def _read(source: Source, config: ReadingConfig) -> Content:
    others: dict[str, np.ndarray] = {}
    if source.head.startswith(npy.MAGIC):
        array = npy.read_array(source.read_bytes(), source.shown)
    else:
        headers = npy.headers_of(source)
        name = find_poses(headers)
        if not name:
            raise DataError([f"{source.shown}: one array must be (frames, points, 2 or 3), but none is."])
        array = npy.read_member(source, name)
        wanted = ("fps", *NAMES, *CONFIDENCES)
        others = {key: npy.read_member(source, key) for key in wanted if key in headers}
    if array.dtype.kind not in "fiu" or array.ndim != 3 or array.shape[2] not in (2, 3) or not array.size:
        raise DataError(
            [
                f"{source.shown}: its array must hold numbers (frames, points, 2 or 3), but is {array.dtype} "
                f"{array.shape}. Save it in this shape."
            ]
        )
    return build_content(npy.to_points(array, source.shown), others, source.shown)


def build_content(points: np.ndarray, others: dict[str, np.ndarray], shown: str) -> Content:
    """Return the content of poses (T, L, D), with what stands beside them.

    Raises:
        DataError: a coordinate is infinite, or names do not fit.
    """
    notes = []
    coordinates = UPRIGHT
    confidence = next((others[name] for name in CONFIDENCES if name in others), None)
    if confidence is not None and (
        confidence.shape != points.shape[:2] or confidence.dtype.kind not in "fiu"
    ):
        confidence = None
    if confidence is None and _ends_in_confidence(points):
        confidence, points, coordinates = points[..., 2], points[..., :2], IMAGE
        notes.append("the third number of a point lies in 0..1 beside pixels, and is read as its confidence")
    names = _read_names(next((others[name] for name in NAMES if name in others), None), shown)
    if names is None and points.shape[1] == len(MEDIAPIPE_LANDMARKS):
        names, coordinates = list(MEDIAPIPE_LANDMARKS), IMAGE
        notes.append("an array of 33 points is read as MediaPipe's, with y down; --y_up or --z_up for others")
    elif coordinates is UPRIGHT:
        notes.append(_UNKNOWN)
    if names is None:
        names = [f"POINT_{index}" for index in range(points.shape[1])]
    if len(names) != points.shape[1] or find_repeated(names):
        raise DataError(
            [
                f"{shown}: the names must be {points.shape[1]} different ones, but are {len(names)}. "
                "Correct the array of names."
            ]
        )
    check_coordinates(points, shown)
    if confidence is not None:
        confidence = confidence.astype(np.float64)
    track = Track(landmarks=tuple(names), points=points, confidence=confidence)
    return Content(individuals=[track], fps=_read_rate(others), coordinates=coordinates, notes=tuple(notes))


def _ends_in_confidence(points: np.ndarray) -> bool:
    """Whether the third number of points is a confidence, as trackers in images write it."""
    if points.shape[2] != 3 or not np.isfinite(points).any():
        return False
    third = points[..., 2]
    with np.errstate(invalid="ignore"):
        is_share = not ((third < 0) | (third > 1)).any() and np.nanmax(third, initial=0) > 0
        return bool(is_share and np.nanmax(np.abs(points[..., :2]), initial=0) > _LEAST_PIXELS)


def _read_names(array: np.ndarray | None, shown: str) -> list[str] | None:
    """Return the names of points from an array of texts, None where there is no such array."""
    if array is None:
        return None
    values = array.ravel().tolist()
    if any(not isinstance(value, str | bytes) for value in values):
        raise DataError([f"{shown}: names of points must be texts, but are not. Save them as texts."])
    return [value.decode("utf-8", "replace") if isinstance(value, bytes) else value for value in values]


def _read_rate(others: dict[str, np.ndarray]) -> float | None:
    rate = others.get("fps")
    if rate is None or rate.size != 1 or rate.dtype.kind not in "fiu":
        return None
    value = float(rate.ravel()[0])
    return value if 0 < value < 1e6 else None


FORMAT = Format(
    name="arrays", title="NumPy arrays", suffixes=(".npy", ".npz"), recognise=_recognise, read=_read
)
