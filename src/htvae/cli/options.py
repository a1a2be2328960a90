"""The options of each command.

- Each command has one frozen dataclass; ``flags.py`` turns its fields into flags.
- The settings of a run are in ``htvae.config.sections``.
- This module imports nothing heavy, so that ``--help`` is quick.
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
    """Sources of the settings that no flag sets."""

    config: Path | None = None
    """Settings file: Python with get_config(), or a run's saved JSON. None: configs/config.py of this folder,
    if there is one."""
    preset: str | None = None
    """Function of the settings file to call instead of get_config, e.g. quick."""
    settings: Config = field(default_factory=Config)
    """All settings of a run."""


@dataclass(frozen=True, kw_only=True)
class TrainOptions(SettingsOptions):
    """Train a model on a folder of pose CSVs."""


@dataclass(frozen=True, kw_only=True)
class CheckDataOptions(SettingsOptions):
    """Read a folder of pose CSVs as training does; report its contents and its faults."""

    folder: Path
    """Folder with one CSV per recording."""


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """The trained model, the device, and the cache of recordings."""

    checkpoint: Path = BEST_MODEL
    """File of the trained model."""
    config: Path | None = None
    """Settings file whose build_model builds the architecture, if the architecture is the user's own. None:
    configs/config.py of this folder, if there is one."""
    device: Device = "auto"
    """``auto``, ``cpu``, ``cuda`` or ``mps``; auto takes the fastest one present."""
    experiments_dir: Path = Path("experiments")
    """Folder whose subfolder ``cache`` keeps parsed recordings, as in training."""


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions(ModelOptions):
    """Score a trained model. The checkpoint determines how recordings are read and processed."""

    data_dir: Path | None = None
    """Folder with one CSV per recording. None: the folder that the model was trained on."""
    output_dir: Path = Path("evaluation_results")
    """Folder for tables, latents and pictures."""
    split: Split = "test"
    """Recordings to score, by their part in training; ``new`` are recordings that training did not see."""
    visualize: bool = False
    """Whether pictures are drawn: poses, latents, attention."""
    extract_latents: bool = False
    """Whether the latents of all recordings of the folder are saved."""
    probe: str | None = None
    """Target that a linear classifier predicts from the latents: ``label``, or a column of manifest.csv."""
    probe_groups: str | None = None
    """Column by which a probe's training and test parts are split: no value is in both. None: ``subject``."""
    truth_dir: Path | None = None
    """Folder of the same recordings without noise, as demo-data writes it; it separates the model's errors
    from the tracker's noise."""
    refine_steps: int = REFINE_STEPS
    """Gradient steps that fit the chunk latents to each scored recording. 0: the encoder's latents are
    used."""
    num_excerpts: int = NUM_EXCERPTS
    """Most excerpts in which points are hidden and filled in again. Fewer take less time and make the figures
    less certain."""
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
    """The recordings that a model is given."""

    inputs: tuple[Path, ...]
    """CSV files, or folders of them. Only folders have a manifest.csv with frame rates and labels."""

    def __post_init__(self) -> None:
        if not self.inputs:
            raise ValueError("inputs must be CSV files or folders, but got none. Name at least one.")


@dataclass(frozen=True, kw_only=True)
class EncodeOptions(InputOptions):
    """Save the latents of recordings, as evaluate does with --extract_latents.

    The same command continues where an earlier one was stopped. torchrun shares the work among processes.
    """

    output_dir: Path = Path("latents")
    """Folder for latents.npz and the tables. The command refuses to overwrite other latents there."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_output_dir(self.output_dir)


@dataclass(frozen=True, kw_only=True)
class ReconstructOptions(InputOptions):
    """Encode and decode recordings, and write the result as CSVs in the coordinates of the originals."""

    output_dir: Path = Path("reconstructions")
    """Folder for the CSVs."""
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
    """Fit a prior to a model's latents and save it in the model's file; an earlier prior is replaced.

    The model determines how recordings are read and processed.
    """

    checkpoint: Path = BEST_MODEL
    """File of the trained model, into which the prior is written."""


@dataclass(frozen=True, kw_only=True)
class MotionOptions(ModelOptions):
    """The folder, the random numbers and the pictures of generated motion."""

    output_dir: Path = Path("generated")
    """Folder for the CSVs, the pictures and generation.json. It must not hold CSV files yet."""
    seed: int = 0
    """Seed of the random numbers; the same seed gives the same motion."""
    video: Literal["gif", "mp4", "none"] = "gif"
    """Format of each sequence's picture. mp4 needs: pip install "ht-vae[video]"."""

    def __post_init__(self) -> None:
        _check_output_dir(self.output_dir)
        _check_seed(self.seed)


