"""DeepLabCut's CSV, and LightningPose's, which has the same layout; `deeplabcut_h5` reads the HDF5 files.

- Header rows: scorer, [individuals], bodyparts, coords, and a name of the index where pandas wrote one; the
  first column holds frame numbers.
- coords are x, y, likelihood, or x, y, z in three dimensions. Pixels, y down; in 3-D the calibration's axes.

Source: DeepLabCut, ``pose_estimation_pytorch/apis`` and ``utils/conversioncode.py`` write these tables.
"""

import csv
import io
from dataclasses import replace

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats import hdf5
from htvae.io.formats.base import Format, Refusal
from htvae.io.formats.deeplabcut_h5 import read_h5, recognise_h5, recognise_hand_labels_h5
from htvae.io.formats.deeplabcut_tracks import Column, build_tracks
from htvae.io.formats.frames import number_frames
from htvae.io.opening import Source
from htvae.io.tracks import Content

_LONGEST_HEADER = 1 << 24
"""Most bytes of the header rows: many body parts of many animals, each under a long name of the network."""


def header_rows(lines: list[str]) -> dict[str, list[str]]:
    """Return the header rows by their first cell; empty where a file's lines have no DeepLabCut header."""
    rows: dict[str, list[str]] = {}
    for line in lines[:4]:
        try:
            name, *cells = [cell.strip() for cell in next(csv.reader([line or ","]))]
        except csv.Error:
            break
        if name not in ("scorer", "individuals", "bodyparts", "coords"):
            break
        rows[name] = cells
    return rows if {"bodyparts", "coords"} <= rows.keys() else {}


def _first_lines(source: Source) -> list[str]:
    """Return the first lines, five at least even if the header is longer than the head."""
    lines = source.head_lines
    if len(lines) > 5 or not lines[0].lstrip('"').startswith("scorer"):
        return lines
    with source.open() as file:
        text = file.read(_LONGEST_HEADER).decode("utf-8", "replace").removeprefix("\ufeff")
    return text.replace("\r\n", "\n").split("\n")


def _recognise(source: Source) -> str:
    if source.is_hdf5:
        return recognise_h5(source)
    rows = header_rows(_first_lines(source))
    return "" if not rows or _is_labelled_by_hand(source) else f"header rows {', '.join(rows)}"


def _read(source: Source, config: ReadingConfig) -> Content:
    if source.is_hdf5:
        return read_h5(source, config)
    text = source.read_text()
    rows = header_rows(text.splitlines()[:4])
    if not rows:
        raise DataError(
            [
                f"{source.shown}: must begin with the rows scorer, bodyparts, coords, but does not. Give the "
                "file that DeepLabCut's analyse_videos wrote."
            ]
        )
    if len({len(rows[kind]) for kind in rows if kind != "scorer"}) > 1:
        raise DataError([f"{source.shown}: header rows must have one length, but differ. Export it again."])
    individuals = rows.get("individuals") or [""] * len(rows["coords"])
    columns: list[Column] = list(zip(individuals, rows["bodyparts"], rows["coords"], strict=True))
    num_rows = len(rows) + _names_index(text.splitlines()[len(rows) :][:1])
    values = _read_cells(text, num_rows, len(columns) + 1, source.shown)
    numbered = number_frames(values[:, 0], config, source.shown)
    content = build_tracks(columns, values[:, 1:], numbered.frames, source.shown)
    return replace(content, fps=numbered.fps)


def _names_index(lines: list[str]) -> bool:
    """Whether the first of some lines is pandas' row with the name of the index, and nothing else."""
    name, *cells = lines[0].split(",") if lines else [""]
    return any(c.isalpha() for c in name) and not any(cells)


def _read_cells(text: str, num_header_rows: int, num_columns: int, shown: str) -> np.ndarray:
    """Return the cells below the header as numbers (rows, columns), NaN where they are empty."""
    import pandas as pd

    if len(text.splitlines()) <= num_header_rows:
        raise DataError([f"{shown}: must have rows below the header, but has none. Remove the file."])
    try:
        table = pd.read_csv(
            io.StringIO(text), skiprows=num_header_rows, header=None, index_col=False, dtype=np.float64
        )
    except ValueError as error:  # pandas' own errors, too
        reason = str(error).strip().splitlines()[-1]
        raise DataError(
            [f"{shown}: cells below the header must be numbers, but are not ({reason}). Export it again."]
        ) from error
    if table.shape[1] != num_columns:
        raise DataError(
            [
                f"{shown}: rows must have {num_columns} cells, as the header, but have {table.shape[1]}. "
                "Export it again."
            ]
        )
    return table.to_numpy()


def _is_labelled_by_hand(source: Source) -> str:
    """Recognise hand labels: their rows are named by images, in one or three index columns."""
    if source.is_hdf5:
        return recognise_hand_labels_h5(source)
    lines = _first_lines(source)
    rows = header_rows(lines)
    if not rows:
        return ""
    below = lines[len(rows) :]
    first = below[_names_index(below) :][:1]
    index = first[0].split(",")[0].strip().strip('"') if first else ""
    named = not index.replace(".", "", 1).isdecimal() and any(c.isalpha() for c in index)
    return "rows named by images" if named else ""


FORMAT = Format(
    name="deeplabcut",
    title="DeepLabCut or LightningPose",
    suffixes=(".csv", *hdf5.SUFFIXES),
    recognise=_recognise,
    read=_read,
    is_one_of_many=True,
)
HAND_LABELS = Refusal(
    name="hand labels of DeepLabCut or LightningPose",
    suffixes=(".csv", *hdf5.SUFFIXES),
    recognise=_is_labelled_by_hand,
    remedy="They label single images and are no recording: give the files that analyse_videos wrote.",
)
