"""The options of ``htvae motifs``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from htvae.cli.analysis_options import AnalysisOptions
from htvae.cli.option_checks import check_counts

Program = Literal["boris", "elan"]
SeriesKind = Literal["filled", "decoded", "pose", "latent"]


@dataclass(frozen=True, kw_only=True)
class MotifsOptions(AnalysisOptions):
    """Find movements that recur: when they happen, how long they last, how they follow each other.

    Edit the columns name and merge_into of motifs.csv, then run again with --apply to rename and merge.
    """

    output_dir: Path = Path("motifs")
    """Folder for tables, pictures and the fitted motifs."""
    num_motifs: int = 10
    """Number of motifs. No criterion finds the right one; the tree in motifs.png shows what fewer would
    join."""
    bout_seconds: float = 3.0
    """Length of a stay in a motif that is looked for (s). Longer ones join what alternates quickly."""
    num_activities: int = 0
    """Number of activities, a second and longer timescale: stretches that use motifs in the same shares. 0:
    none are looked for."""
    activity_seconds: float = 30.0
    """Length of an activity that is looked for (s)."""
    features: SeriesKind = "filled"
    """What motifs are found in: ``filled`` (observed points, hidden ones as the model reconstructs them),
    ``decoded`` (all points as reconstructed), ``pose`` (without the model) or ``latent`` (chunk latents)."""
    apply: Path | None = None
    """Folder of an earlier run, whose motifs are found again in these recordings. None: motifs are fitted."""
    stability: bool = True
    """Whether motifs are fitted again, with other seeds and to halves of the subjects, to see how far they
    agree. It takes up to eight times as long as the fit."""
    intervals: tuple[Program, ...] = ()
    """Programs to write the bouts for as well: ``boris`` (a table of aggregated events) and ``elan`` (an .eaf
    file for each recording)."""
    save_frames: bool = False
    """Whether motif and confidence of every frame are written to motif_frames.csv."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_counts(self, "num_motifs")
        if self.num_activities < 0:
            raise ValueError(f"num_activities must be at least 0, but got {self.num_activities}.")
        for name in ("bout_seconds", "activity_seconds"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, but got {getattr(self, name)}.")
        if self.apply is not None and self.apply.resolve() == self.output_dir.resolve():
            raise ValueError(
                f"output_dir must be another folder than that of apply, but both are {self.apply}. "
                "Give another, so that nothing is overwritten."
            )
