"""Source videos: named by manifest.csv, asked for by the recording's number, never by a path."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

COLUMN, OFFSET = "video", "video_offset"
"""Columns of manifest.csv: the file, relative to the folder, and its second at source frame 0."""
TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".ogv": "video/ogg",
    ".mkv": "video/x-matroska",
    ".avi": "video/x-msvideo",
}
"""Files that are served as videos; no other file is, whatever the manifest says."""


@dataclass(frozen=True)
class Video:
    """The source video of a recording."""

    path: Path
    kind: str
    """Its type, as browsers name it."""
    offset: float
    """Second of the video at source frame 0."""


def find_video(folder: Path, covariates: Mapping[str, str]) -> Video | None:
    """Return the video that a recording's row of manifest.csv names; None where there is none.

    Args:
        folder: the folder of recordings.
        covariates: the row's further columns.
    """
    name = covariates.get(COLUMN, "")
    kind = TYPES.get(Path(name).suffix.lower())
    path = folder / name
    if kind is None or not os.path.isfile(path):  # Path.is_file raises for names that no system has
        return None
    return Video(path, kind, _read_number(covariates.get(OFFSET, "")))


def _read_number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        return 0.0
    return number if math.isfinite(number) else 0.0
