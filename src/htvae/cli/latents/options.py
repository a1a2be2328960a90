"""The options of ``htvae latents``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from htvae.cli.analysis_options import AnalysisOptions
from htvae.cli.option_checks import check_counts

MapKind = Literal["pca", "tsne", "umap"]


@dataclass(frozen=True, kw_only=True)
class LatentsOptions(AnalysisOptions):
    """Show what the latents hold: maps, used numbers, what can be read off, neighbours, directions as motion.

    The latents themselves are written by htvae encode.
    """

    output_dir: Path = Path("latents")
    """Folder for the tables and the pictures."""
    map: MapKind = "pca"
    """Kind of the maps. ``pca`` keeps distances; ``tsne`` and ``umap`` keep neighbours only. ``umap`` needs
    umap-learn: pip install "ht-vae[umap]"."""
    num_neighbours: int = 5
    """Nearest recordings that are listed for each recording."""
    num_directions: int = 3
    """Principal directions of each level that are shown as motion; 0: none."""
    recording: str | None = None
    """Name of the recording that is changed along the directions. None: the one nearest to the mean of all;
    for z, with a prior, the mean itself."""
    probes: bool = True
    """Whether label, subject and every column of manifest.csv are read off the latents."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_counts(self, "num_neighbours")
        if self.num_directions < 0:
            raise ValueError(f"num_directions must be at least 0, but got {self.num_directions}.")
