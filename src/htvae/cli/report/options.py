"""The options of ``htvae report``."""

import os
from dataclasses import dataclass
from pathlib import Path

from htvae.cli.analysis_options import RecordingsOptions
from htvae.cli.option_checks import check_seed

LEAST_MB = 1.0


@dataclass(frozen=True, kw_only=True)
class ReportOptions(RecordingsOptions):
    """Write one HTML file that shows recordings, and what a model finds in them; it works offline."""

    output: Path = Path("report.html")
    """The file to write."""
    title: str | None = None
    """Title of the report. None: the name of the folder of recordings."""
    recordings: tuple[str, ...] = ()
    """Names of the recordings to show, or one number: that many, evenly spread. None given: all."""
    by: str | None = None
    """Column whose groups are compared: ``label``, ``subject`` or a column of manifest.csv. None: none
    are."""
    motifs: Path | None = None
    """Folder of an earlier htvae motifs, whose motifs, names and merges are shown. None: they are fitted."""
    evaluation: Path | None = None
    """Folder of an earlier htvae evaluate. None: one beside the model's folder is taken if it is of this
    model; else the report scores what takes seconds."""
    max_mb: float = 25.0
    """Largest size of the file, megabytes of 1,000,000 bytes. Poses are thinned out first, then recordings
    are left out, and the report says so."""
    anonymise: bool = False
    """Whether names, paths and columns of manifest.csv are left out; labels stay. Pseudonyms are made of
    names and --seed."""
    seed: int = 0
    """Seed of the random numbers, at least 0; the same seed gives the same report."""

    def __post_init__(self) -> None:
        check_seed(self.seed)
        _check_output(self.output)
        if not self.max_mb >= LEAST_MB:
            raise ValueError(f"max_mb must be at least {LEAST_MB:g}, but got {self.max_mb:g}.")
        if len(self.recordings) == 1 and self.recordings[0] == "0":
            raise ValueError("recordings must be names or a number of at least 1, but got 0.")


def _check_output(path: Path) -> None:
    """Raise ValueError if the file is no HTML file, or cannot be written, so that no work is lost."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"output must be a file that ends with .html, but got {path}. Rename it.")
    if path.is_dir():
        raise ValueError(f"output must be a file, but {path} is a folder. Give a file in it.")
    nearest = next(own for own in path.absolute().parents if os.path.lexists(own))
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise ValueError(
            f"output must be a file in a folder to write in, but {nearest} is none. Give another."
        )
