"""The options of ``htvae compare-labels``."""

from dataclasses import dataclass
from pathlib import Path

from htvae.cli.option_checks import check_output_dir, check_seed


@dataclass(frozen=True, kw_only=True)
class CompareLabelsOptions:
    """Measure how far two labellings of the same recordings agree, whatever names they use.

    Labels are a table of spans (motif_bouts.csv, frame_labels.csv, BORIS's aggregated events), or a folder
    with a file for each recording (ELAN's .eaf files, keypoint-moseq's CSVs, VAME's .npy files).
    """

    first: Path
    """Table, or folder, of labels."""
    second: Path
    """Table, or folder, of labels: the reference, such as a person's."""
    fps: float | None = None
    """Frames per second, where one of the two is in seconds and the other in frames."""
    tolerance: float = 0.5
    """Seconds by which boundaries may differ; frames divided by 30 where no rate is known."""
    tier: str | None = None
    """Tier of ELAN's .eaf files to read. None: the tier motif, or else the only one."""
    output_dir: Path = Path("compare_labels")
    """Folder for the tables and the picture."""
    seed: int = 0
    """Seed of the control's shifts in time."""

    def __post_init__(self) -> None:
        check_output_dir(self.output_dir)
        check_seed(self.seed)
        for name in ("fps", "tolerance"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise ValueError(f"{name} must be above 0, but got {value}.")
