"""DeepLabCut's HDF5 files, which pandas wrote through PyTables, in either of its two layouts.

- "table": a compound dataset ``table`` with the index and blocks of values; the names of a block's columns
  are **pickled** in an attribute. They are read without running the pickle (`unpickling`).
- "fixed": per block a dataset of values, and its columns' names as levels with codes.
- The key differs: df_with_missing, tracks, df, poses, ... Rows named by images are hand labels.

Source: pandas ``io/pytables.py`` writes these files, DeepLabCut calls ``DataFrame.to_hdf``.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats.deeplabcut_tracks import Column, build_tracks
from htvae.io.formats.frames import number_frames
from htvae.io.formats.hdf5 import look_inside, open_hdf5
from htvae.io.formats.hdf5_group import Group
from htvae.io.formats.unpickling import load_restricted
from htvae.io.opening import Source
from htvae.io.tracks import Content
from htvae.utils.text import list_names

_BLOCK = re.compile(r"values_block_[0-9]{1,4}")
LEVELS = ("individuals", "bodyparts", "coords")
_COORDINATES = {"x", "y", "z", "likelihood"}
_MOST_BLOCKS = 1000


def recognise_h5(source: Source) -> str:
    """Return what shows a DeepLabCut recording; an empty text for other files and for hand labels."""
    return look_inside(source, lambda root: _look(root, of_hand_labels=False))


def recognise_hand_labels_h5(source: Source) -> str:
    """Return what shows hand labels of DeepLabCut; an empty text for other files."""
    return look_inside(source, lambda root: _look(root, of_hand_labels=True))


def read_h5(source: Source, config: ReadingConfig) -> Content:
    """Return the tracks of a file.

    Raises:
        DataError: it is damaged, or no DeepLabCut recording.
    """
    with open_hdf5(source) as root:
        frame = _find_frame(root)
        if frame is None or _names_images(frame):
            lack = "bodyparts and coords" if frame is None else "frame numbers (these are hand labels)"
            raise DataError(
                [
                    f"{source.shown}: must hold a table with bodyparts, coords and frame numbers, but lacks "
                    f"{lack}. Give the file that DeepLabCut's analyse_videos wrote."
                ]
            )
        columns, blocks, frames = (_read_table if _is_table(frame) else _read_fixed)(frame)
    shapes = [block.shape for block in blocks]
    if (
        frames.ndim != 1
        or not len(frames)
        or not columns
        or any(len(shape) != 2 or shape[0] != len(frames) for shape in shapes)
        or sum(shape[1] for shape in shapes) != len(columns)
    ):
        raise DataError(
            [
                f"{source.shown}: must have a value per frame and column, but has blocks of "
                f"{list_names(map(str, shapes))} for {len(frames)} frames and {len(columns)} columns. "
                "Export the file again."
            ]
        )
    numbered = number_frames(frames.astype(np.float64), config, source.shown)
    values = np.concatenate(blocks, axis=1, dtype=np.float64)
    return replace(build_tracks(columns, values, numbered.frames, source.shown), fps=numbered.fps)


def _look(root: Group, of_hand_labels: bool) -> str:
    frame = _find_frame(root)
    if frame is None or _names_images(frame) != of_hand_labels:
        return ""
    return "rows named by images" if of_hand_labels else f"pandas table {frame.name} with bodyparts, coords"


def _find_frame(root: Group) -> Group | None:
    """Return the first group that is a pandas table with DeepLabCut's columns."""
    for name in root.names():
        group = root.group(name)
        if group is not None and str(group.attribute("pandas_type") or "").startswith("frame"):
            columns = _table_columns(group, 0) if _is_table(group) else _fixed_columns(group, 0)
            if any(coordinate in _COORDINATES for *_, coordinate in columns):
                return group
    return None


def _is_table(frame: Group) -> bool:
    return frame.shape("table") is not None


