"""The options of each generating command; see ``options.py``."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from htvae.cli.option_checks import check_counts, check_guidance, check_output_dir, check_seed
from htvae.cli.options import ModelOptions, OutputFormat
from htvae.cli.reading_options import OneReadingOptions
from htvae.config import Level, PathKind


@dataclass(frozen=True, kw_only=True)
class MotionOptions(ModelOptions):
    """The folder, the random numbers and the pictures of generated motion."""

    output_dir: Path = Path("generated")
    """Folder for the recordings, the pictures and generation.json. It must not hold such files yet."""
    format: OutputFormat = "csv"
    """Format of the recordings: pose CSVs, or one of docs/formats.md, so that results go back into other
    programs."""
    seed: int = 0
    """Seed of the random numbers; the same seed gives the same motion."""
    video: Literal["gif", "mp4", "none"] = "gif"
    """Format of each sequence's picture. mp4 needs: pip install "ht-vae[video]"."""

    def __post_init__(self) -> None:
        check_output_dir(self.output_dir)
        check_seed(self.seed)


@dataclass(frozen=True, kw_only=True)
class GenerateOptions(MotionOptions):
    """Draw new motion from the prior."""

    num_sequences: int = 1
    """Sequences to draw."""
    num_frames: int | str | None = None
    """Length of each sequence: frames at the model's frame rate, or a time like 12s. None: the script's
    length, or 1000 frames."""
    label: str | None = None
    """Label of the recordings (or of the spans of frames) that the motion should resemble. None: without a
    script, each sequence gets a random label, as frequent as in training recordings of about this length."""
    script: str | None = None
    """Labels of spans in their order: 'walk:12s,wave:4s'; f instead of s means frames. None: each sequence
    gets a random script, like the scripts of training recordings with the label."""
    guidance: float | None = None
    """Strength of label and script; more than 1 exaggerates them and lowers variety. None: 2 with a script,
    else 1."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_counts(self, "num_sequences", "num_frames")
        check_guidance(self.guidance)


@dataclass(frozen=True, kw_only=True)
class RecordingOptions(MotionOptions):
    """The recording that motion starts from."""

    reading: OneReadingOptions = field(default_factory=OneReadingOptions)
    """How the recording is read."""


@dataclass(frozen=True, kw_only=True)
class ContinueOptions(RecordingOptions):
    """Continue a recording after its last frame."""

    recording: Path
    """File of the recording, in any format."""
    num_frames: int | str = 1000
    """Length to add: frames of the recording, or a time like 12s."""
    num_samples: int = 1
    """Different continuations to draw."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_counts(self, "num_frames", "num_samples")


@dataclass(frozen=True, kw_only=True)
class CompleteOptions(RecordingOptions):
    """Fill in a recording's missing landmarks and gaps. Observed points are copied unchanged."""

    recording: Path
    """File of the recording, in any format."""
    num_samples: int = 1
    """Different completions to draw; with several, completed_interval.csv says how certain each point is."""
    keep_frames: tuple[str, ...] = ()
    """Spans of the recording's frames whose points count as observed, like 0:300 (stop exclusive) or 0s:10s.
    None given: all frames."""
    keep_landmarks: tuple[str, ...] = ()
    """Landmarks whose points count as observed. None given: all landmarks."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_counts(self, "num_samples")


@dataclass(frozen=True, kw_only=True)
class InterpolateOptions(RecordingOptions):
    """Write sequences that change step by step from one recording into another."""

    first: Path
    """File of the recording at the start."""
    second: Path
    """File of the recording at the end."""
    steps: int = 7
    """Sequences to write, both ends included."""
    level: Level = "both"
    """Latents that change: both levels, the sequence latent, or the chunk latents. A level that does not
    change stays the first recording's."""
    kind: PathKind = "spherical"
    """Path between the two recordings in the prior's noise: spherical keeps the noise's length, linear does
    not."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.steps < 2:
            raise ValueError(f"steps must be at least 2, both ends included, but got {self.steps}.")


@dataclass(frozen=True, kw_only=True)
class EditOptions(RecordingOptions):
    """Move a recording towards a label, or give it another recording's style."""

    recording: Path
    """File of the recording, in any format."""
    towards: str | None = None
    """Label to move towards, or COLUMN=VALUE of manifest.csv. Needs the folder of training data."""
    style_from: Path | None = None
    """File of another recording, whose sequence latent replaces this recording's."""
    strength: float = 1.0
    """Distance to move; 1 is the distance between the mean of recordings with the label and the mean of all
    others."""
    data_dir: Path | None = None
    """Folder of training data. None: its place during training."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.towards is None) == (self.style_from is None):
            raise ValueError(
                "edit must have a goal, --towards LABEL or --style_from FILE, but got "
                f"{'neither' if self.towards is None else 'both'}. Give one of them."
            )
