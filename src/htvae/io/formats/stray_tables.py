"""CSV tables among recordings that are none: manifests under another name, results, measurements.

They are asked for last, where no format fits. A table with a column of coordinates, or with one of a pose
CSV's own columns, is left to the pose CSV's reader, which says what it lacks.
"""

import csv
import re

from htvae.io.faults import parse_number
from htvae.io.formats.base import Refusal
from htvae.io.opening import Source
from htvae.io.pose_csv import COLUMNS

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_ABOUT_RECORDINGS = {"label", "subject", "fps", "split", "session"}
_SPANS = {"file", "start", "stop", "label"}


def _read_header(source: Source) -> list[str]:
    """Return the names in the first row; an empty list where it is none."""
    lines = [line for line in source.head_lines if line.strip()]
    if not lines or "\0" in lines[0]:
        return []
    delimiter = max(",;\t|", key=lines[0].count)
    try:
        cells = [cell.strip() for cell in next(csv.reader([lines[0]], delimiter=delimiter), [])]
    except csv.Error:
        return []
    is_text = all(cell.isprintable() and "\ufffd" not in cell for cell in cells)
    return cells if is_text and not any(parse_number(cell) is not None for cell in cells) else []


def _is_manifest(source: Source) -> str:
    header = {cell.casefold() for cell in _read_header(source)}
    is_called_so = "manifest" in source.path.name.casefold()
    return "a column file" if is_called_so and "file" in header and header & _ABOUT_RECORDINGS else ""


def _is_frame_labels(source: Source) -> str:
    header = {cell.casefold() for cell in _read_header(source)}
    name = re.sub(r"[\W_]", "", source.path.name.casefold())
    return "columns file, start, stop, label" if name.startswith("framelabel") and header >= _SPANS else ""


def _is_table(source: Source) -> str:
    """Recognise tables whose header names no coordinate."""
    header = _read_header(source)
    words = {word.casefold() for cell in header for word in _WORDS.findall(cell)}
    if len(header) < 2 or not {*COLUMNS}.isdisjoint(header) or words & {"x", "y", "z"}:
        return ""
    return f"columns {', '.join(header[:4])}"


MANIFEST = Refusal(
    name="rows about recordings, which must stand in one manifest.csv in the data folder itself",
    suffixes=(".csv",),
    recognise=_is_manifest,
    remedy="Rename the file to manifest.csv, or remove it if that is there and right.",
    is_fault=True,
)
FRAME_LABELS = Refusal(
    name="labels of frames, which must stand in one frame_labels.csv in the data folder itself",
    suffixes=(".csv",),
    recognise=_is_frame_labels,
    remedy="Rename the file to frame_labels.csv, or remove it if that is there and right.",
    is_fault=True,
)
TABLES = Refusal(
    name="tables without coordinates, where a recording must have some",
    suffixes=(".csv",),
    recognise=_is_table,
    remedy=f"If one is a recording, give it the columns {', '.join(COLUMNS)}.",
)
