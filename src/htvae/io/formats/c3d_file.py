"""The binary layout of C3D files: header, parameters and points.

- A file consists of blocks of 512 bytes. The first byte gives the block at which the parameters begin.
- Parameters stand in groups. Each tells how far the next one is; the last has the distance 0.
- Numbers are those of one of three processors: Intel, DEC (floats in an order of their own), MIPS.
- A point has four numbers: x, y, z and a word whose sign is negative where the point is missing. They are
  floats where the scale is negative, else whole numbers that the scale multiplies.
- Frames of analog measurements follow each frame of points; they are skipped.
- Nothing is allocated that is larger than the file.

It is read here, and not by ezc3d, because that library's parser ends the process (a segmentation fault) on
files with a few damaged bytes.

Source: "The C3D File Format: User Guide" (Motion Lab Systems, 2021); the tests compare with ezc3d.
"""

import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

BLOCK = 512
MAGIC = 0x50
INTEL, DEC, MIPS = 84, 85, 86
"""Processors, as the parameters' head names them."""
CHAR, BYTE, INTEGER, FLOAT = -1, 1, 2, 4
"""Kinds of parameters, as files name them."""
_MOST_FRAMES = 65535
"""Most frames of a number of 16 bits."""


@dataclass(frozen=True, kw_only=True)
class C3DFile:
    """What a C3D file holds."""

    parameters: dict[str, Any]
    """Values by ``GROUP:NAME``: a list of texts, or an array of numbers whose first axis runs fastest."""
    points: np.ndarray
    """(T, N, 3), NaN where a point is missing."""
    first_frame: int
    rate: float
    """Frame rate (1/s) in the header."""
    stated_frames: int
    """Number of frames that the file should have."""


@np.errstate(invalid="ignore", over="ignore")  # damaged bytes may be no numbers
def parse(content: bytes) -> C3DFile:
    """Return what a file holds.

    Raises:
        ValueError: the content is damaged; the text says what is.
    """
    if len(content) < BLOCK or content[1] != MAGIC:
        raise ValueError("its header is cut off")
    start = (content[0] - 1) * BLOCK
    if not BLOCK <= start <= len(content) - 4:
        raise ValueError("its parameters lie outside the file")
    numbers = _Numbers(content, content[start + 3])
    parameters = _read_parameters(numbers, start + 4)
    num_points, num_analog = numbers.integers(2, 2)
    first, last = numbers.integers(6, 2)
    (scale,) = numbers.floats(12, 1)
    (rate,) = numbers.floats(20, 1)
    (block,) = numbers.integers(16, 1)
    is_float = bool(scale < 0)
    size = (4 if is_float else 2) * (4 * int(num_points) + int(num_analog))
    data = (int(block) - 1) * BLOCK
    if not num_points or not scale or data < BLOCK:
        raise ValueError("it holds no points")
    first, stated = _find_frames(int(first), int(last), parameters)
    num_frames = _count_frames(stated, len(content) - data, size)
    values = numbers.table(data, num_frames, size, 4 * int(num_points), is_float)
    values = values.reshape(num_frames, int(num_points), 4)
    points = values[..., :3] * (1.0 if is_float else float(scale))
    points[~(values[..., 3] >= 0)] = np.nan
    return C3DFile(
        parameters=parameters, points=points, first_frame=first, rate=float(rate), stated_frames=stated[0]
    )


def _find_frames(first: int, last: int, parameters: dict[str, Any]) -> tuple[int, list[int]]:
    """Return the first frame, and what the file says of the number of frames, the most certain first.

    Numbers of 16 bits are too short for long recordings, which TRIAL or LONG_FRAMES describe. Otherwise
    FRAMES holds, then the header (``first``, ``last``).
    """
    start, end = (_integer(parameters.get(f"TRIAL:ACTUAL_{name}_FIELD"), 2) for name in ("START", "END"))
    stated = _integer(parameters.get("POINT:FRAMES"), 1)
    long = _integer(parameters.get("POINT:LONG_FRAMES"), 1)
    if end - start + 1 > _MOST_FRAMES or (end - start + 1 == stated and start > _MOST_FRAMES):
        return start, [end - start + 1]
    if long > _MOST_FRAMES or stated > _MOST_FRAMES:
        return first, [max(long, stated)]
    return first, [count for count in (stated, last - first + 1) if count > 0]


def _count_frames(stated: list[int], num_bytes: int, size: int) -> int:
    """Return the number of frames that are read.

    A file that ends early is damaged, unless it ends with a whole frame: then it was written so.

    Raises:
        ValueError: there are no frames, or the last is cut off.
    """
    fitting = [count for count in stated if count * size <= num_bytes]
    if fitting:
        return fitting[0]
    if not stated or num_bytes < size:
        raise ValueError("it holds no frames")
    if num_bytes % size:
        raise ValueError(f"it is cut off in frame {num_bytes // size + 1} of {stated[0]}")
    return num_bytes // size


