"""Our own pose CSV: one row per frame and landmark."""

from htvae.config import ReadingConfig
from htvae.io.formats.base import Format
from htvae.io.opening import Source
from htvae.io.pose_csv import COLUMNS, parse_pose_csv
from htvae.io.tracks import Content


def _recognise(source: Source) -> str:
    header = source.head_lines[0].split(",")
    return f"columns {', '.join(COLUMNS)}" if {*COLUMNS} <= {cell.strip(' "') for cell in header} else ""


def _read(source: Source, config: ReadingConfig) -> Content:
    return parse_pose_csv(source.read_text(), config, source.shown)


FORMAT = Format(
    name="htvae",
    title="pose CSV",
    suffixes=(".csv",),
    recognise=_recognise,
    read=_read,
    reads_times=True,
)
