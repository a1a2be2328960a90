"""The options of each command.

- Each command has one frozen dataclass; ``flags.py`` turns its fields into flags.
- The options of the generating commands are in ``motion_options.py``.
- The settings of a run are in ``htvae.config``.
- This module imports nothing heavy, so that ``--help`` is quick.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from htvae.cli.option_checks import (
    check_counts,
    check_output_dir,
    check_picture,
    check_refine_steps,
    check_seed,
)
from htvae.cli.reading_options import ReadingOptions
from htvae.config import NUM_EXCERPTS, REFINE_STEPS, Config, Device

BEST_MODEL = Path("experiments/checkpoints/best_model.pt")
OutputFormat = Literal["csv", "deeplabcut", "sleap", "trc", "c3d", "movement"]
LatentFormat = Literal["npz", "parquet"]
Split = Literal["train", "val", "test", "new", "all"]
DemoKind = Literal["people", "animal"]
Dimensions = Literal[2, 3]


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
    """Train a model on a folder of recordings."""


@dataclass(frozen=True, kw_only=True)
class CheckDataOptions(SettingsOptions):
    """Read a folder as training does: report what it holds, what looks wrong, and the command to train with.

    The exit code is 1 where a fault keeps training from starting, 0 otherwise, with findings, too.
    """

    folder: Path
    """Folder of recordings: pose CSVs, or the files of a tracker."""
    json: bool = False
    """Whether the report is written as JSON, for programs."""
    picture: Path | None = None
    """PNG to draw doubtful recordings to, each at its doubtful frames."""

    def __post_init__(self) -> None:
        if self.picture is not None:
            check_picture(self.picture)


@dataclass(frozen=True, kw_only=True)
class ImportOptions(SettingsOptions):
    """Write the recordings of any tracker as pose CSVs, to look at, to edit or to share.

    Training needs no import: every command reads the files of trackers as they are.
    """

    recordings: Path
    """Folder, or file, of recordings in any format of docs/formats.md."""
    output_dir: Path = Path("data/pose_csvs")
    """Folder for the CSVs and manifest.csv. It must not hold CSV files yet."""

    def __post_init__(self) -> None:
        check_output_dir(self.output_dir)


@dataclass(frozen=True, kw_only=True)
class PackOptions(SettingsOptions):
    """Write recordings as few large files, from which training reads what it needs, in a bucket too.

    docs/corpora.md says how to copy them there.
    """

    folder: Path
    """Folder of recordings: pose CSVs, or the files of a tracker."""
    output_dir: Path = Path("packed")
    """Folder to write to; it must be new or empty."""


@dataclass(frozen=True, kw_only=True)
class RepairOptions(SettingsOptions):
    """Write a copy of a folder in which faults that check-data finds are repaired, each only if asked for.

    repairs.csv lists every change. Pose CSVs are copied cell by cell; files of trackers, and pose CSVs with
    --rename, --individual_prefix or --time_unit, are written as htvae import does.
    """

    folder: Path
    """Folder of recordings: pose CSVs, or the files of a tracker."""
    output_dir: Path = Path("repaired")
    """Folder for the repaired recordings. It must not hold CSV files yet."""
    swaps: bool = False
    """Whether left and right are exchanged back where they changed places; single pairs only if both ends are
    seen."""
    spikes: bool = False
    """Whether points far off their path for a moment become missing."""
    frozen: bool = False
    """Whether points that stand still to the digit become missing."""
    sentinels: bool = False
    """Whether points at an exact place that stands for lost points, such as 0,0, become missing."""

    def __post_init__(self) -> None:
        check_output_dir(self.output_dir)
        if not self.kinds:
            raise ValueError(
                "repair must be told what to repair. Add --swaps, --spikes, --frozen or --sentinels."
            )

    @property
    def kinds(self) -> list[str]:
        """The kinds of faults to repair."""
        return [name for name in ("sentinels", "frozen", "swaps", "spikes") if getattr(self, name)]


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """The trained model, the device, and the cache of recordings."""

    checkpoint: Path = BEST_MODEL
    """File of the trained model, or folder of htvae export."""
    config: Path | None = None
    """Settings file whose build_model builds the architecture, if the architecture is the user's own. None:
    configs/config.py of this folder, if there is one."""
    device: Device = "auto"
    """``auto``, ``cpu``, ``cuda`` or ``mps``; auto takes the fastest one present."""
    experiments_dir: Path = Path("experiments")
    """Folder whose subfolder ``cache`` keeps parsed recordings, as in training."""


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions(ModelOptions):
    """Score a trained model. Recordings are read as in training, unless a flag says otherwise."""

    data_dir: Path | None = None
    """Folder of recordings in any format. None: the folder that the model was trained on."""
    reading: ReadingOptions = field(default_factory=ReadingOptions)
    """How the recordings are read."""
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
    """Steps that fit the chunk latents to each scored recording. 0: the encoder's latents are
    used."""
    num_excerpts: int = NUM_EXCERPTS
    """Most excerpts in which points are hidden and filled in again. Fewer take less time and make the figures
    less certain."""
    batch_size: int = 8
    """Windows that pass through the model at once. Lower it where memory is short: results stay the same."""

    def __post_init__(self) -> None:
        check_output_dir(self.output_dir)
        check_counts(self, "batch_size", "num_excerpts")
        check_refine_steps(self.refine_steps)
        if self.probe_groups is not None and self.probe is None:
            raise ValueError("probe_groups must come with probe, but probe is not given. Add --probe label.")


@dataclass(frozen=True, kw_only=True)
class InputOptions(ModelOptions):
    """The recordings that a model is given."""

    inputs: tuple[Path, ...]
    """Files of recordings in any format, or folders of them. A manifest.csv beside or above them gives frame
    rates and labels."""
    reading: ReadingOptions = field(default_factory=ReadingOptions)
    """How the recordings are read."""

    def __post_init__(self) -> None:
        if not self.inputs:
            raise ValueError("inputs must be files or folders, but got none. Name at least one.")


@dataclass(frozen=True, kw_only=True)
class EncodeOptions(InputOptions):
    """Save the latents of recordings, as evaluate does with --extract_latents.

    The same command continues where an earlier one was stopped. torchrun shares the work among processes.
    """

    output_dir: Path = Path("latents")
    """Folder for latents.npz and the tables. The command refuses to overwrite other latents there."""
    format: LatentFormat = "npz"
    """``npz`` writes one file and two CSVs; ``parquet`` a data set of many files for large corpora, see
    docs/corpora.md."""
    ray_workers: int = 0
    """Processes of Ray that write the parquet files, 0 to do without. RAY_ADDRESS names a running Ray."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_output_dir(self.output_dir)
        if self.ray_workers < 0:
            raise ValueError(f"ray_workers must be at least 0, but got {self.ray_workers}.")
        if self.ray_workers and self.format != "parquet":
            raise ValueError(
                f"ray_workers must come with format parquet, but format is {self.format}. "
                "Add --format parquet."
            )


