"""TRC, the marker files of OpenSim, OpenCap and Pose2Sim.

- Five header lines: file type; names and values of the data's properties; names of the markers, each above
  the first of its three columns; labels X1, Y1, Z1, ..., which may begin at any number. A blank line may
  follow.
- Cells are separated by tabs, by some programs by spaces. Between tabs, empty cells are missing points, and
  rows may end in further tabs.
- y points upwards. The unit (m or mm) does not matter. ``NumFrames`` is often wrong: all rows are read.
- Unlabelled markers (``*12``) are no landmarks: they are left out.

Source: OpenSim documentation, "Marker (.trc) Files"; Pose2Sim, ``Pose2Sim/triangulation.py``.
"""

import itertools

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.faults import DataError, decode_text, parse_number
from htvae.io.formats.base import Format
from htvae.io.formats.frames import check_frames
from htvae.io.formats.names import UNLABELLED, find_repeated
from htvae.io.formats.numbers import check_coordinates, place_rows, read_numbers
from htvae.io.opening import Source
from htvae.io.tracks import Content, Track
from htvae.utils.text import list_names

_RATE_FAULT, _LARGEST = 0.02, 1e6


def _recognise(source: Source) -> str:
    first = source.head_lines[0].strip().strip('"')
    return "first line PathFileType" if first.startswith("PathFileType") else ""


def _read(source: Source, config: ReadingConfig) -> Content:
    text = _decode(source.read_bytes(), source.shown)
    lines = text.split("\n")
    place = next((i for i, line in enumerate(lines[:10]) if line.lower().lstrip().startswith("frame#")), None)
    if place is None:
        raise DataError(
            [
                f"{source.shown}: a line that begins with Frame# must name the markers, but there is no "
                "such line among its first ten. Export the file again."
            ]
        )
    separator = "\t" if "\t" in lines[place] else r"\s+"
    markers = _find_markers(lines[place], separator, source.shown)
    start = place + 1 + (not _begins_with_number(lines[place + 1 : place + 2]))
    if not text.endswith("\n") and _is_short(lines[-1], separator, 2 + 3 * len(markers)):
        raise DataError([f"{source.shown}: the last row must be whole, but is cut off. Copy the file again."])
    if separator != "\t":
        _check_widths(lines[start:], 2 + 3 * len(markers), source.shown)
    values = read_numbers("\n".join(lines[start:]), 2 + 3 * len(markers), separator, source.shown)
    check_frames(values[:, 0], config, source.shown)
    notes: list[str] = []
    kept = _leave_out_unlabelled(markers, source.shown, notes)
    points = values[:, 2:].reshape(len(values), -1, 3)[:, kept]
    check_coordinates(points, source.shown)
    fps = _find_rate(lines[:place], values[:, :2], notes)
    stated = _find_property(lines[:place], "NumFrames")
    if stated is not None and stated > len(values) + 1:
        notes.append(f"it states {stated:.0f} frames and has {len(values)}; these are read")
    first, (placed,) = place_rows(values[:, 0], [points], source.shown)
    track = Track(landmarks=tuple(markers[i] for i in kept), points=placed, first_frame=first)
    return Content(individuals=[track], fps=fps, notes=tuple(notes))


def _decode(content: bytes, shown: str) -> str:
    """Return the text: the first line may hold a path in the encoding of an old Windows."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        content = content.decode("latin-1").encode()
    text = decode_text(content, shown)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _begins_with_number(lines: list[str]) -> bool:
    """Whether the first row of numbers follows at once: some programs leave out the labels X1, Y1, Z1."""
    cells = lines[0].split() if lines else []
    return bool(cells) and parse_number(cells[0]) is not None


def _find_markers(line: str, separator: str, shown: str) -> list[str]:
    """Return the names of the markers; a column without a name is called like an unlabelled marker."""
    if separator != "\t":
        return line.split()[2:]
    cells = [cell.strip().strip('"') for cell in line.split("\t")]
    named = [i for i, cell in enumerate(cells) if cell and i >= 2]
    if not named:
        raise DataError(
            [f"{shown}: the line Frame# must name markers, but names none. Export the file again."]
        )
    if any((i - 2) % 3 for i in named):
        return [cells[i] for i in named]
    return [cells[i] or f"*{i}" for i in range(2, named[-1] + 1, 3)]


def _is_short(line: str, separator: str, num_columns: int) -> bool:
    cells = line.split(None if separator != "\t" else "\t")
    return bool(line.strip()) and len(cells) < num_columns


def _check_widths(lines: list[str], num_columns: int, shown: str) -> None:
    """Raise DataError where a row is shorter: between spaces an empty cell cannot be seen."""
    counts = [len(line.split()) for line in lines]
    row = next((i for i, count in enumerate(counts) if 0 < count < num_columns), None)
    if row is not None:
        raise DataError(
            [
                f"{shown}: rows must have {num_columns} numbers where spaces separate them, but row "
                f"{row + 1} has {counts[row]}, so that it cannot be told which are missing. Export the file "
                "with tabs."
            ]
        )


def _leave_out_unlabelled(markers: list[str], shown: str, notes: list[str]) -> list[int]:
    """Return the places of the markers that have a name; raise DataError where a name occurs twice."""
    kept = [i for i, name in enumerate(markers) if not UNLABELLED.fullmatch(name)]
    repeated = find_repeated(markers[i] for i in kept)
    if repeated or not kept:
        found = f"{list_names(repeated)} occurs again" if repeated else "none has a name"
        raise DataError(
            [f"{shown}: markers must have a name each, but {found}. Name them, and export again."]
        )
    if len(kept) < len(markers):
        notes.append(f"{len(markers) - len(kept)} markers without a label are left out")
    return kept


def _find_rate(header: list[str], times: np.ndarray, notes: list[str]) -> float | None:
    """Return the frame rate (1/s) that the header states, or that the column Time has."""
    steps = np.diff(times, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = steps[:, 0] / steps[:, 1]
    rates = rates[np.isfinite(rates) & (rates > 0)]
    measured = float(np.median(rates)) if len(rates) else None
    stated = _find_property(header, "DataRate")
    if stated is None:
        return measured
    if measured is not None and abs(measured / stated - 1) > _RATE_FAULT:
        notes.append(
            f"DataRate is {stated:g}, but the times of the rows show {measured:.4g}; DataRate is taken"
        )
    return stated


def _find_property(header: list[str], name: str) -> float | None:
    """Return a number of the header, which stands in the line below its name; None where there is none."""
    for names, values in itertools.pairwise(header):
        cells = names.split()
        if name in cells:
            place = cells.index(name)
            found = values.split()[place : place + 1]
            number = parse_number(found[0]) if found else None
            return number if number is not None and 0 < number < _LARGEST else None
    return None


FORMAT = Format(
    name="trc",
    title="TRC",
    suffixes=(".trc",),
    recognise=_recognise,
    read=_read,
    is_one_of_many=True,
)
