"""The registry of formats, in the order in which they are asked.

Each file is shown to every format whose suffixes fit. Exactly one must recognise it: if several do, the user
is told what each has seen and chooses with ``--source``.
"""

from htvae.io.faults import DataError
from htvae.io.formats import (
    alphapose,
    amass,
    anipose,
    arrays,
    bvh,
    c3d,
    coco,
    deeplabcut,
    freemocap,
    hdf5,
    humanml3d,
    long,
    mediapipe,
    mmpose,
    movement,
    ntu,
    nwb,
    openpose,
    pose_csv,
    pose_format,
    sleap,
    stray_tables,
    trc,
    videopose3d,
    wide,
    wide_3d,
    yolo,
)
from htvae.io.formats.base import Format, Refusal
from htvae.io.opening import Source

FORMATS: tuple[Format, ...] = (
    pose_csv.FORMAT,
    deeplabcut.FORMAT,
    sleap.FORMAT,
    nwb.FORMAT,
    movement.FORMAT,
    trc.FORMAT,
    bvh.FORMAT,
    c3d.FORMAT,
    anipose.FORMAT,
    freemocap.FORMAT,
    wide_3d.FORMAT,
    pose_format.FORMAT,
    ntu.FORMAT,
    humanml3d.FORMAT,
    arrays.FORMAT,
    videopose3d.FORMAT,
    openpose.FORMAT,
    coco.FORMAT,
    mmpose.FORMAT,
    alphapose.FORMAT,
    yolo.FORMAT,
    mediapipe.FORMAT,
    wide.FORMAT,
    long.FORMAT,
)
"""All formats that are read."""
REFUSALS: tuple[Refusal, ...] = (
    hdf5.DAMAGED,
    deeplabcut.HAND_LABELS,
    sleap.HAND_LABELS,
    movement.BOXES,
    freemocap.PARTS,
    ntu.EMPTY,
    humanml3d.FEATURES,
    amass.PARAMETERS,
    mediapipe.CLASS_TABLES,
)
"""Files that are recognised and left out, or refused where nothing else is there."""
STRAY: tuple[Refusal, ...] = (stray_tables.MANIFEST, stray_tables.FRAME_LABELS, stray_tables.TABLES)
"""Files that are no recordings, asked for last, where no format fits."""
ALIASES = {"lightningpose": "deeplabcut"}
"""Other names for ``--source``: formats that are read like another one."""
SUFFIXES = frozenset(suffix for known in FORMATS for suffix in known.suffixes) | frozenset(
    suffix for refusal in REFUSALS for suffix in refusal.suffixes
)
"""Suffixes of files that are opened to see what they are."""


def per_frame_suffixes() -> frozenset[str]:
    """Return the suffixes of formats that have a file per frame."""
    return frozenset(suffix for known in FORMATS if known.is_per_frame for suffix in known.suffixes)


def find_format(name: str) -> Format:
    """Return the format that ``--source`` names.

    Raises:
        ValueError: no format has this name.
    """
    for known in FORMATS:
        if known.name == ALIASES.get(name, name):
            return known
    names = ", ".join(["auto", *sorted([*ALIASES, *(known.name for known in FORMATS)])])
    raise ValueError(f"source must be one of {names}, but got {name}.")


def recognise(source: Source) -> Format | Refusal | None:
    """Return the format of a file, or what it is instead of a recording; None for files of other kinds.

    Raises:
        DataError: the file cannot be read, or several formats recognise it.
    """
    for refusal in REFUSALS:
        if source.suffix in refusal.suffixes and refusal.recognise(source):
            return refusal
    seen = {
        known: phrase
        for known in FORMATS
        if source.suffix in known.suffixes
        and known.is_per_frame == bool(source.frame_files)
        and (phrase := known.recognise(source))
    }
    if len(seen) > 1:
        found = "; ".join(f"{known.name} ({phrase})" for known, phrase in seen.items())
        raise DataError(
            [
                f"{source.shown}: one format must fit, but these do: {found}. "
                "Say which it is with --source NAME."
            ]
        )
    return next(iter(seen), None) or _recognise_stray(source)


def _recognise_stray(source: Source) -> Refusal | None:
    return next((own for own in STRAY if source.suffix in own.suffixes and own.recognise(source)), None)
