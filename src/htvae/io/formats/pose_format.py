"""``.pose`` files of pose-format, the binary files of sign-language processing, versions 0.0, 0.1 and 0.2.

- A header lists components (body, face, hands) and their points; the body of the file has places and
  confidences of all points. 0 confidence is missing. Image pixels, y down.
- Version 0.0 stores the people frame by frame; who is who in the next frame is open. Later versions have a
  fixed number of places for people; whether a person keeps the place is not said, so it is open, too.
- Version 0.1 states the frames in 16 bits, which are often wrong: its size tells the number.
- Points of the body keep their names; those of a hand or a face get a prefix: ``LEFT_HAND_WRIST``.
- MediaPipe's world landmarks (metres) stand beside the same points in pixels, and are left out.
- MediaPipe's z is a share of the image's width, counted from the hips for a body and the wrist for a hand:
  beside pixels it is read only with ``--dimensions 3``, and multiplied by the width.

Source: sign-language-processing/pose, ``docs/specs/v0.1.md``, ``v0.2.md`` and ``numpy/pose_body.py``.
"""

import struct

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats.base import Format
from htvae.io.formats.gaps import check_span
from htvae.io.formats.names import find_repeated
from htvae.io.formats.numbers import check_coordinates
from htvae.io.formats.pose_format_file import PoseHeader, read_header, read_people
from htvae.io.opening import Source
from htvae.io.tracks import IMAGE, Content, Detections, Track
from htvae.utils.text import list_names

_WORLD = "POSE_WORLD_LANDMARKS"
_LEAST_PIXELS = 10
_DEPTH = "z is MediaPipe's estimate from one image and is left out; --dimensions 3 reads it"


def _recognise(source: Source) -> str:
    try:
        header = read_header(source.head)
    except (ValueError, struct.error, IndexError):
        return ""
    return f"pose-format header of version {header.version}" if header.num_points else ""


@np.errstate(invalid="ignore")  # damaged bytes may be no numbers
def _read(source: Source, config: ReadingConfig) -> Content:
    content = source.read_bytes()
    try:
        header = read_header(content)
        fps, frames, points, confidence = read_people(content, header)
    except (ValueError, struct.error) as error:
        raise DataError(
            [f"{source.shown}: must be a whole .pose file, but is not ({error}). Copy or export it again."]
        ) from error
    notes: list[str] = []
    names, kept = _choose_points(header, source.shown, notes)
    num_axes = 3 if header.has_depth else 2
    points = points[:, kept, :num_axes].astype(np.float64)
    points[~(confidence[:, kept] > 0)] = np.nan
    check_coordinates(points, source.shown)
    if header.has_depth and _has_shares_of_width(points, header):
        points[..., 2] *= header.width
        if config.dimensions != 3:
            points = points[..., :2]
            notes.append(_DEPTH)
    individuals = _follow(names, frames, points, confidence[:, kept], source.shown)
    rate = fps if 0 < fps < 1e6 else None
    return Content(individuals=individuals, fps=rate, coordinates=IMAGE, notes=tuple(notes))


def _choose_points(header: PoseHeader, shown: str, notes: list[str]) -> tuple[tuple[str, ...], list[int]]:
    """Return the names of the points that are read, and their places among all points."""
    has_image = any(component.name != _WORLD for component in header.components)
    names: list[str] = []
    kept: list[int] = []
    start = 0
    for component in header.components:
        if component.name != _WORLD or not has_image:
            own = [component.prefix + point for point in component.points]
            if set(own) & set(names):
                own = [f"{component.name}_{point}" for point in component.points]
            names += own
            kept += range(start, start + len(own))
        start += len(component.points)
    if len(kept) < start:
        notes.append("world landmarks are left out, since the same points are there in pixels")
    repeated = find_repeated(names)
    if repeated:
        found = f"{list_names(repeated)} occurs again"
        raise DataError([f"{shown}: points must have a name each, but {found}. Export the file again."])
    return tuple(names), kept


def _has_shares_of_width(points: np.ndarray, header: PoseHeader) -> bool:
    """Whether x is in pixels, but z a share of the width, as in files of MediaPipe's landmarks."""
    if not any(c.name.endswith("_LANDMARKS") and c.name != _WORLD for c in header.components):
        return False
    reach = np.nanmax(np.abs(points), axis=(0, 1), initial=0)
    return bool(header.width and reach[2] <= _LEAST_PIXELS < reach[0])


def _follow(
    names: tuple[str, ...], frames: np.ndarray, points: np.ndarray, confidence: np.ndarray, shown: str
) -> list[Track] | Detections:
    """Return one track where there is one person at most in each frame, else detections."""
    seen = (confidence > 0).any(axis=1)
    if np.bincount(frames[seen], minlength=1).max() > 1:
        return Detections(
            landmarks=names, frames=frames[seen], points=points[seen], confidence=confidence[seen]
        )
    num_frames = int(frames.max()) + 1
    check_span(num_frames, points[0].size, shown)
    placed = np.full((num_frames, *points.shape[1:]), np.nan)
    sure = np.zeros(placed.shape[:2])
    placed[frames[seen]], sure[frames[seen]] = points[seen], confidence[seen]
    return [Track(landmarks=names, points=placed, confidence=sure)]


FORMAT = Format(name="pose", title=".pose", suffixes=(".pose",), recognise=_recognise, read=_read)
