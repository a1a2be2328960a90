"""BVH, motion capture as a skeleton with angles: the places of the joints follow by forward kinematics.

- A joint turns by its rotation channels in the order in which *it* lists them; the order differs between
  joints and files. Angles are in degrees.
- A position channel takes the place of the joint's offset on that axis: neither of the root, nor of other
  joints, is it added.
- An End Site has no name in the file. It is called after its parent: ``Head_end``.
- y points upwards; files in which z does need ``--z_up``. The unit (cm, inch, m) does not matter.
- Each ROOT is an individual.

Source: Meredith and Maddock, "Motion Capture File Formats Explained" (2001); Blender's importer
(``io_anim_bvh/import_bvh.py``) also lets positions of inner joints take the place of offsets.
"""

import itertools
import math
from collections import Counter

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats.base import Format
from htvae.io.formats.kinematics import Joint, compute_places
from htvae.io.formats.names import find_repeated
from htvae.io.formats.numbers import check_coordinates, read_numbers
from htvae.io.opening import Source
from htvae.io.tracks import Content, Track
from htvae.utils.text import list_names, shorten

_AXES = "XYZ"
_MOST_BYTES, _BYTES_PER_CHARACTER = 1 << 26, 100
"""The joints' places may take _MOST_BYTES, or _BYTES_PER_CHARACTER times the text: a joint has angles."""
_CLOSE = 2e-3


def read_hierarchy(lines: list[str], shown: str) -> tuple[list[Joint], int]:
    """Return the joints, each parent before its children, and the number of channels.

    Raises:
        DataError: the text is no hierarchy.
    """
    joints: list[Joint] = []
    open_joints: list[int] = []
    num_channels = 0
    for number, line in enumerate(lines, 1):
        words = line.split()
        keyword = words[0].upper() if words else ""
        try:
            if keyword in ("ROOT", "JOINT") or (keyword == "END" and len(words) > 1):
                joints.append(_start_joint(keyword, words, joints, open_joints))
            elif keyword == "{":
                open_joints.append(len(joints) - 1)
            elif keyword == "}":
                open_joints.pop()
            elif keyword == "OFFSET":
                x, y, z = map(float, words[1:])
                joints[-1].offset = (x, y, z)
            elif keyword == "CHANNELS":
                num_channels = _add_channels(joints[-1], words, num_channels)
            elif keyword not in ("", "HIERARCHY"):
                raise ValueError
        except (ValueError, IndexError) as error:
            raise DataError(
                [
                    f"{shown}: line {number} must be part of a hierarchy of joints, but is "
                    f'"{shorten(line.strip())}". Export the file again.'
                ]
            ) from error
    if open_joints or not joints or not num_channels:
        raise DataError([f"{shown}: its hierarchy of joints must be whole, but is cut off. Copy it again."])
    return joints, num_channels


def _start_joint(keyword: str, words: list[str], joints: list[Joint], open_joints: list[int]) -> Joint:
    name = " ".join(words[1:])
    if keyword == "ROOT":
        return Joint(name, parent=-1, root=len(joints))
    parent = open_joints[-1]
    is_end = keyword == "END"
    name = f"{joints[parent].name}_end" if is_end else name
    return Joint(name, parent, joints[parent].root, is_end)


def _add_channels(joint: Joint, words: list[str], num_channels: int) -> int:
    """Add a joint's channels, and return the number of channels so far."""
    if int(words[1]) != len(words) - 2:
        raise ValueError
    for column, channel in enumerate(words[2:], num_channels):
        axis, kind = _AXES.index(channel[0].upper()), channel[1:].lower()
        if kind not in ("position", "rotation"):
            raise ValueError
        (joint.positions if kind == "position" else joint.rotations).append((axis, column))
    return num_channels + len(words) - 2


def _recognise(source: Source) -> str:
    words = source.head_text.split(maxsplit=2)[:2]
    return "HIERARCHY and ROOT" if [word.upper() for word in words] == ["HIERARCHY", "ROOT"] else ""


