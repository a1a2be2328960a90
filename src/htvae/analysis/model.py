"""A trained model that also analyses: ``htvae.load("best_model.pt").find_motifs(recordings)``."""

from pathlib import Path

from htvae.generation.model import GenerativeModel
from htvae.inference.checkpoint import BuildModel, load_checkpoint


class AnalysisModel(GenerativeModel):
    """A trained model that generates and analyses; `htvae.load` makes it."""


def load(path: str | Path, device: str = "auto", build_model: BuildModel | None = None) -> AnalysisModel:
    """Load a trained model.

    Args:
        path: ``best_model.pt`` of a run.
        device: "auto", "cpu", "cuda" or "mps".
        build_model: function that builds the user's own architecture. None: the model has the default one.

    Raises:
        FileNotFoundError: the file does not exist.
        ValueError: the file is damaged or foreign, or the device is absent.
    """
    return AnalysisModel(load_checkpoint(path), device, build_model)
