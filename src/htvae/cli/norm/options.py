"""The options of ``htvae norm fit`` and ``htvae norm score``."""

from dataclasses import dataclass
from pathlib import Path

from htvae.cli.option_checks import check_output_dir
from htvae.cli.options import InputOptions


@dataclass(frozen=True, kw_only=True)
class NormFitOptions(InputOptions):
    """Learn from controls what is usual, as a reference for other people.

    The unit is the subject, as manifest.csv names it; 20 or more are advised, at least 3 are needed. Controls
    should be recordings that the model was not trained on.
    """

    output_dir: Path = Path("norm")
    """Folder for norm.npz, norm.json, norm.csv and norm.png."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_output_dir(self.output_dir)


@dataclass(frozen=True, kw_only=True)
class NormScoreOptions(InputOptions):
    """Show where recordings differ from controls: which part of the body, when, and by how much."""

    norm: Path = Path("norm/norm.npz")
    """File of the norm, which htvae norm fit wrote with the same model."""
    output_dir: Path = Path("norm_scores")
    """Folder for deviations.csv, norm_scores.csv, norm_scores.json and norm_scores.png."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_output_dir(self.output_dir)
