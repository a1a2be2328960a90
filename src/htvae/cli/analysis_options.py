"""The options of the analysing commands."""

from dataclasses import dataclass, field
from pathlib import Path

from htvae.cli.option_checks import check_output_dir, check_seed
from htvae.cli.options import ModelOptions, Split
from htvae.cli.reading_options import ReadingOptions


@dataclass(frozen=True, kw_only=True)
class RecordingsOptions(ModelOptions):
    """The model, and the recordings to analyse."""

    data_dir: Path | None = None
    """Folder of recordings in any format. None: the folder that the model was trained on."""
    reading: ReadingOptions = field(default_factory=ReadingOptions)
    """How the recordings are read."""
    split: Split = "all"
    """Recordings to analyse, by their part in training; ``new`` are recordings that training did not see."""


@dataclass(frozen=True, kw_only=True)
class AnalysisOptions(RecordingsOptions):
    """The recordings to analyse, and the folder for the results."""

    output_dir: Path = Path("analysis")
    """Folder for tables and pictures."""
    seed: int = 0
    """Seed of the random numbers, at least 0; the same seed gives the same results."""

    def __post_init__(self) -> None:
        check_output_dir(self.output_dir)
        check_seed(self.seed)
