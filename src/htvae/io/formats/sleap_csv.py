"""SLEAP's analysis CSV: a row per instance, columns track, frame_idx, instance.score, A.x, A.y, A.score, ...

Frames without an instance have no row, and ``track`` is empty where nothing was tracked. The order of columns
depends on the version, and node names may hold a point: columns go by name. Pixels, y down.

Source: sleap ``info/write_tracking_h5.py`` and sleap-io ``io/csv.py`` write these tables.
"""

import csv
import io
from typing import TYPE_CHECKING

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats.instances import Instances, build_individuals
from htvae.io.formats.tables import check_rows
from htvae.io.opening import Source
from htvae.io.tracks import IMAGE, Content
from htvae.utils.text import list_names, shorten

if TYPE_CHECKING:
    import pandas as pd

_ALWAYS = ("track", "frame_idx", "instance.score")


def recognise_csv(source: Source) -> str:
    """Return what shows an analysis CSV of SLEAP's; an empty text for other files."""
    header = _header(source)
    nodes = _find_nodes(header)
    return f"columns {', '.join(_ALWAYS)}" if set(_ALWAYS) <= set(header) and nodes else ""


def read_csv(source: Source, config: ReadingConfig) -> Content:
    """Return the individuals of a file.

    Raises:
        DataError: it is damaged or of another kind.
    """
    header = _header(source)
    nodes = _find_nodes(header)
    if not recognise_csv(source) or len(set(header)) < len(header):
        raise DataError(
            [
                f"{source.shown}: must have the columns {', '.join(_ALWAYS)} and A.x, A.y for each node A, "
                f"each once, but has {list_names(header)}. Export an analysis CSV from SLEAP."
            ]
        )
    table = _read_table(source, header)
    table = table[~_find_corrected(table)]
    names = sorted(set(table["track"].dropna()))
    codes = {name: index for index, name in enumerate(names)}
    points = np.stack([table[[f"{node}.{axis}" for node in nodes]].to_numpy() for axis in "xy"], axis=-1)
    scores = [f"{node}.score" for node in nodes]
    instances = Instances(
        landmarks=tuple(nodes),
        frames=table["frame_idx"].to_numpy(),
        points=points,
        confidence=table.reindex(columns=scores).to_numpy(np.float64),
        tracks=table["track"].map(codes).fillna(-1).to_numpy(np.int64),
        track_names=tuple(names),
    )
    individuals = build_individuals(instances, config, source.shown)
    return Content(individuals=individuals, coordinates=IMAGE)


def _read_table(source: Source, header: list[str]) -> "pd.DataFrame":
    """Return the rows below the header."""
    import pandas as pd

    text = source.read_text()
    check_rows(text, len(header), source.shown)
    kinds = {place: str if name == "track" else np.float64 for place, name in enumerate(header)}
    try:
        table = pd.read_csv(io.StringIO(text), skiprows=1, header=None, index_col=False, dtype=kinds)
    except ValueError as error:  # pandas' own errors, too
        reason = str(error).strip().splitlines()[-1]
        raise DataError(
            [f"{source.shown}: cells below the header must be numbers, but are not ({shorten(reason)})."]
        ) from error
    return table.set_axis(header, axis=1)


def _find_corrected(table: "pd.DataFrame") -> np.ndarray:
    """Return a mask (rows,) of predictions that a person has corrected.

    Another row of the same track and frame then has no score.
    """
    by_hand = table["instance.score"].isna() & table["track"].notna()
    pairs = ["track", "frame_idx"]
    taken = table.loc[by_hand, pairs].drop_duplicates().assign(taken=True)
    is_taken = table[pairs].merge(taken, how="left", on=pairs)["taken"].notna()
    return np.asarray(is_taken.to_numpy() & ~by_hand.to_numpy())


def _header(source: Source) -> list[str]:
    try:
        return next(csv.reader(source.head_lines[:1]), [])
    except csv.Error:
        return []


def _find_nodes(header: list[str]) -> list[str]:
    """Return the nodes that have x and y, in the order of the columns."""
    columns = set(header)
    return [name[:-2] for name in header if name.endswith(".x") and f"{name[:-2]}.y" in columns]
