"""The options of ``htvae attention``."""

from dataclasses import dataclass
from pathlib import Path

from htvae.cli.analysis_options import AnalysisOptions


@dataclass(frozen=True, kw_only=True)
class AttentionOptions(AnalysisOptions):
    """Look into the encoder's attention: each head, and what each chunk contributes to the sequence latent.

    A chunk's contribution is measured twice: by attention, and by leaving the chunk out.
    """

    output_dir: Path = Path("attention")
    """Folder for the tables and the picture."""
    save_maps: bool = False
    """Whether all attention weights are written to attention.npz: whole recordings, in the order of their
    names, up to 256 MB."""
