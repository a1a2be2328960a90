"""The binary layout of ``.pose`` files, versions 0.0, 0.1 and 0.2. All numbers are little-endian.

- Version (float), width, height, depth and number of components (16 bits each).
- Each component: name, letters of a point's numbers, numbers of points, limbs and colours, and these. Texts
  begin with their length (16 bits).
- 0.0: frame rate and number of frames (16 bits); each frame: number of people; each person: a number, then
  the points of each component.
- 0.1: frame rate, number of frames, number of people (16 bits); the places (frames, people, points, axes);
  the confidences (frames, people, points). The number of frames is 0 where it has more than 16 bits.
- 0.2: as 0.1, with a frame rate that is a float, and a number of frames of 32 bits.
- Nothing is allocated that is larger than the file.
"""

import struct
from dataclasses import dataclass

import numpy as np

VERSIONS = (0.0, 0.1, 0.2)


@dataclass(frozen=True)
class Component:
    """A part of the body."""

    name: str
    axes: str
    """Letters of a point's numbers, such as XYC or XYZC; C is the confidence."""
    points: tuple[str, ...]

    @property
    def prefix(self) -> str:
        """What is put before the points' names, so that those of the hands differ."""
        words = self.name.upper().replace("-", "_").split("_")
        side = "LEFT_" if "LEFT" in words else "RIGHT_" if "RIGHT" in words else ""
        if "HAND" in words or "HANDS" in words:
            return f"{side}HAND_"
        return "FACE_" if "FACE" in words else ""


@dataclass(frozen=True)
class PoseHeader:
    """What the header of a file says."""

    version: float
    width: int
    components: tuple[Component, ...]
    size: int
    """Bytes of the header."""

    @property
    def num_points(self) -> int:
        """Number of points of one person."""
        return sum(len(component.points) for component in self.components)

    @property
    def has_depth(self) -> bool:
        """Whether all points have a z."""
        return all(component.axes.startswith("XYZ") for component in self.components)

    @property
    def num_axes(self) -> int:
        """Numbers of a point in versions from 0.1, without the confidence."""
        return max(len(component.axes) for component in self.components) - 1


class _Cursor:
    """Reads a content from its beginning."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.place = 0

    def take(self, form: str) -> tuple:
        values = struct.unpack_from("<" + form, self.content, self.place)
        self.place += struct.calcsize("<" + form)
        return values

    def take_text(self) -> str:
        (length,) = self.take("H")
        (text,) = self.take(f"{length}s")
        return str(text, "utf-8")

    def take_floats(self, *shape: int) -> np.ndarray:
        count = int(np.prod(shape, dtype=np.float64))
        if self.place + 4 * count > len(self.content):
            raise ValueError("it ends early")
        values = np.frombuffer(self.content, "<f4", count, self.place).reshape(shape)
        self.place += 4 * count
        return values


def read_header(content: bytes) -> PoseHeader:
    """Return the header of a file, whose content may be cut off after it.

    Raises:
        ValueError, struct.error: there is no header.
    """
    cursor = _Cursor(content)
    (version,) = cursor.take("f")
    version = round(version, 3)
    width, _, _, num_components = cursor.take("4H")
    if version not in VERSIONS or not 0 < num_components <= 1000:
        raise ValueError("its version is unknown")
    components = tuple(_read_component(cursor) for _ in range(num_components))
    return PoseHeader(version, width, components, cursor.place)


def _read_component(cursor: _Cursor) -> Component:
    name, axes = cursor.take_text(), cursor.take_text().upper()
    if not axes.startswith("XY") or axes[-1] != "C" or len(axes) > 8:
        raise ValueError("a component's points have no x, y and confidence")
    num_points, num_limbs, num_colors = cursor.take("3H")
    points = tuple(cursor.take_text() for _ in range(num_points))
    cursor.take(f"{2 * num_limbs + 3 * num_colors}H")
    return Component(name, axes, points)


def read_people(content: bytes, header: PoseHeader) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """Return the frame rate, and of each person in each frame: the frame (n,), points (n, L, D), confidence.

    Raises:
        ValueError, struct.error: the content is damaged.
    """
    cursor = _Cursor(content)
    cursor.place = header.size
    if not header.num_points:
        raise ValueError("it has no points")
    if header.version == 0:
        return _read_frame_by_frame(cursor, header)
    fps, num_frames, num_people = cursor.take("fIH" if header.version > 0.15 else "3H")
    size = 4 * num_people * header.num_points * (header.num_axes + 1)
    if not size:
        raise ValueError("it holds nobody")
    if header.version < 0.15:
        stated = num_frames
        num_frames, rest = divmod(len(content) - cursor.place, size)
        if rest or (stated and (num_frames - stated) % 65536):
            raise ValueError(f"it states {stated} frames, but is cut off in frame {num_frames + 1}")
    shape = (num_frames, num_people, header.num_points)
    points = cursor.take_floats(*shape, header.num_axes).reshape(-1, header.num_points, header.num_axes)
    confidence = cursor.take_floats(*shape).reshape(-1, header.num_points)
    return float(fps), np.repeat(np.arange(num_frames), num_people), points, confidence


def _read_frame_by_frame(
    cursor: _Cursor, header: PoseHeader
) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """Return the people of version 0.0, where each component has its own number of axes."""
    fps, num_frames = cursor.take("2H")
    num_axes = 3 if header.has_depth else 2
    frames, people = [], []
    for frame in range(num_frames):
        for _ in range(cursor.take("H")[0]):
            cursor.take("h")  # the person's number, -1 in files of OpenPose
            parts = [cursor.take_floats(len(c.points), len(c.axes)) for c in header.components]
            people.append(np.concatenate([part[:, [*range(num_axes), -1]] for part in parts]))
            frames.append(frame)
    if not people:
        raise ValueError("it holds nobody")
    values = np.stack(people)
    return float(fps), np.array(frames), values[..., :-1], values[..., -1]
