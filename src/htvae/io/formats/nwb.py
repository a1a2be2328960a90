"""Poses in NWB files, by the extension ndx-pose.

- A group of neurodata_type PoseEstimation holds a PoseEstimationSeries per body part: data (T, 2 or 3),
  confidence (T,), and timestamps (s) or a starting time with a rate. It shows one individual, or one camera.
- MultiCameraPoseEstimation holds points in three dimensions beside the PoseEstimation of each camera.
- DLC2NWB writes counts 0, 1, 2, ... for times, and names the bottom left corner although y grows downwards.
- Pixels, y down; in three dimensions the axes of the calibration.

Source: ``spec/ndx-pose.extensions.yaml`` of ndx-pose; DLC2NWB ``utils.py``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats.base import Format
from htvae.io.formats.frames import check_frames
from htvae.io.formats.gaps import check_span, spread
from htvae.io.formats.hdf5 import look_inside, open_hdf5
from htvae.io.formats.hdf5_group import Group
from htvae.io.formats.instances import unique_names
from htvae.io.formats.times import FrameTimes, frames_of_times
from htvae.io.opening import Source
from htvae.io.tracks import IMAGE, UPRIGHT, Content, Track
from htvae.utils.text import list_names

POSE, MANY_CAMERAS, SERIES = "PoseEstimation", "MultiCameraPoseEstimation", "PoseEstimationSeries"
DEEPEST = 8
"""Most groups within each other that are looked through."""
LEAST_RATE = 1.0
"""A rate of 1 per second stands where nobody knew it."""
RATE_UNKNOWN = "its rate of 1 per second stands for an unknown one"


@dataclass(frozen=True, eq=False)
class _Estimation:
    """The points of one PoseEstimation group."""

    name: str
    landmarks: tuple[str, ...]
    points: np.ndarray
    confidence: np.ndarray | None
    times: FrameTimes
    start: float
    """Time (s) of the first frame."""
    notes: tuple[str, ...]
    """What is unusual; empty texts for nothing."""


def _read(source: Source, config: ReadingConfig) -> Content:
    with open_hdf5(source) as root:
        found = [_read_estimation(group) for group in _find_groups(root, set())]
    if not found:
        raise DataError(
            [
                f"{source.shown}: must hold a PoseEstimation of ndx-pose with a series per body part, but "
                "has none. Poses of other kinds in NWB are not read: give the tracker's own file."
            ]
        )
    fps = _common_rate(found, source.shown)
    start = min(estimation.start for estimation in found)
    names = unique_names([estimation.name for estimation in found], POSE)
    tracks = [
        _build_track(estimation, name, round((estimation.start - start) * (fps or 0)), config, source.shown)
        for estimation, name in zip(found, names, strict=True)
    ]
    notes = dict.fromkeys(note for estimation in found for note in estimation.notes if note)
    is_flat = tracks[0].points.shape[2] == 2
    return Content(individuals=tracks, fps=fps, coordinates=IMAGE if is_flat else UPRIGHT, notes=tuple(notes))


def _common_rate(found: list[_Estimation], shown: str) -> float | None:
    """Return the frame rate of all. Raises DataError if rates or numbers of coordinates differ."""
    rates = sorted({estimation.times.fps for estimation in found if estimation.times.fps})
    if rates and rates[-1] > 1.01 * rates[0]:
        raise DataError(
            [
                f"{shown}: poses must have one frame rate, but have {list_names(map(str, rates))}. Export "
                "each PoseEstimation to a file of its own."
            ]
        )
    if len({estimation.points.shape[2] for estimation in found}) > 1:
        raise DataError(
            [
                f"{shown}: poses must have 2 or 3 coordinates, but some have 2 and some 3. Export each "
                "PoseEstimation to a file of its own."
            ]
        )
    return rates[-1] if rates else None


def _find_groups(group: Group, visited: set[int], depth: int = 0) -> Iterator[Group]:
    """Yield the groups that hold series; of several cameras with points in 3-D only the points in 3-D."""
    if depth > DEEPEST or group.address in visited:
        return
    visited.add(group.address)
    kind = group.attribute("neurodata_type")
    if kind in (POSE, MANY_CAMERAS) and _series_names(group):
        yield group
        return
    for name in group.names():
        member = group.group(name)
        if member is not None:
            yield from _find_groups(member, visited, depth + 1)


def _series_names(group: Group) -> list[str]:
    """Return the names of the body parts' series, in the order of ``nodes`` where that names them all."""
    names = [name for name in group.names() if group.attribute("neurodata_type", name) == SERIES]
    is_list = len(group.shape("nodes") or ()) == 1 and group.kind("nodes") in ("O", "S")
    nodes = group.strings("nodes") if is_list else []
    return nodes if sorted(nodes) == sorted(names) else names


