"""From a DeepLabCut table, read from CSV or HDF5, to its tracks.

Columns are found by individual, body part and coordinate, never by their place: body parts may differ between
individuals, since parts of the scene stand under an individual called ``single``.
"""

from collections.abc import Sequence

import numpy as np

from htvae.io.faults import DataError
from htvae.io.formats.anipose import UNKNOWN_AXES
from htvae.io.formats.gaps import check_span, spread
from htvae.io.tracks import IMAGE, UPRIGHT, Content, Track
from htvae.utils.text import list_names, shorten

UNIQUE = "single"
"""Name under which multi-animal projects list body parts of the scene, not of an animal."""
Column = tuple[str, str, str]
"""Individual, body part and coordinate of a column; the individual is empty where the file names none."""


def build_tracks(columns: Sequence[Column], values: np.ndarray, frames: np.ndarray, shown: str) -> Content:
    """Return the tracks of a table.

    Args:
        columns: individual, body part and coordinate of each column.
        values: (rows, columns).
        frames: (rows,) frame numbers, in any order, none twice.
        shown: name of the file in messages.

    Raises:
        DataError: a column occurs twice, or a body part lacks x, y or, where others have it, z.
    """
    place = {column: index for index, column in enumerate(columns)}
    axes = ("x", "y", "z") if any(coordinate == "z" for *_, coordinate in columns) else ("x", "y")
    _check_columns(columns, place, axes, shown)
    first = int(frames.min())
    rows = (frames - first).astype(np.intp)
    check_span(int(rows.max()) + 1, len(columns), shown)
    tracks = [
        _build_track(individual, place, axes, values, rows, first)
        for individual in dict.fromkeys(individual for individual, *_ in columns)
    ]
    animals = [track for track in tracks if track.individual != UNIQUE] or tracks
    notes = [UNKNOWN_AXES] if len(axes) == 3 else []
    if len(animals) < len(tracks):
        notes.append(f"parts of the scene (individual {UNIQUE}) are left out")
    return Content(
        individuals=animals,
        coordinates=IMAGE if len(axes) == 2 else UPRIGHT,
        notes=tuple(notes),
    )


def _check_columns(
    columns: Sequence[Column], place: dict[Column, int], axes: Sequence[str], shown: str
) -> None:
    if len(place) < len(columns):
        twice = next(column for index, column in enumerate(columns) if place[column] != index)
        found = " ".join(part for part in twice if part)
        raise DataError(
            [f"{shown}: a column must occur once, but {shorten(found)} occurs again. Export the file again."]
        )
    lacking = {
        part: None
        for individual, part, _ in columns
        if any((individual, part, axis) not in place for axis in axes)
    }
    if lacking:
        raise DataError(
            [
                f"{shown}: a body part must have {', '.join(axes)}, but some lack one: "
                f"{list_names(lacking)}. Export the file again."
            ]
        )


def _build_track(
    individual: str,
    place: dict[Column, int],
    axes: Sequence[str],
    values: np.ndarray,
    rows: np.ndarray,
    first: int,
) -> Track:
    """Return one individual's track; ``rows`` (rows,) are the places of the table's rows in it."""
    parts = tuple(dict.fromkeys(part for own, part, _ in place if own == individual))
    points = np.stack(
        [values[:, [place[individual, part, axis] for part in parts]] for axis in axes], axis=-1
    )
    likelihoods = [place.get((individual, part, "likelihood")) for part in parts]
    confidence = None
    if any(column is not None for column in likelihoods):
        own = [np.ones(len(values)) if column is None else values[:, column] for column in likelihoods]
        confidence = spread(np.stack(own, axis=-1), rows)
    return Track(
        individual=individual,
        landmarks=parts,
        points=spread(points, rows),
        confidence=confidence,
        first_frame=first,
    )