@dataclass(frozen=True, kw_only=True)
class GenerateOptions(MotionOptions):
    """Draw new motion from the prior."""

    num_sequences: int = 1
    """Sequences to draw."""
    num_frames: int | None = None
    """Frames of each sequence, at the model's frame rate. None: the script's length, or 1000."""
    label: str | None = None
    """Label of the recordings (or of the spans of frames) that the motion should resemble. None: without a
    script, each sequence gets a random label, as frequent as in training."""
    script: str | None = None
    """Labels of spans in their order: 'walk:12s,wave:4s'; f instead of s means frames. None: each sequence
    gets a random script, like those of training recordings with the label."""
    guidance: float | None = None
    """Strength of label and script; more than 1 exaggerates them and lowers variety. None: 2 with a script,
    else 1."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_counts(self, "num_sequences", "num_frames")
        _check_guidance(self.guidance)


@dataclass(frozen=True, kw_only=True)
class ContinueOptions(MotionOptions):
    """Continue a recording after its last frame."""

    recording: Path
    """CSV file of the recording."""
    num_frames: int = 1000
    """Frames to add."""
    num_samples: int = 1
    """Different continuations to draw."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_counts(self, "num_frames", "num_samples")


@dataclass(frozen=True, kw_only=True)
class CompleteOptions(MotionOptions):
    """Fill in a recording's missing landmarks and gaps. Observed points are copied unchanged."""

    recording: Path
    """CSV file of the recording."""
    num_samples: int = 1
    """Different completions to draw; with several, completed_interval.csv says how certain each point is."""
    keep_frames: tuple[str, ...] = ()
    """Spans of frames whose points count as observed, like 0:300 (stop exclusive). None given: all frames."""
    keep_landmarks: tuple[str, ...] = ()
    """Landmarks whose points count as observed. None given: all landmarks."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_counts(self, "num_samples")


@dataclass(frozen=True, kw_only=True)
class InterpolateOptions(MotionOptions):
    """Write sequences that change step by step from one recording into another."""

    first: Path
    """CSV file of the recording at the start."""
    second: Path
    """CSV file of the recording at the end."""
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
class EditOptions(MotionOptions):
    """Move a recording towards a label, or give it another recording's style."""

    recording: Path
    """CSV file of the recording."""
    towards: str | None = None
    """Label to move towards, or COLUMN=VALUE of manifest.csv. Needs the folder of training data."""
    style_from: Path | None = None
    """CSV file of another recording, whose sequence latent replaces this recording's."""
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


@dataclass(frozen=True, kw_only=True)
class DemoDataOptions:
    """Write made-up recordings for trying things out, and the noise-free truth beside them."""

    out_dir: Path
    """Folder for the CSVs and manifest.csv; the truth goes into a folder of the same name with _truth."""
    kind: DemoKind = "people"
    """Subjects of the recordings: ``people`` have MediaPipe's 33 landmarks, ``animal`` has others and no
    hips."""
    seed: int = 0
    """Seed of the recordings; another number gives other recordings."""

    def __post_init__(self) -> None:
        _check_output_dir(self.out_dir)
        _check_seed(self.seed)


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """Write demo recordings, train a small model on them, score it, draw pictures, and generate motion."""

    output_dir: Path = Path("demo")
    """Folder for everything that the demo writes."""
    minutes: float = 4.5
    """Longest time spent on training (minutes)."""
    seed: int = 0
    """Seed of the recordings and of training."""
    device: Device = "auto"
    """``auto``, ``cpu``, ``cuda`` or ``mps``; auto takes the fastest one present."""

    def __post_init__(self) -> None:
        _check_output_dir(self.output_dir)
        _check_seed(self.seed)


def _check_output_dir(folder: Path) -> None:
    """Raise ValueError if the folder cannot be made or written to, so that hours of work are not lost."""
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