def _read_estimation(group: Group) -> _Estimation:
    names = _series_names(group)
    shapes = {name: group.shape(f"{name}/data") for name in names}
    shape = shapes[names[0]]
    if set(shapes.values()) != {shape} or shape is None or len(shape) != 2 or shape[1] not in (2, 3):
        raise DataError(
            [
                f"{group.shown}: the series of {group.name} must be of one length, with 2 or 3 coordinates, "
                f"but have {list_names(f'{name} {size}' for name, size in shapes.items())}. Export it again."
            ]
        )
    if not shape[0]:
        raise DataError([f"{group.shown}: {group.name} must have a frame, but has none. Export it again."])
    points = np.stack([_read_points(group, name) for name in names], axis=1)
    confidences = [group.shape(f"{name}/confidence") == (shape[0],) for name in names]
    confidence = None
    if all(confidences):
        confidence = np.stack([group.numbers(f"{name}/confidence") for name in names], axis=1)
        confidence = None if np.isnan(confidence).all() else confidence.astype(np.float64)
    times, start = _read_times(group, names[0], shape[0])
    views = [name for name in group.names() if group.attribute("neurodata_type", name) == POSE]
    notes = (times.note, f"views of single cameras are left out: {list_names(views)}" if views else "")
    return _Estimation(group.name, tuple(names), points, confidence, times, start, notes)


def _read_points(group: Group, name: str) -> np.ndarray:
    """Return a series' points (T, D) in its unit."""
    points = group.numbers(f"{name}/data").astype(np.float64)
    factor = group.number("conversion", f"{name}/data") or 1.0
    return points * factor if factor > 0 else points


def _read_times(group: Group, name: str, num_frames: int) -> tuple[FrameTimes, float]:
    """Return the times of a series, and the first (s)."""
    if group.shape(f"{name}/timestamps") == (num_frames,):
        times = group.numbers(f"{name}/timestamps").astype(np.float64)
        found = frames_of_times(times)
        return found, float(times[0]) if found.fps else 0.0
    if group.shape(f"{name}/timestamps") is not None:
        raise DataError(
            [
                f"{group.shown}: {name} of {group.name} must have a time for each of {num_frames} frames, "
                f"but has {group.shape(f'{name}/timestamps')}. Export it again."
            ]
        )
    rows = np.arange(num_frames)
    rate = group.number("rate", f"{name}/starting_time")
    if rate is None or rate <= 0:
        return FrameTimes(rows, None, ""), 0.0
    if rate == LEAST_RATE:
        return FrameTimes(rows, None, RATE_UNKNOWN), 0.0
    start = float(group.numbers(f"{name}/starting_time").sum())
    return FrameTimes(rows, rate, ""), start if np.isfinite(start) else 0.0


def _build_track(estimation: _Estimation, name: str, offset: int, config: ReadingConfig, shown: str) -> Track:
    """Return the track of an estimation; dropped frames become frames without a point."""
    frames = estimation.times.frames
    check_frames(frames.astype(np.float64), config, shown)
    rows = frames - frames[0]
    check_span(int(rows[-1]) + 1, estimation.points[0].size, shown)
    return Track(
        landmarks=estimation.landmarks,
        points=spread(estimation.points, rows),
        confidence=None if estimation.confidence is None else spread(estimation.confidence, rows),
        individual=name,
        first_frame=int(frames[0]) + offset,
    )


def _recognise(source: Source) -> str:
    return look_inside(
        source, lambda root: "PoseEstimation of ndx-pose" if next(_find_groups(root, set()), None) else ""
    )


FORMAT = Format(
    name="nwb",
    title="NWB with ndx-pose",
    suffixes=(".nwb", ".h5", ".hdf5"),
    recognise=_recognise,
    read=_read,
)
