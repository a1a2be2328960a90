"""The options of ``htvae power``."""

from dataclasses import dataclass
from pathlib import Path

from htvae.cli.analysis_options import AnalysisOptions
from htvae.cli.option_checks import check_counts


@dataclass(frozen=True, kw_only=True)
class PowerOptions(AnalysisOptions):
    """Plan a study: how many subjects per group it needs to find an effect.

    The effect is planted into your recordings of controls, and studies drawn from them are measured and
    tested as htvae compare does. 20 subjects and more are advised, at least 4 are needed.
    """

    effect: str
    """Effect to find, in quotes: "speed of RIGHT_WRIST -10%", "range of left arm -0.05" (torso lengths),
    "speed -10%" (whole body), "label walk->run 0.3" (column, two values, share of the way) or "motif m03
    +8%"."""
    motifs: Path | None = None
    """Folder of an earlier htvae motifs; the time in each motif is then measured, too."""
    num_subjects: tuple[int, ...] = ()
    """Subjects per group of the curve, 4 to 500. Empty: sizes around what is needed."""
    target: tuple[float, ...] = (0.8,)
    """Shares of studies (0.1 to 0.99) that must find the effect."""
    recordings_per_subject: int | None = None
    """Recordings of each subject in the study. None: as many as the controls have."""
    num_studies: int = 1_000
    """Studies of each size, at least 100. More make the curve smoother, not the controls more."""
    num_permutations: int = 5_000
    """Random exchanges of groups in each study, at least 999."""
    output_dir: Path = Path("power")
    """Folder for power.csv, power.json and power.png."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_counts(self, "recordings_per_subject")
        for name, least in (("num_studies", 100), ("num_permutations", 999)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, but got {getattr(self, name)}.")
