"""TRC, for OpenSim and Pose2Sim: five header lines, then a row per frame. y points upwards.

- All axes have one unit. It is stated as m where the points reach less far than 10, else as mm.
- Two-dimensional recordings get z = 0.
- Missing points have empty cells. Numbers have all digits of single precision.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from htvae.io.writers.base import Session, Writer
from htvae.io.writers.markers import guess_unit, join_markers
from htvae.poses.sequence import Coordinates, PoseSequence
from htvae.utils.files import atomic_write
from htvae.utils.text import shorten

_PROPERTIES = (
    "DataRate CameraRate NumFrames NumMarkers Units OrigDataRate OrigDataStartFrame OrigNumFrames".split()
)


def write_trc(path: Path, recordings: Sequence[PoseSequence]) -> None:
    """Write one recording.

    Raises:
        ValueError: there are several, the frame rate is unknown, or a name cannot stand in the header.
        OSError: the file cannot be written.
    """
    import pandas as pd

    if len(recordings) != 1:
        raise ValueError(
            f"recordings of one TRC file must be one individual, but are {len(recordings)}. "
            "Write each to a file of its own."
        )
    session = join_markers(recordings, Coordinates(), "TRC")
    header = _build_header(session, path.name, recordings[0].name)
    points = session.points[:, 0]
    frames = np.arange(len(points)) + session.first_frame
    table = pd.DataFrame(points.reshape(len(points), -1).astype(np.float32))
    table.insert(0, "time", frames / (session.fps or 1.0))
    table.insert(0, "frame", frames)
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        file.writelines("\t".join(map(str, cells)) + "\n" for cells in header)
        table.to_csv(file, sep="\t", header=False, index=False, lineterminator="\n")


def _build_header(session: Session, file_name: str, shown: str) -> list[list[object]]:
    """Return the cells of the five header lines; raise ValueError where a name cannot stand there."""
    names = session.landmarks
    bad = [name for name in names if not name.strip() or any(char in name for char in '\t\r\n"')]
    if bad:
        raise ValueError(
            f"{shown}: names in a TRC file must have no tabs, quotes or line breaks, but "
            f'"{shorten(bad[0])}" has. Rename it with --rename.'
        )
    rate, count = f"{session.fps:.12g}", len(session.points)
    unit = guess_unit(session.points)
    return [
        ["PathFileType", "4", "(X/Y/Z)", file_name],
        [*_PROPERTIES],
        [rate, rate, count, len(names), unit, rate, session.first_frame, count],
        ["Frame#", "Time", *(cell for name in names for cell in (name, "", ""))],
        ["", "", *(f"{axis}{number}" for number in range(1, len(names) + 1) for axis in "XYZ")],
    ]


WRITER = Writer(name="trc", suffix=".trc", write=write_trc, holds_several=False)
