"""The options of ``htvae compare``."""

from dataclasses import dataclass
from pathlib import Path

from htvae.cli.analysis_options import AnalysisOptions
from htvae.cli.option_checks import check_counts

LEAST_PERMUTATIONS = 99


@dataclass(frozen=True, kw_only=True)
class CompareOptions(AnalysisOptions):
    """Compare groups of subjects: what differs, by how much, and whether it is more than chance.

    The unit is the subject: recordings of a subject are averaged, and subjects are exchanged between groups.
    """

    by: str
    """Column of the groups: ``label``, ``subject`` or a column of manifest.csv."""
    blocks: str | None = None
    """Column within whose values subjects are exchanged, such as camera or site. None: all are exchanged."""
    adjust: tuple[str, ...] = ()
    """Columns that are held fixed, such as age. Numbers with at least six different values enter linearly,
    others as categories."""
    paired: bool | None = None
    """Whether subjects are compared with themselves. None: yes if at least half of them are in several
    groups."""
    motifs: Path | None = None
    """Folder of an earlier ``htvae motifs``: usage, durations, rates and transitions of its motifs, by their
    names and merges there, are compared, too. None: no motifs."""
    motion: bool = True
    """Whether differences are drawn as motion."""
    num_permutations: int = 10_000
    """Random exchanges of groups, at least 99; all are tried where no more exist."""
    num_bootstraps: int = 2_000
    """Draws of subjects for the intervals."""
    output_dir: Path = Path("compare")
    """Folder for tables and pictures."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_counts(self, "num_bootstraps")
        if self.num_permutations < LEAST_PERMUTATIONS:
            raise ValueError(
                f"num_permutations must be at least {LEAST_PERMUTATIONS}, so that p can be 0.01, but got "
                f"{self.num_permutations}."
            )
        if self.by in (self.blocks, *self.adjust) or self.blocks in self.adjust:
            raise ValueError(
                f"by, blocks and adjust must be different columns, but got {self.by}, {self.blocks} and "
                f"{', '.join(self.adjust) or 'none'}. Name each once."
            )
