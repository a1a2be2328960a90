"""The options of ``htvae explore``."""

from dataclasses import dataclass
from pathlib import Path

from htvae.cli.analysis_options import AnalysisOptions

LAST_PORT = 65_535


@dataclass(frozen=True, kw_only=True)
class ExploreOptions(AnalysisOptions):
    """Show recordings in the browser, with the model at hand: try its latents, make motion, search, label.

    The page is served to this machine alone, until Ctrl-C.
    """

    output_dir: Path = Path("explore")
    """Folder for what is saved: labels, motifs, detectors. It must lie outside of the recordings' folder."""
    title: str | None = None
    """Title of the page. None: the name of the folder of recordings."""
    recordings: tuple[str, ...] = ()
    """Names of the recordings to show, or one number: that many, evenly spread. None given: all."""
    by: str | None = None
    """Column whose groups are compared: ``label``, ``subject`` or a column of manifest.csv. None: none
    are."""
    motifs: Path | None = None
    """Folder of an earlier htvae motifs, or of what was saved here, whose motifs, names and merges are shown.
    None: they are fitted."""
    evaluation: Path | None = None
    """Folder of an earlier htvae evaluate. None: one beside the model's folder is taken if it is of this
    model; else what takes seconds is scored."""
    port: int | None = None
    """Port of this machine to serve at. None: 8417, or the next one that is free."""
    browser: bool = True
    """Whether the browser opens the page, where there is a desktop."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.port is not None and not 1 <= self.port <= LAST_PORT:
            raise ValueError(f"port must be in [1, {LAST_PORT}], but got {self.port}.")
        if len(self.recordings) == 1 and self.recordings[0] == "0":
            raise ValueError("recordings must be names or a number of at least 1, but got 0.")