def _read(source: Source, config: ReadingConfig) -> Content:
    text = source.read_text().replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    place = next((i for i, line in enumerate(lines) if line.strip().upper() == "MOTION"), None)
    if place is None:
        raise DataError([f"{source.shown}: must have a part MOTION, but has none. Copy the file again."])
    joints, num_channels = read_hierarchy(lines[:place], source.shown)
    notes: list[str] = []
    below = lines[place + 1 :]
    stated = list(itertools.takewhile(lambda line: ":" in line or not line.strip(), below))
    head = {key.strip().lower(): value for key, _, value in (line.partition(":") for line in stated)}
    rows = "\n".join(line.strip() for line in below[len(stated) :])
    motion = read_numbers(rows, num_channels, r"\s+", source.shown)
    _check_motion(motion, head.get("frames", ""), source.shown, notes)
    if motion.shape[0] * len(joints) * 24 > max(_MOST_BYTES, _BYTES_PER_CHARACTER * len(text)):
        raise DataError([f"{source.shown}: joints must have channels, but most have none. Export it again."])
    check_coordinates(motion, source.shown)
    places = compute_places(joints, motion)
    check_coordinates(places, source.shown)
    return Content(
        individuals=_build_tracks(joints, places, source.shown),
        fps=_find_rate(head.get("frame time", ""), notes),
        notes=tuple(notes),
    )


def _check_motion(motion: np.ndarray, stated: str, shown: str, notes: list[str]) -> None:
    """Raise DataError where numbers are absent; say where there are more frames than stated."""
    stated = stated.strip()
    num_frames = int(stated) if stated.isdecimal() and len(stated) < 16 else len(motion)
    if np.isnan(motion).any() or len(motion) < num_frames:
        row = int(np.argwhere(np.isnan(motion))[0][0]) + 1 if np.isnan(motion).any() else len(motion)
        raise DataError(
            [
                f"{shown}: must have {num_frames} whole frames of {motion.shape[1]} numbers, but breaks off "
                f"in frame {row} of {len(motion)}. Copy the file again, or correct its line Frames."
            ]
        )
    if len(motion) > num_frames:
        notes.append(f"it states {num_frames} frames and has {len(motion)}; all are read")


def _find_rate(stated: str, notes: list[str]) -> float | None:
    """Return the frame rate (1/s) of a frame time, which is often rounded: 0.0083333 s are 120 1/s."""
    words = stated.split()
    try:
        time = float(words[0])
    except (ValueError, IndexError):
        time = math.nan
    if not 1e-6 < time < 1e6:
        notes.append("its Frame Time is no time; give the frame rate with --fps")
        return None
    digits = len(words[0].partition(".")[2])
    whole = round(1 / time)
    is_rounded = whole and abs(1 / whole - time) <= 10.0**-digits and abs(whole * time - 1) < _CLOSE
    return float(whole) if is_rounded else 1 / time


def _build_tracks(joints: list[Joint], places: np.ndarray, shown: str) -> list[Track]:
    """Return a track per root; raise DataError where two joints of one have the same name."""
    members: dict[int, list[int]] = {}
    for index, joint in enumerate(joints):
        members.setdefault(joint.root, []).append(index)
    tracks = []
    for root, own in members.items():
        names = _name_joints([joints[index] for index in own])
        repeated = find_repeated(names)
        if repeated:
            found = f"{list_names(repeated)} occurs again"
            raise DataError([f"{shown}: joints must have a name each, but {found}. Rename one of them."])
        tracks.append(Track(individual=joints[root].name, landmarks=tuple(names), points=places[:, own]))
    return tracks


def _name_joints(joints: list[Joint]) -> list[str]:
    """Return the joints' names; where the name of an end is taken, it gets a number."""
    taken = Counter(joint.name for joint in joints if not joint.is_end)
    names = []
    for joint in joints:
        if joint.is_end:
            taken[joint.name] += 1
        count = taken[joint.name]
        names.append(f"{joint.name}{count}" if joint.is_end and count > 1 else joint.name)
    return names


FORMAT = Format(name="bvh", title="BVH", suffixes=(".bvh",), recognise=_recognise, read=_read)
