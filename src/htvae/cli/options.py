"""What each command can be told, one frozen dataclass a command; ``flags.py`` turns the fields into flags.

The settings of a run are not here but in ``config_sections.py``. Like it, this module imports nothing heavy.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from htvae.config import NUM_EXCERPTS, REFINE_STEPS, Config, Device, Level, PathKind

BEST_MODEL = Path("experiments/checkpoints/best_model.pt")
Split = Literal["train", "val", "test", "new", "all"]
DemoKind = Literal["people", "animal"]


@dataclass(frozen=True, kw_only=True)
class SettingsOptions:
    """Where settings come from that no flag gives."""

    config: Path | None = None
    """Settings file: Python with get_config(), or a run's saved JSON. None: configs/config.py of this folder,
    if there is one."""
    preset: str | None = None
    """Function of the settings file to call in place of get_config, e.g. quick."""
    settings: Config = field(default_factory=Config)
    """All settings of a run."""


@dataclass(frozen=True, kw_only=True)
class TrainOptions(SettingsOptions):
    """Train a model on a folder of pose CSVs."""


@dataclass(frozen=True, kw_only=True)
class CheckDataOptions(SettingsOptions):
    """Read a folder of pose CSVs as training would, and say what is in it and what is wrong with it."""

    folder: Path
    """Folder with one CSV per recording."""


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """Which trained model is used, and on what."""

    checkpoint: Path = BEST_MODEL
    """The trained model."""
    config: Path | None = None
    """Settings file whose build_model makes the architecture, where it is the user's own. None:
    configs/config.py of this folder, if there is one."""
    device: Device = "auto"
    """``auto``, ``cpu``, ``cuda`` or ``mps``."""
    experiments_dir: Path = Path("experiments")
    """Folder whose subfolder ``cache`` keeps folders of recordings as they were read, as in training."""


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions(ModelOptions):
    """Score a trained model. How recordings are read and processed is taken from the checkpoint."""

    data_dir: Path | None = None
    """Folder with one CSV per recording. None: the folder that the model was trained on."""
    output_dir: Path = Path("evaluation_results")
    """Folder that tables, latents and pictures are written to."""
    split: Split = "test"
    """Recordings to score, by their part in training; ``new`` are those that training did not know."""
    visualize: bool = False
    """Whether pictures are drawn: poses, latents, attention."""
    extract_latents: bool = False
    """Whether the latents of all recordings of the folder are saved."""
    probe: str | None = None
    """What a linear classifier is to read off the latents: ``label``, or a column of manifest.csv."""
    probe_groups: str | None = None
    """Column whose values are never both in a probe's training and test part. None: ``subject``."""
    truth_dir: Path | None = None
    """Folder of the same recordings without noise, as demo-data writes them; tells errors from noise."""
    refine_steps: int = REFINE_STEPS
    """Gradient steps that fit the chunk latents to each scored recording. 0: as the encoder gives them."""
    num_excerpts: int = NUM_EXCERPTS
    """Excerpts, at most, in which points are hidden and filled in again. Fewer take less time and leave more
    to chance."""
    batch_size: int = 8
    """Windows that pass through the model at once. Lower it where memory is short: results stay the same."""

    def __post_init__(self) -> None:
        _check_output_dir(self.output_dir)
        _check_counts(self, "batch_size", "num_excerpts")
        _check_refine_steps(self.refine_steps)
        if self.probe_groups is not None and self.probe is None:
            raise ValueError("probe_groups must come with probe, but probe is not given. Add --probe label.")


@dataclass(frozen=True, kw_only=True)
class InputOptions(ModelOptions):
    """Which recordings a model is given."""

    inputs: tuple[Path, ...]
    """CSV files, or folders of them. Frame rates and labels in manifest.csv are known for folders only."""

    def __post_init__(self) -> None:
        if not self.inputs:
            raise ValueError("inputs must be CSV files or folders, but got none. Name at least one.")


@dataclass(frozen=True, kw_only=True)
class EncodeOptions(InputOptions):
    """Save the latents of recordings, as evaluate does with --extract_latents.

    The same command goes on where an earlier one was stopped. torchrun shares the work among processes.
    """

    output_dir: Path = Path("latents")
    """Folder that latents.npz and the tables are written to. Other latents there are not overwritten."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_output_dir(self.output_dir)


@dataclass(frozen=True, kw_only=True)
class ReconstructOptions(InputOptions):
    """Encode and decode recordings, and write the result as CSVs in the coordinates of the originals."""

    output_dir: Path = Path("reconstructions")
    """Folder that the CSVs are written to."""
    refine_steps: int = REFINE_STEPS
    """Gradient steps that fit the chunk latents to each recording; 0 is ten times as fast."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_output_dir(self.output_dir)
        _check_refine_steps(self.refine_steps)
        folders = {path.resolve() if path.is_dir() else path.resolve().parent for path in self.inputs}
        if self.output_dir.resolve() in folders:
            raise ValueError(
                f"output_dir must be another folder than the inputs', but got {self.output_dir}. "
                "Give another, so that nothing is overwritten."
            )


@dataclass(frozen=True, kw_only=True)
class TrainPriorOptions(SettingsOptions):
    """Fit a prior to a model's latents and put it into the model's file, in the place of an earlier one.

    How recordings are read and processed comes with the model.
    """

    checkpoint: Path = BEST_MODEL
    """The trained model, which gets the prior."""


@dataclass(frozen=True, kw_only=True)
class MotionOptions(ModelOptions):
    """Where generated motion goes, and from which random numbers it comes."""

    output_dir: Path = Path("generated")
    """Folder that the CSVs, the picture and generation.json are written to. It must not hold any yet."""
    seed: int = 0
    """The same seed gives the same motion."""
    video: Literal["gif", "mp4", "none"] = "gif"
    """Kind of the picture of each sequence. mp4 needs: pip install "ht-vae[video]"."""

    def __post_init__(self) -> None:
        _check_output_dir(self.output_dir)
        _check_seed(self.seed)


