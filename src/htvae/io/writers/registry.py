"""The registry of writers."""

from htvae.io.writers import c3d, deeplabcut, movement, sleap, trc
from htvae.io.writers.base import Writer

WRITERS: tuple[Writer, ...] = (
    deeplabcut.WRITER,
    sleap.WRITER,
    trc.WRITER,
    c3d.WRITER,
    movement.WRITER,
)
"""All formats that are written beside pose CSVs."""


def find_writer(name: str) -> Writer:
    """Return the writer that ``--format`` names.

    Raises:
        ValueError: no writer has this name.
    """
    for writer in WRITERS:
        if writer.name == name:
            return writer
    names = ", ".join(sorted(writer.name for writer in WRITERS))
    raise ValueError(f"format must be one of {names}, but got {name}.")
