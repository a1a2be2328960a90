"""SLEAP's analysis HDF5: dense arrays with an axis for tracks.

- ``tracks`` is (tracks, xy, nodes, frames), transposed for MATLAB; sleap-io may write another order and then
  names it in the attribute ``dims``. Scores are absent before SLEAP 1.1.4.
- Frames count from the video's start, or from the first that is labelled: the file does not say.
- Without tracking SLEAP keeps one instance of each frame: other animals are lost.
- Pixels, y down; missing is NaN; no frame rate. Tracks may be pieces, one after another.

Source: sleap ``info/write_tracking_h5.py`` and sleap-io ``io/analysis_h5.py`` write these files.
"""

import json

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats.hdf5 import look_inside, open_hdf5
from htvae.io.formats.hdf5_group import Group
from htvae.io.formats.instances import trust_points_set_by_hand, unique_names
from htvae.io.opening import Source
from htvae.io.tracks import IMAGE, Content, Track
from htvae.utils.text import list_names

MATLAB = ("track", "xy", "node", "frame")
"""Order of the axes of ``tracks`` where the file names none."""
MOST_UNNAMED = 1000
"""Most tracks without a name; SLEAP writes one."""
UNTRACKED = (
    "the file has no tracks, for which SLEAP keeps one instance of each frame; "
    "if the video shows several animals, track them and export again, or give the .slp"
)


def recognise_h5(source: Source) -> str:
    """Return what shows an analysis HDF5 of SLEAP's; an empty text for other files."""
    return look_inside(source, _look)


def read_h5(source: Source, config: ReadingConfig) -> Content:
    """Return the tracks of a file.

    Raises:
        DataError: it is damaged or of another kind.
    """
    with open_hdf5(source) as root:
        if not _look(root):
            raise DataError(
                [
                    f"{source.shown}: must have SLEAP's tracks, node_names and track_names, but lacks some. "
                    "Export an analysis HDF5 from SLEAP."
                ]
            )
        landmarks = tuple(root.strings("node_names"))
        names = root.strings("track_names")
        axes = _find_axes(root, len(landmarks))
        num_tracks = (root.shape("tracks") or ())[axes.index("track")]
        are_named = len(names) == num_tracks or (not names and num_tracks <= MOST_UNNAMED)
        if not landmarks or len(set(landmarks)) < len(landmarks) or not are_named:
            raise DataError(
                [
                    f"{source.shown}: nodes must have different names, and each of {num_tracks} tracks one, "
                    f"but nodes are {list_names(landmarks)}, tracks {list_names(names)}. Export it again."
                ]
            )
        individuals = unique_names(names or [""] * num_tracks, "track")
        tracks = [
            track
            for index, individual in enumerate(individuals)
            if (track := _read_track(root, axes, index, landmarks, individual)) is not None
        ]
    if not tracks:
        raise DataError([f"{source.shown}: must have a point, but all are missing. Remove the file."])
    return Content(
        individuals=tracks,
        coordinates=IMAGE,
        notes=() if names else (UNTRACKED,),
    )


def _look(root: Group) -> str:
    shape = root.shape("tracks")
    is_known = shape is not None and len(shape) == 4 and root.kind("tracks") == "f"
    has_names = root.shape("node_names") is not None and root.shape("track_names") is not None
    return "datasets tracks, node_names, track_names" if is_known and has_names else ""


def _find_axes(root: Group, num_nodes: int) -> tuple[str, ...]:
    """Return the names of the axes of ``tracks``.

    Raises:
        DataError: no known order fits the sizes.
    """
    shape = root.shape("tracks") or ()
    named = _named_axes(root.attribute("dims", "tracks"))
    for axes in (named,) if named else (MATLAB, MATLAB[::-1]):
        if shape[axes.index("xy")] == 2 and shape[axes.index("node")] == num_nodes:
            return axes
    raise DataError(
        [
            f"{root.shown}: tracks must be (tracks, 2, {num_nodes} nodes, frames), but are {shape}. "
            "Export an analysis HDF5 from SLEAP again."
        ]
    )


def _named_axes(dims: object) -> tuple[str, ...]:
    """Return the axes that an attribute names; empty if it names no permutation of them."""
    try:
        axes = json.loads(dims) if isinstance(dims, str) else ()
    except (ValueError, RecursionError):
        return ()
    is_order = isinstance(axes, list) and all(isinstance(axis, str) for axis in axes)
    return tuple(axes) if is_order and sorted(axes) == sorted(MATLAB) else ()


def _read_track(
    root: Group, axes: tuple[str, ...], index: int, landmarks: tuple[str, ...], individual: str
) -> Track | None:
    """Return a track from its first point to its last, None without a point."""
    points = _read_part(root, "tracks", axes, index, ("frame", "node", "xy"))
    seen = np.flatnonzero(~np.isnan(points).any(axis=2).all(axis=1))
    if not len(seen):
        return None
    own = slice(int(seen[0]), int(seen[-1]) + 1)
    confidence = None
    score_axes = tuple(axis for axis in axes if axis != "xy")
    sizes = dict(zip(axes, root.shape("tracks") or (), strict=True))
    if root.shape("point_scores") == tuple(sizes[axis] for axis in score_axes):
        scores = _read_part(root, "point_scores", score_axes, index, ("frame", "node"))
        confidence = trust_points_set_by_hand(points[own], scores[own])
    return Track(
        landmarks=landmarks,
        points=points[own].copy(),
        confidence=confidence,
        individual=individual,
        first_frame=own.start,
    )


def _read_part(
    root: Group, name: str, axes: tuple[str, ...], index: int, order: tuple[str, ...]
) -> np.ndarray:
    """Return one track's part of a dataset with its axes in an order."""
    part = tuple(index if axis == "track" else slice(None) for axis in axes)
    values = root.numbers(name, part).astype(np.float64)
    left = [axis for axis in axes if axis != "track"]
    return values.transpose([left.index(axis) for axis in order])
