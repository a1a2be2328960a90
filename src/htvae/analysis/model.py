"""A trained model that also analyses: ``htvae.load("best_model.pt").find_motifs(recordings)``."""

from collections.abc import Sequence
from pathlib import Path

from htvae.analysis.attention import AttentionAnalysis, analyse_attention
from htvae.data.processing import ProcessedSequence
from htvae.generation.model import GenerativeModel
from htvae.inference.checkpoint import BuildModel, load_checkpoint
from htvae.inference.model import Recording


class AnalysisModel(GenerativeModel):
    """A trained model that generates and analyses; `htvae.load` makes it."""

    def analyse_attention(
        self, recordings: Sequence[Recording | ProcessedSequence], map_bytes: int = 0, seed: int = 0
    ) -> AttentionAnalysis:
        """Return what the encoder attends to, and what each chunk contributes to the sequence latent.

        Args:
            recordings: files, sequences, arrays, or recordings in the model's coordinates.
            map_bytes: most bytes of attention weights to keep; see `htvae.analysis.attention`.
            seed: of the bootstrap intervals.

        Raises:
            ValueError: the network has no attention, or a recording cannot be read.
        """
        processed = [r if isinstance(r, ProcessedSequence) else self.process(r) for r in recordings]
        return analyse_attention(self, processed, map_bytes, seed)


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
