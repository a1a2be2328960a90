"""The options of ``htvae find`` and ``htvae detect``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from htvae.cli.analysis_options import AnalysisOptions
from htvae.cli.option_checks import check_counts
from htvae.utils.files import shorten_name

SeriesKind = Literal["filled", "decoded", "pose", "latent"]


@dataclass(frozen=True, kw_only=True)
class FindOptions(AnalysisOptions):
    """Find every place that resembles a span of a recording; with --detector, learn to detect it.

    The features of the recordings are kept in the cache, so the next search answers at once.
    """

    query: Path
    """File of the recording that holds the span, or the name of a recording of the folder."""
    frames: str
    """The span: frames of the recording like 120:180 (stop exclusive), or times like 4s:6s."""
    output_dir: Path = Path("find")
    """Folder for find.csv, find.json, the pictures and the detector."""
    features: SeriesKind = "filled"
    """What is compared: ``filled`` (observed points, hidden ones as the model reconstructs them), ``decoded``
    (all points as reconstructed), ``pose`` (without the model) or ``latent`` (chunk latents)."""
    top: int = 50
    """Places to return, at most."""
    detector: str | None = None
    """Name of a detector to learn: clips are shown, and y or n is asked for each. q ends; the same command
    goes on later."""
    answers: Path | None = None
    """CSV of answers for the detector: recording, start_frame, stop_frame, answer (yes or no). None: they are
    asked in the terminal, and kept beside the detector."""
    num_answers: int = 20
    """Answers after which asking ends."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_counts(self, "top", "num_answers")
        if self.answers is not None and self.detector is None:
            raise ValueError(
                "answers must come with detector, but no detector is named. Add --detector NAME."
            )
        if self.detector is not None and shorten_name(self.detector) != self.detector:
            raise ValueError(
                f"detector must be a name of letters, digits, - and _, but got {self.detector!r}. "
                "Give another."
            )


@dataclass(frozen=True, kw_only=True)
class DetectOptions(AnalysisOptions):
    """Find a behaviour in recordings by a detector that htvae find learned."""

    detector: Path
    """File of the detector, NAME.npz."""
    threshold: float = 0.5
    """Probability that a clip must exceed. The stated precision is that of 0.5; higher finds fewer."""
    output_dir: Path = Path("detections")
    """Folder for detections.csv, detections.json and detections.png."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.threshold < 1:
            raise ValueError(f"threshold must be above 0 and below 1, but got {self.threshold}.")