def _integer(value: Any, num_words: int) -> int:
    """Return the whole number of a parameter, the low word first; 0 where there is none."""
    if not isinstance(value, np.ndarray) or not value.size or not np.isfinite(value[0]):
        return 0
    if value.dtype.kind == "f":
        return int(value[0])
    return sum(int(word) << 16 * place for place, word in enumerate(value[:num_words]))


def _read_parameters(numbers: "_Numbers", place: int) -> dict[str, Any]:
    """Return values by ``GROUP:NAME``; parameters may stand before their group."""
    content = numbers.content
    groups: dict[int, str] = {}
    found: list[tuple[int, str, Any]] = []
    while place + 4 <= len(content) and content[place]:
        length, number = struct.unpack_from("bb", content, place)
        name_end = place + 2 + abs(length)
        name = content[place + 2 : name_end].decode("latin-1").strip().upper()
        step = int(numbers.integers(name_end, 1)[0])
        if number < 0:
            groups[-number] = name
        elif number > 0:
            found.append((number, name, _read_value(numbers, name_end + 2)))
        if not step:
            break
        place = name_end + step
    return {f"{groups.get(number, '')}:{name}": value for number, name, value in found}


def _read_value(numbers: "_Numbers", place: int) -> Any:
    """Return a parameter's value: a list of texts, or an array of numbers."""
    content = numbers.content
    kind, num_axes = struct.unpack_from("bB", content, place)
    shape = tuple(content[place + 2 : place + 2 + num_axes])
    place += 2 + num_axes
    count = math.prod(shape)
    if kind not in (CHAR, BYTE, INTEGER, FLOAT) or len(shape) < num_axes:
        raise ValueError("a parameter is of an unknown kind")
    numbers.num_read += count * abs(kind)
    if place + count * abs(kind) > len(content) or numbers.num_read > len(content):
        raise ValueError("a parameter is cut off")
    if kind == CHAR:
        width = shape[0] if shape else 1
        places = range(place, place + count, width) if width else ()
        return [_decode(content[start : start + width]) for start in places]
    if kind == FLOAT:
        return numbers.floats(place, count)
    if kind == INTEGER:
        return numbers.integers(place, count)
    return np.frombuffer(content, np.uint8, count, place)


def _decode(text: bytes) -> str:
    """Return a text, which ends in spaces; old programs wrote the letters of their country."""
    try:
        return text.decode("utf-8").strip(" \0")
    except UnicodeDecodeError:
        return text.decode("latin-1").strip(" \0")


class _Numbers:
    """The numbers of a content in the order of its processor."""

    def __init__(self, content: bytes, processor: int) -> None:
        self.content = content
        self.processor = processor if processor in (DEC, MIPS) else INTEL
        self.order = ">" if self.processor == MIPS else "<"
        self.num_read = 0
        """Bytes of parameters so far; parameters that overlap without end exceed the content."""

    def integers(self, place: int, count: int) -> np.ndarray:
        """Return whole numbers of 16 bits without sign."""
        if place + 2 * count > len(self.content):
            raise ValueError("it is cut off")
        return np.frombuffer(self.content, f"{self.order}u2", count, place)

    def floats(self, place: int, count: int) -> np.ndarray:
        """Return floats of 32 bits."""
        if place + 4 * count > len(self.content):
            raise ValueError("it is cut off")
        return self._to_floats(np.frombuffer(self.content, np.uint8, 4 * count, place))

    def table(self, place: int, num_rows: int, row_size: int, num_columns: int, is_float: bool) -> np.ndarray:
        """Return the first columns of rows (``num_rows``, ``num_columns``) of ``row_size`` bytes."""
        width = num_columns * (4 if is_float else 2)
        rows = np.frombuffer(self.content, np.uint8, num_rows * row_size, place).reshape(num_rows, row_size)
        own = np.ascontiguousarray(rows[:, :width])
        if is_float:
            return self._to_floats(own.reshape(-1)).reshape(num_rows, num_columns).astype(np.float64)
        return own.view(f"{self.order}i2").astype(np.float64)

    def _to_floats(self, raw: np.ndarray) -> np.ndarray:
        if self.processor != DEC:
            return np.asarray(raw.view(f"{self.order}f4"))
        # DEC floats have their halves swapped, and an exponent that is larger by two.
        return np.asarray(
            np.ascontiguousarray(raw.view("<u2").reshape(-1, 2)[:, ::-1]).view("<f4").ravel() / 4
        )
