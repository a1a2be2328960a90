"""What formats that list people frame by frame share: frame numbers in names, lost points, ids."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

import numpy as np
import numpy.typing as npt

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats.frames import FrameNumbers, number_frames
from htvae.utils.text import shorten

_LAST_NUMBER = re.compile(r"(\d{1,18})\D*$")
LARGEST_FRAME = 2**31
"""Frame numbers are below this; larger ones are ids of images, or times."""
_LEAST_FRAMES = 10
"""Fewest frames whose even distances count as a recording's."""
_LEAST_SHARE = 0.25
"""Least share of frames that are there in a recording whose frames neither follow each other nor are even."""


def frame_number(name: str) -> int | None:
    """Return the last number in a file's name without its suffix; None if it has none."""
    stem = PurePath(name.replace("\\", "/")).name
    stem = stem.rsplit(".", 1)[0] if "." in stem and not stem.rsplit(".", 1)[1].isdecimal() else stem
    match = _LAST_NUMBER.search(stem.removesuffix("_keypoints"))
    return int(match[1]) if match and int(match[1]) < LARGEST_FRAME else None


def frame_numbers(names: Sequence[str], shown: str) -> list[int]:
    """Return the frame numbers in the names of a recording's files.

    Raises:
        DataError: a name has no number, or two have the same one.
    """
    numbers = [frame_number(name) for name in names]
    for name, number in zip(names, numbers, strict=True):
        if number is None and len(names) > 1:
            raise DataError(
                [
                    f"{shown}: file names must end in the frame number, but {shorten(name)} does not. "
                    "Rename it."
                ]
            )
    found = [number or 0 for number in numbers]
    if len(set(found)) < len(found):
        number = Counter(found).most_common(1)[0][0]
        twice = [name for name, other in zip(names, found, strict=True) if other == number]
        raise DataError(
            [
                f"{shown}: each file must have its own frame number, but {shorten(twice[0])} and "
                f"{shorten(twice[1])} have the same. Put each video's files into a folder of their own."
            ]
        )
    return found


def number_repeated(values: npt.NDArray[np.number], config: ReadingConfig, shown: str) -> FrameNumbers:
    """Return the frame numbers of rows, of which several may have one; otherwise as `number_frames`."""
    distinct, index = np.unique(values.astype(np.float64), return_inverse=True)
    if len(distinct) == len(values):
        return number_frames(values.astype(np.float64), config, shown)
    numbered = number_frames(distinct, config, shown)
    return numbered._replace(frames=numbered.frames[index])


def drop_zeros(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return points (..., D) with NaN for those of which all coordinates are 0, which means lost."""
    return np.where((points == 0).all(axis=-1, keepdims=True), np.nan, points)


def read_id(value: Any) -> int:
    """Return an identity, -1 for none. Trackers write 3, 3.0, "3", [3.0] or [[3.0], [3.0]]."""
    while isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 16:
        value = int(value)
    is_whole = isinstance(value, (int, float)) and not isinstance(value, bool) and value == value
    return int(value) if is_whole and 0 <= value < 2**53 and value == value // 1 else -1


def check_is_sequence(frames: npt.NDArray[np.integer], shown: str) -> None:
    """Raise DataError if images are a set that was chosen for labelling, not the frames of a recording.

    Frames of a recording follow each other, or lie at one distance from each other.
    """
    numbers = np.unique(frames)
    steps = np.diff(numbers)
    share = len(numbers) / (numbers[-1] - numbers[0] + 1)
    if share >= _LEAST_SHARE or (steps == 1).mean() > 0.5:
        return
    is_even = len(numbers) >= _LEAST_FRAMES and (steps == np.median(steps)).mean() >= 0.9
    if not is_even:
        raise DataError(
            [
                f"{shown}: images must be the frames of a video in order, but these are {len(numbers)} "
                f"single ones between {numbers[0]} and {numbers[-1]}: a set of labelled images is no "
                "recording. Give the tracker's predictions for a whole video."
            ]
        )
