"""The options of ``htvae judge``."""

from dataclasses import dataclass
from pathlib import Path

from htvae.cli.analysis_options import AnalysisOptions

LEAST_ROUNDS = 2


@dataclass(frozen=True, kw_only=True)
class JudgeOptions(AnalysisOptions):
    """Say which label each recording looks like, by how much and where; doubtful labels come first.

    The model's prior compares the labels that it knows. Recordings without a label are judged, too.
    """

    training_dir: Path | None = None
    """Folder that the model was trained on: its validation recordings calibrate the probabilities, its
    training recordings teach the controls. None: the folder that the model's file names, or data_dir."""
    spans: bool = False
    """Whether the labelled spans of frame_labels.csv are judged, too; several times the work."""
    num_rounds: int = 8
    """Independent estimates of each likelihood, at least 2. Four times as many halve the intervals."""
    num_drawn: int = 4
    """Most recordings in the picture."""
    output_dir: Path = Path("judge")
    """Folder for the tables, judge.json and judge.png."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.num_rounds < LEAST_ROUNDS:
            raise ValueError(
                f"num_rounds must be at least {LEAST_ROUNDS}, so that there is an interval, but got "
                f"{self.num_rounds}."
            )
        if self.num_drawn < 0:
            raise ValueError(f"num_drawn must be at least 0, but got {self.num_drawn}.")
