"""The options of ``htvae surprise``."""

import math
from dataclasses import dataclass
from pathlib import Path

from htvae.cli.analysis_options import AnalysisOptions
from htvae.cli.option_checks import check_refine_steps


@dataclass(frozen=True, kw_only=True)
class SurpriseOptions(AnalysisOptions):
    """Find where recordings are unlike what a model expects, and why: bad tracking, or rare movements.

    What is usual is measured on recordings, too; faults in fewer than half of these do not matter.
    """

    output_dir: Path = Path("surprise")
    """Folder for tables and pictures."""
    reference_dir: Path | None = None
    """Folder whose recordings say what is usual. None: the training recordings in data_dir; without any, all
    that are analysed."""
    threshold: float = 1.0
    """Score from which frames are named, above 0; 1 is worth a look, and a lower one finds more."""
    num_spans: int = 100
    """Largest number of spans in surprise.csv, at least 1; the worst come first."""
    num_pictures: int = 12
    """Number of the worst spans that are drawn, at least 0."""
    frame_table: bool = True
    """Whether surprise_frames.csv is written, with the scores of every frame."""
    refine_steps: int = 0
    """Steps that fit the chunk latents to each recording; more sharpen errors a little and take
    longer."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_refine_steps(self.refine_steps)
        if not 0 < self.threshold < math.inf:
            raise ValueError(f"threshold must be above 0 and finite, but got {self.threshold}.")
        for name, least in (("num_spans", 1), ("num_pictures", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, but got {getattr(self, name)}.")