@dataclass(frozen=True, kw_only=True)
class GenerateOptions(MotionOptions):
    """Draw new motion from the prior."""

    num_sequences: int = 1
    """How many sequences."""
    num_frames: int | None = None
    """Frames of each, at the model's frame rate. None: the script's length, or 1000."""
    label: str | None = None
    """Label of the recordings (or of the spans of frames) that the motion shall be like. None: without a
    script, one is drawn for each sequence, as often as training has it."""
    script: str | None = None
    """What happens when, by labels of spans: 'walk:12s,wave:4s'; f in place of s means frames. None: one is
    drawn for each sequence, as training recordings of the label have it."""
    guidance: float | None = None
    """More than 1 exaggerates label and script, at a price in variety. None: 2 if a script is given, or 1."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_counts(self, "num_sequences", "num_frames")
        _check_guidance(self.guidance)


@dataclass(frozen=True, kw_only=True)
class ContinueOptions(MotionOptions):
    """Go on where a recording ends."""

    recording: Path
    """CSV file."""
    num_frames: int = 1000
    """Frames to add."""
    num_samples: int = 1
    """How many ways to go on."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_counts(self, "num_frames", "num_samples")


@dataclass(frozen=True, kw_only=True)
class CompleteOptions(MotionOptions):
    """Fill in what a recording lacks: missing landmarks and gaps. What it has is copied unchanged."""

    recording: Path
    """CSV file."""
    num_samples: int = 1
    """How many ways to fill it in; with several, completed_interval.csv says how sure each point is."""
    keep_frames: tuple[str, ...] = ()
    """Spans of frames that are taken as seen, like 0:300 (stop exclusive). None given: all."""
    keep_landmarks: tuple[str, ...] = ()
    """Landmarks that are taken as seen. None given: all."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_counts(self, "num_samples")


@dataclass(frozen=True, kw_only=True)
class InterpolateOptions(MotionOptions):
    """Go from one recording to another in several steps."""

    first: Path
    """CSV file of the recording at the one end."""
    second: Path
    """CSV file of the recording at the other end."""
    steps: int = 7
    """Sequences to write, both ends included."""
    level: Level = "both"
    """What changes on the way; of the other level the first recording's latents stay."""
    kind: PathKind = "spherical"
    """Of the way, through the noise that the prior would draw the latents from."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.steps < 2:
            raise ValueError(f"steps must be at least 2, both ends included, but got {self.steps}.")


@dataclass(frozen=True, kw_only=True)
class EditOptions(MotionOptions):
    """Change what a recording is like: towards a label, or into another recording's style."""

    recording: Path
    """CSV file."""
    towards: str | None = None
    """Label to move towards, or COLUMN=VALUE of manifest.csv. Needs the folder that was trained on."""
    style_from: Path | None = None
    """CSV file of a recording whose sequence latent is taken."""
    strength: float = 1.0
    """How far to move: 1 is the distance between recordings with the label and all others."""
    data_dir: Path | None = None
    """Folder that was trained on. None: where it was in training."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.towards is None) == (self.style_from is None):
            raise ValueError(
                "edit must be told where to go, by --towards LABEL or by --style_from FILE, but got "
                f"{'neither' if self.towards is None else 'both'}. Give one of them."
            )


@dataclass(frozen=True, kw_only=True)
class DemoDataOptions:
    """Write made-up recordings for trying things out, and the noise-free truth beside them."""

    out_dir: Path
    """Folder that the CSVs and manifest.csv are written to; the truth goes to the same name with _truth."""
    kind: DemoKind = "people"
    """``people`` have MediaPipe's 33 landmarks; ``animal`` has others, and no hips."""
    seed: int = 0
    """Another number gives other recordings."""

    def __post_init__(self) -> None:
        _check_output_dir(self.out_dir)
        _check_seed(self.seed)


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """Write demo recordings, train a small model on them, score it, and draw pictures."""

    output_dir: Path = Path("demo")
    """Folder that everything is written to."""
    minutes: float = 4.5
    """Longest time spent on training (minutes)."""
    seed: int = 0
    """Seed of the recordings and of training."""
    device: Device = "auto"
    """``auto``, ``cpu``, ``cuda`` or ``mps``."""

    def __post_init__(self) -> None:
        _check_output_dir(self.output_dir)
        _check_seed(self.seed)


def _check_output_dir(folder: Path) -> None:
    """Raise ValueError where the folder cannot be made or written to: before hours of work, not after."""
    nearest = next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
    if not nearest.is_dir():
        raise ValueError(f"output_dir must be a folder, but {nearest} is a file. Give another.")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise ValueError(
            f"output_dir must be a folder to write in, but {nearest} is not. "
            "Give another, or change its permissions (chmod u+wx)."
        )


def _check_seed(seed: int) -> None:
    if seed < 0:
        raise ValueError(f"seed must be at least 0, but got {seed}.")


def _check_refine_steps(refine_steps: int) -> None:
    if refine_steps < 0:
        raise ValueError(f"refine_steps must be at least 0, but got {refine_steps}.")


def _check_counts(options: Any, *names: str) -> None:
    for name in names:
        value = getattr(options, name)
        if value is not None and value < 1:
            raise ValueError(f"{name} must be at least 1, but got {value}.")


def _check_guidance(guidance: float | None) -> None:
    if guidance is not None and not 0 <= guidance <= 100:
        raise ValueError(f"guidance must be in [0, 100], but got {guidance}.")
