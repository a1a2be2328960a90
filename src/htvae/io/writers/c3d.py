"""C3D, for programs of motion capture: floats of an Intel processor, one POINT per landmark.

- The axes are those of the recording's file, and ``Y_SCREEN`` names the one that points upwards.
- All axes have one unit. It is stated as m where the points reach less far than 10, else as mm.
- Two-dimensional recordings get z = 0.
- Several individuals are told apart by ``name:landmark``, as motion capture does.
- A missing point is 0, 0, 0 with the residual -1.
- C3D counts frames from 1: a recording that begins with frame 0 begins with 1.

Source: "The C3D File Format: User Guide" (Motion Lab Systems, 2021).
"""

import struct
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from htvae.io.writers.base import Session, Writer
from htvae.io.writers.markers import guess_unit, join_markers
from htvae.poses.sequence import PoseSequence
from htvae.utils.files import atomic_write
from htvae.utils.text import shorten

BLOCK = 512
_MAGIC, _INTEL = 0x50, 84
_CHAR, _INTEGER, _FLOAT = -1, 2, 4
_MOST_WORD = 65535
_MOST_LABELS, _LONGEST_LABEL = 255, 120
"""Most labels of one parameter, and most bytes of a label: a parameter has less than 32 kB."""


def write_c3d(path: Path, recordings: Sequence[PoseSequence]) -> None:
    """Write the recordings of one session to one file.

    Raises:
        ValueError: the frame rate is unknown, a name is too long, or they cannot stand in one file.
        OSError: the file cannot be written.
    """
    coordinates = replace(recordings[0].coordinates, image_size=None)
    session = join_markers(recordings, coordinates, "C3D")
    labels = _label(session)
    points = session.points[:, session.has_landmark]
    upwards = (
        "+Z" if coordinates.z_up and recordings[0].pose.shape[2] == 3 else "+Y" if coordinates.y_up else "-Y"
    )
    first, fps = max(session.first_frame, 1), session.fps or 1.0
    section = _pack_parameters(labels, points, first, fps, upwards)
    missing = np.isnan(points).any(axis=-1, keepdims=True)
    values = np.concatenate([np.where(missing, 0, points), np.where(missing, -1, 0)], axis=-1)
    header = _pack_header(points.shape, first, fps, len(section))
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        file.write(header + section + values.astype("<f4").tobytes())


def _label(session: Session) -> list[bytes]:
    """Return the labels of all individuals' landmarks; raise ValueError where one is too long."""
    labels = []
    for own, individual in zip(session.has_landmark, session.individuals, strict=True):
        prefix = f"{individual}:" if len(session.individuals) > 1 else ""
        labels += [prefix + name for name, is_own in zip(session.landmarks, own, strict=True) if is_own]
    encoded = [label.encode() for label in labels]
    long = [label for label, content in zip(labels, encoded, strict=True) if len(content) > _LONGEST_LABEL]
    if long or len(labels) > _MOST_WORD:
        found = f'"{shorten(long[0])}" is longer' if long else f"there are {len(labels)}"
        raise ValueError(
            f"labels of a C3D file must be {_MOST_WORD} at most, of {_LONGEST_LABEL} bytes, but {found}. "
            "Rename landmarks with --rename, or choose some with --landmarks."
        )
    return encoded


def _pack_header(shape: tuple[int, ...], first: int, fps: float, section_size: int) -> bytes:
    num_frames, num_points = shape[:2]
    last = min(first + num_frames - 1, _MOST_WORD)
    data_block = 2 + section_size // BLOCK
    return struct.pack(
        "<BBHHHHHfHHf",
        *(2, _MAGIC, num_points, 0, min(first, _MOST_WORD), last, 0, -1.0, data_block, 0, fps),
    ).ljust(BLOCK, b"\0")


def _pack_parameters(labels: list[bytes], points: np.ndarray, first: int, fps: float, upwards: str) -> bytes:
    num_frames = len(points)
    last = first + num_frames - 1
    parts = [_pack_group(1, "POINT")]
    parts += [_pack_words(1, "USED", len(labels)), _pack_words(1, "FRAMES", min(num_frames, _MOST_WORD))]
    parts += [_pack_float(1, "SCALE", -1.0), _pack_float(1, "RATE", fps)]
    for place in range(0, len(labels), _MOST_LABELS):
        number = str(place // _MOST_LABELS + 1) if place else ""
        parts.append(_pack_texts(1, f"LABELS{number}", labels[place : place + _MOST_LABELS]))
    unit = guess_unit(points).encode()
    parts += [_pack_texts(1, "UNITS", [unit]), _pack_texts(1, "X_SCREEN", [b"+X"])]
    parts += [_pack_texts(1, "Y_SCREEN", [upwards.encode()])]
    if num_frames > _MOST_WORD:
        parts.append(_pack_float(1, "LONG_FRAMES", float(num_frames)))
    parts += [_pack_group(2, "ANALOG"), _pack_words(2, "USED", 0), _pack_group(3, "TRIAL")]
    parts.append(_pack_words(3, "ACTUAL_START_FIELD", first % 65536, first // 65536))
    parts.append(_pack_words(3, "ACTUAL_END_FIELD", last % 65536, last // 65536))
    size = sum(map(len, parts))
    start = _pack_words(1, "DATA_START", 0)
    num_blocks = -(-(4 + size + len(start) + 2) // BLOCK)
    parts.append(_pack_words(1, "DATA_START", min(2 + num_blocks, _MOST_WORD)))
    head = bytes((1, _MAGIC, min(num_blocks, 255), _INTEL))
    return (head + b"".join(parts)).ljust(num_blocks * BLOCK, b"\0")


def _pack_group(number: int, name: str) -> bytes:
    return struct.pack("<bb", len(name), -number) + name.encode() + struct.pack("<HB", 3, 0)


def _pack_parameter(group: int, name: str, kind: int, shape: Sequence[int], data: bytes) -> bytes:
    body = struct.pack("<bB", kind, len(shape)) + bytes(shape) + data + b"\0"
    head = struct.pack("<bb", len(name), group) + name.encode()
    return head + struct.pack("<H", len(body) + 2) + body


def _pack_words(group: int, name: str, *values: int) -> bytes:
    shape = (len(values),) if len(values) > 1 else ()
    return _pack_parameter(group, name, _INTEGER, shape, struct.pack(f"<{len(values)}H", *values))


def _pack_float(group: int, name: str, value: float) -> bytes:
    return _pack_parameter(group, name, _FLOAT, (), struct.pack("<f", value))


def _pack_texts(group: int, name: str, texts: Sequence[bytes]) -> bytes:
    width = max(map(len, texts))
    data = b"".join(text.ljust(width) for text in texts)
    return _pack_parameter(group, name, _CHAR, (width, len(texts)), data)


WRITER = Writer(name="c3d", suffix=".c3d", write=write_c3d)
