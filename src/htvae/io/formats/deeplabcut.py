"""DeepLabCut's CSV, and LightningPose's, which has the same layout.

- Header rows: scorer, [individuals], bodyparts, coords; the first column holds frame numbers.
- coords are x, y, likelihood, or x, y, z in three dimensions. Pixels, y down; in 3-D the calibration's axes.
- Columns are found by individual, body part and coordinate, never by their place: body parts may differ
  between individuals (unique body parts stand under an individual called ``single``).

Source: DeepLabCut, ``pose_estimation_pytorch/apis`` and ``utils/conversioncode.py`` write these tables.
"""

import io

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats.base import Format, Refusal
from htvae.io.formats.frames import check_frames
from htvae.io.opening import Source
from htvae.io.tracks import IMAGE, Content, Track
from htvae.poses.sequence import Coordinates
from htvae.utils.text import list_names, shorten

UNIQUE = "single"
"""Name under which multi-animal projects list body parts of the scene, not of an animal."""
Column = tuple[str, str, str]
"""Individual, body part and coordinate of a column; the individual is empty where the file names none."""


def header_rows(lines: list[str]) -> dict[str, list[str]]:
    """Return the header rows by their first cell; empty where a file's lines have no DeepLabCut header."""
    rows: dict[str, list[str]] = {}
    for line in lines[:4]:
        name, *cells = [cell.strip().strip('"') for cell in line.split(",")]
        if name not in ("scorer", "individuals", "bodyparts", "coords"):
            break
        rows[name] = cells
    return rows if {"bodyparts", "coords"} <= rows.keys() else {}


def build_tracks(columns: list[Column], values: np.ndarray, frames: np.ndarray, shown: str) -> Content:
    """Return the tracks of a table.

    Args:
        columns: individual, body part and coordinate of each column.
        values: (rows, columns).
        frames: (rows,) frame numbers, in any order, none twice.
        shown: name of the file in messages.

    Raises:
        DataError: a column occurs twice, or a body part lacks x or y.
    """
    place = {column: index for index, column in enumerate(columns)}
    if len(place) < len(columns):
        twice = next(column for column in columns if columns.count(column) > 1)
        found = " ".join(part for part in twice if part)
        raise DataError(
            [f"{shown}: a column must occur once, but {shorten(found)} occurs again. Export the file again."]
        )
    axes = ("x", "y", "z") if any(coordinate == "z" for *_, coordinate in columns) else ("x", "y")
    first = int(frames.min())
    rows = (frames - first).astype(np.intp)
    tracks = []
    for individual in dict.fromkeys(individual for individual, *_ in columns):
        parts = list(dict.fromkeys(part for own, part, _ in columns if own == individual))
        lacking = [part for part in parts for axis in axes if (individual, part, axis) not in place]
        if lacking:
            raise DataError(
                [
                    f"{shown}: a body part must have {', '.join(axes)}, but some lack one: "
                    f"{list_names(dict.fromkeys(lacking))}. Export the file again."
                ]
            )
        points = np.full((int(rows.max()) + 1, len(parts), len(axes)), np.nan)
        points[rows] = np.stack([values[:, [place[individual, p, a] for p in parts]] for a in axes], axis=-1)
        confidence = None
        if all((individual, part, "likelihood") in place for part in parts):
            confidence = np.full(points.shape[:2], np.nan)
            confidence[rows] = values[:, [place[individual, part, "likelihood"] for part in parts]]
        tracks.append(
            Track(
                individual=individual,
                landmarks=tuple(parts),
                points=points,
                confidence=confidence,
                first_frame=first,
            )
        )
    animals = [track for track in tracks if track.individual != UNIQUE] or tracks
    notes = () if len(animals) == len(tracks) else (f"parts of the scene (individual {UNIQUE}) are left out",)
    is_flat = len(axes) == 2
    return Content(
        individuals=animals,
        coordinates=IMAGE if is_flat else Coordinates(),
        has_identities=len(animals) > 1,
        notes=notes,
    )


def _recognise(source: Source) -> str:
    rows = header_rows(source.head_lines)
    return "" if not rows or _is_labelled_by_hand(source) else f"header rows {', '.join(rows)}"


def _read(source: Source, config: ReadingConfig) -> Content:
    text = source.read_text()
    rows = header_rows(text.splitlines()[:4])
    if len({len(rows[kind]) for kind in rows if kind != "scorer"}) > 1:
        raise DataError([f"{source.shown}: header rows must have one length, but differ. Export it again."])
    individuals = rows.get("individuals") or [""] * len(rows["coords"])
    columns: list[Column] = list(zip(individuals, rows["bodyparts"], rows["coords"], strict=True))
    values = _read_cells(text, len(rows), len(columns) + 1, source.shown)
    check_frames(values[:, 0], config, source.shown)
    return build_tracks(columns, values[:, 1:], values[:, 0].astype(np.int64), source.shown)


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
    rows = header_rows(source.head_lines)
    if not rows:
        return ""
    first = source.head_lines[len(rows)] if len(source.head_lines) > len(rows) else ""
    index = first.split(",")[0].strip().strip('"')
    named = not index.replace(".", "", 1).isdecimal() and any(c.isalpha() for c in index)
    return "rows named by images" if named else ""


FORMAT = Format(
    name="deeplabcut",
    title="DeepLabCut or LightningPose CSV",
    suffixes=(".csv",),
    recognise=_recognise,
    read=_read,
    is_one_of_many=True,
)
HAND_LABELS = Refusal(
    name="hand labels of DeepLabCut or LightningPose",
    suffixes=(".csv",),
    recognise=_is_labelled_by_hand,
    remedy="They label single images and are no recording: give the files that analyse_videos wrote.",
)