def _names_images(frame: Group) -> bool:
    """Whether rows have a name, or several levels, instead of a number."""
    kind = frame.columns("table").get("index", "") if _is_table(frame) else frame.kind("axis1")
    return kind not in tuple("iuf")


def _read_table(frame: Group) -> tuple[list[Column], list[np.ndarray], np.ndarray]:
    """Return the columns, blocks of their values (rows, columns), and frame numbers (rows,) of a table."""
    names = [name for name in frame.columns("table") if _BLOCK.fullmatch(name)]
    table = frame.table("table", ("index", *names))
    columns = [column for name in names for column in _table_columns(frame, name.rpartition("_")[2])]
    blocks = [table[name].reshape(len(table[name]), math.prod(table[name].shape[1:])) for name in names]
    return columns, blocks, table["index"]


def _read_fixed(frame: Group) -> tuple[list[Column], list[np.ndarray], np.ndarray]:
    """Return the same for the fixed layout."""
    columns: list[Column] = []
    blocks = []
    for block in range(_MOST_BLOCKS):
        name = f"block{block}_values"
        if frame.shape(name) is None:
            break
        columns += _fixed_columns(frame, block)
        values = frame.numbers(name)
        blocks.append(values if frame.attribute("transposed", name) else values.T)
    return columns, blocks, frame.numbers("axis1")


def _table_columns(frame: Group, block: int | str) -> list[Column]:
    """Return the columns of a table's block; empty if they are of another kind."""
    names = _unpickle(frame.raw_attribute(f"values_block_{block}_kind", "table"), frame.shown)
    info = _unpickle(frame.raw_attribute("info"), frame.shown)
    axis = info.get(1) if isinstance(info, dict) else None
    levels = axis.get("names") if isinstance(axis, dict) else None
    if not isinstance(names, list) or not all(isinstance(name, tuple) for name in names):
        return []
    return _name_columns(names, levels if isinstance(levels, list) else [])


def _fixed_columns(frame: Group, block: int) -> list[Column]:
    """Return the columns of a block of the fixed layout; empty if they are of another kind."""
    items = f"block{block}_items"
    levels, names = [], []
    for level in range(len(LEVELS) + 2):
        if frame.shape(f"{items}_level{level}") is None:
            break
        texts = frame.strings(f"{items}_level{level}")
        codes = frame.numbers(f"{items}_label{level}")
        if codes.size and not 0 <= codes.min() <= codes.max() < len(texts):
            return []
        levels.append(frame.attribute("name", f"{items}_level{level}"))
        names.append([texts[code] for code in codes])
    if len({len(texts) for texts in names}) != 1:
        return []
    return _name_columns(list(zip(*names, strict=True)), levels)


def _name_columns(names: Sequence[tuple[object, ...]], levels: Sequence[object]) -> list[Column]:
    """Return individual, body part and coordinate of columns; levels without names count from the end."""
    if not names or len({len(name) for name in names}) > 1 or not 2 <= len(names[0]) <= 4:
        return []
    num_levels = len(names[0])
    place = {level: index for index, level in enumerate(levels) if level in LEVELS}
    if not {"bodyparts", "coords"} <= place.keys():
        place = {level: num_levels - len(LEVELS) + index for index, level in enumerate(LEVELS)}
        if num_levels < 4:  # scorer, bodyparts, coords
            del place["individuals"]
    if not 0 <= min(place.values()) <= max(place.values()) < num_levels:
        return []
    if not all(isinstance(part, str | int) for name in names for part in name):
        return []
    individual, bodypart, coordinate = (place.get(level) for level in LEVELS)
    return [(_cell(name, individual), _cell(name, bodypart), _cell(name, coordinate)) for name in names]


def _cell(name: tuple[object, ...], index: int | None) -> str:
    return "" if index is None else str(name[index])


def _unpickle(pickled: bytes | None, shown: str) -> object:
    """Return the value of an attribute that PyTables has pickled."""
    return None if pickled is None else load_restricted(pickled, shown)
