"""DeepLabCut's CSV: rows scorer, [individuals], bodyparts, coords, then a row per frame.

Missing points have empty cells and likelihood 0, others likelihood 1. In three dimensions DeepLabCut has no
likelihood.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from htvae.io.writers.base import Session, Writer, join_session
from htvae.poses.sequence import PoseSequence
from htvae.utils.files import atomic_write

SCORER = "HT-VAE"


def write_deeplabcut_csv(path: Path, recordings: Sequence[PoseSequence]) -> None:
    """Write the recordings of one session to one CSV.

    Raises:
        ValueError: they cannot stand in one file.
        OSError: the file cannot be written.
    """
    import pandas as pd

    session = join_session(recordings)
    coords = ("x", "y", "likelihood") if session.points.shape[-1] == 2 else ("x", "y", "z")
    header = _build_header(session, coords)
    table = pd.DataFrame(_build_cells(session, coords))
    table.index += session.first_frame
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(header)
        table.to_csv(file, header=False, lineterminator="\n")


def _build_header(session: Session, coords: Sequence[str]) -> list[list[str]]:
    columns = [
        (SCORER, individual, landmark, coord)
        for index, individual in enumerate(session.individuals)
        for place, landmark in enumerate(session.landmarks)
        if session.has_landmark[index, place]
        for coord in coords
    ]
    rows = [
        [name, *cells]
        for name, cells in zip(
            ("scorer", "individuals", "bodyparts", "coords"), zip(*columns, strict=True), strict=True
        )
    ]
    return rows if any(session.individuals) else [rows[0], *rows[2:]]


def _build_cells(session: Session, coords: Sequence[str]) -> np.ndarray:
    """Return the cells (T, columns), as 32-bit numbers where these are exact: they have fewer digits."""
    short = session.points.astype(np.float32)
    is_exact = np.array_equal(short, session.points, equal_nan=True)
    parts: list[np.ndarray] = [short if is_exact else session.points]
    if "likelihood" in coords:
        parts.append(session.observed[..., None].astype(parts[0].dtype))
    cells = np.concatenate(parts, axis=-1)
    return np.asarray(cells[:, session.has_landmark].reshape(len(cells), -1))


WRITER = Writer(name="deeplabcut", suffix=".csv", write=write_deeplabcut_csv)