@dataclass(frozen=True, kw_only=True)
class ReconstructOptions(InputOptions):
    """Encode and decode recordings, and write the result in the coordinates of the originals."""

    output_dir: Path = Path("reconstructions")
    """Folder for the files."""
    format: OutputFormat = "csv"
    """Format of the files: pose CSVs, or one of docs/formats.md, so that results go back into other
    programs."""
    refine_steps: int = REFINE_STEPS
    """Steps that fit the chunk latents to each recording; 0 is five times as fast."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_output_dir(self.output_dir)
        check_refine_steps(self.refine_steps)
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
    """File of the trained model, or folder of htvae export, into which the prior is written."""


@dataclass(frozen=True, kw_only=True)
class DemoDataOptions:
    """Write made-up recordings for trying things out, and the noise-free truth beside them."""

    out_dir: Path
    """Folder for the CSVs and manifest.csv; the truth goes into a folder of the same name with _truth."""
    kind: DemoKind = "people"
    """Subjects of the recordings: ``people`` have MediaPipe's 33 landmarks, ``animal`` has others and no
    hips."""
    dimensions: Dimensions = 2
    """Coordinates of the recordings; 3 writes a column z, for people only."""
    seed: int = 0
    """Seed of the recordings; another number gives other recordings."""

    def __post_init__(self) -> None:
        check_output_dir(self.out_dir)
        check_seed(self.seed)


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """Write demo recordings, train a small model on them, score it, draw pictures, and generate motion."""

    output_dir: Path = Path("demo")
    """Folder for everything that the demo writes."""
    minutes: float = 4.5
    """Longest time spent on training (minutes)."""
    dimensions: Dimensions = 2
    """Coordinates of the recordings."""
    seed: int = 0
    """Seed of the recordings and of training."""
    device: Device = "auto"
    """``auto``, ``cpu``, ``cuda`` or ``mps``; auto takes the fastest one present."""

    def __post_init__(self) -> None:
        check_output_dir(self.output_dir)
        check_seed(self.seed)
