"""C3D, the binary files of motion-capture laboratories.

- Points are markers by name (``LABELS``, ``LABELS2``, ...). Markers without a label (``*12``) and a model's
  outputs (angles, forces, moments, powers) are no landmarks: they are left out.
- ``Subject:LASI``: markers of one subject lose its name; several subjects are individuals.
- z points upwards, unless ``Y_SCREEN`` names another axis as the upward one. The unit does not matter.
- The first frame has any number. The rate is ``POINT:RATE``.

Source: "The C3D File Format: User Guide" (Motion Lab Systems, 2021), parameters of the group POINT.
"""

import struct
from typing import Any

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats.base import Format
from htvae.io.formats.c3d_file import BLOCK, MAGIC, C3DFile, parse
from htvae.io.formats.names import UNLABELLED, find_repeated
from htvae.io.formats.numbers import check_coordinates
from htvae.io.opening import Source
from htvae.io.tracks import Content, Track
from htvae.poses.sequence import Coordinates
from htvae.utils.text import list_names, shorten

OUTPUTS = ("ANGLES", "FORCES", "MOMENTS", "POWERS", "SCALARS", "REACTIONS")
"""Parameters that name a model's outputs among the points."""
_ENDINGS = ("Angle", "Angles", "Force", "Forces", "Moment", "Moments", "Power", "Powers")
_UPWARDS = {"Y": Coordinates(), "-Y": Coordinates(y_up=False), "Z": Coordinates(z_up=True)}
"""Coordinates by the axis that points upwards. Others are turned into the last."""


def _recognise(source: Source) -> str:
    head = source.head
    if len(head) < BLOCK or head[1] != MAGIC or head[0] < 2:
        return ""
    start = (head[0] - 1) * BLOCK
    return "C3D header" if len(head) >= start + 4 and head[start + 3] in (84, 85, 86) else ""


def _read(source: Source, config: ReadingConfig) -> Content:
    try:
        file = parse(source.read_bytes())
    except (ValueError, struct.error) as error:
        raise DataError(
            [f"{source.shown}: must be a whole C3D file, but is not ({error}). Copy it, or export it again."]
        ) from error
    notes: list[str] = []
    if len(file.points) < file.stated_frames:
        notes.append(f"it states {file.stated_frames} frames and has {len(file.points)}; these are read")
    names = _read_labels(file)
    outputs = {name for kind in OUTPUTS for name in _texts(file.parameters, f"POINT:{kind}")}
    kept = [i for i, name in enumerate(names) if not UNLABELLED.fullmatch(name)]
    unlabelled = len(names) - len(kept)
    markers = [i for i in kept if names[i] not in outputs and not names[i].endswith(_ENDINGS)]
    if not markers:
        raise DataError([f"{source.shown}: a point must be a marker with a name, but none is. Label them."])
    if unlabelled:
        notes.append(f"{unlabelled} markers without a label are left out")
    if len(markers) < len(kept):
        left_out = list_names(names[i] for i in kept if i not in set(markers))
        notes.append(f"angles, forces and other outputs of a model are left out: {left_out}")
    points, coordinates = _turn_upwards(file, notes)
    check_coordinates(points[:, markers], source.shown)
    rate = file.parameters.get("POINT:RATE")
    fps = float(rate[0]) if isinstance(rate, np.ndarray) and rate.size else file.rate
    tracks = _build_tracks([names[i] for i in markers], points[:, markers], file.first_frame, source.shown)
    return Content(
        individuals=tracks,
        fps=fps if 0 < fps < 1e6 else None,
        coordinates=coordinates,
        notes=tuple(notes),
    )


def _read_labels(file: C3DFile) -> list[str]:
    """Return a name for each point; points without a label get the name of an unlabelled marker."""
    labels = _texts(file.parameters, "POINT:LABELS")
    for number in range(2, 100):
        labels += _texts(file.parameters, f"POINT:LABELS{number}")
    count = file.points.shape[1]
    return [label or "*" for label in (labels + [""] * count)[:count]]


def _texts(parameters: dict[str, Any], name: str) -> list[str]:
    value = parameters.get(name)
    return list(value) if isinstance(value, list) else []


def _turn_upwards(file: C3DFile, notes: list[str]) -> tuple[np.ndarray, Coordinates]:
    """Return the points and their coordinates; points with an unusual upward axis are turned to z."""
    stated = "".join(_texts(file.parameters, "POINT:Y_SCREEN")[:1]).upper().removeprefix("+")
    if stated in _UPWARDS:
        return file.points, _UPWARDS[stated]
    axis = "XYZ".find(stated.removeprefix("-")) if stated.removeprefix("-") else -1
    if axis < 0:
        return file.points, _UPWARDS["Z"]
    notes.append(f"the axis {stated} points upwards in the file; it is turned to Z")
    points = np.roll(file.points, 2 - axis, axis=2)
    return (points * (1, -1, -1) if stated.startswith("-") else points), _UPWARDS["Z"]


def _build_tracks(names: list[str], points: np.ndarray, first_frame: int, shown: str) -> list[Track]:
    """Return a track per subject, the part of a name before its colon."""
    subjects: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        subjects.setdefault(name.rpartition(":")[0], []).append(index)
    if len(subjects) > 1 and "" in subjects:  # some markers, e.g. of things, belong to no subject
        subjects = {"": list(range(len(names)))}
    tracks = []
    for subject, own in subjects.items():
        prefix = f"{subject}:" if subject else ""
        landmarks = [names[i].removeprefix(prefix) for i in own]
        repeated = find_repeated(landmarks)
        if repeated:
            raise DataError(
                [
                    f"{shown}: a marker's name must occur once, but {list_names(repeated)} occurs again. "
                    "Rename one of them in the program that wrote the file."
                ]
            )
        tracks.append(
            Track(
                individual=shorten(subject),
                landmarks=tuple(landmarks),
                points=points[:, own],
                first_frame=first_frame,
            )
        )
    return tracks


FORMAT = Format(name="c3d", title="C3D", suffixes=(".c3d",), recognise=_recognise, read=_read)
