"""``skeleton.csv``: the bones of one's own landmarks, for pictures."""

import logging
from collections.abc import Sequence
from pathlib import Path

from htvae.io.faults import DataError
from htvae.io.landmarks import read_pairs
from htvae.io.tables import SKELETON, read_table
from htvae.utils.text import list_names

log = logging.getLogger(__name__)


def read_skeleton(
    data_dir: Path, landmarks: Sequence[str], rename: Sequence[str] = ()
) -> list[tuple[str, str]]:
    """Return the pairs of landmarks that ``skeleton.csv`` of a folder joins; empty where there is none.

    Args:
        data_dir: the folder.
        landmarks: landmarks of the recordings; the pictures leave bones to others out, which is said.
        rename: texts OLD=NEW; the table may have the old names, as the files have.

    Raises:
        DataError: with all faults of the table.
    """
    rows, faults = read_table(data_dir / SKELETON, ("from", "to"))
    pairs = [(cells["from"], cells["to"]) for _, cells in rows]
    for (line, _), (start, end) in zip(rows, pairs, strict=True):
        if not start or not end or start == end:
            faults.append(
                f"{SKELETON}, line {line}: from and to must be two landmarks, but are "
                f'"{start}" and "{end}". Correct the row.'
            )
    if faults:
        raise DataError(faults)
    new_name = read_pairs(rename)
    pairs = [(new_name.get(start, start), new_name.get(end, end)) for start, end in pairs]
    unknown = dict.fromkeys(name for pair in pairs for name in pair if name not in landmarks)
    if unknown:
        log.warning("%s names landmarks that no recording has: %s.", SKELETON, list_names(unknown))
    return pairs
