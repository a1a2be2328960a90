"""The model file ``best_model.pt``: its content, writing and reading.

The file holds only plain values and tensors. It is read with ``weights_only=True``, so opening a stranger's
file runs none of its code. A folder of `htvae.inference.model_folder` holds the same values.
"""

import dataclasses
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from htvae.config import Config, PriorConfig
from htvae.data.processing import PoseDataProcessor
from htvae.data.splits import Splits
from htvae.inference.band_factors import BandFactors
from htvae.inference.model_folder import is_model_folder, read_model_folder, save_model_folder
from htvae.inference.point_noise import PointNoise
from htvae.utils.files import read_tensors, save_tensors
from htvae.utils.text import printable

if TYPE_CHECKING:
    from torch import Tensor, nn

FORMAT = "htvae-model-2"
"""Version of the file's layout. Files of another version are refused."""

RecordedScript = tuple[int, tuple[tuple[int, int], ...]]
"""Index of a recording's label, and for each of its spans, in order, the index of a label and the number of
frames. Indices count from 1, as in the prior; 0 means no label."""
BuildModel = Callable[..., "nn.Module"]
"""Function that builds a user's own architecture, called as
``build_model(config, num_points, num_coordinates, pose_mean, pose_scale)``."""


@dataclass(frozen=True, kw_only=True)
class PriorState:
    """A fitted prior."""

    state: dict[str, "Tensor"]
    """Weights of the `LatentPrior`, averaged over fitting."""
    config: PriorConfig
    """Settings of the fit."""
    labels: tuple[str, ...]
    """Labels of recordings that the prior knows."""
    chunk_labels: tuple[str, ...]
    """Labels of spans that the prior knows."""
    label_shares: tuple[float, ...]
    """Share of the training chunks without a label, then the share of each label."""
    ground_range: float
    """Height (torso lengths) between the lowest and the highest ground of a training recording, see
    `measure_ground_range`. Infinite where recordings cannot show the ground: centred, with a heading in 2-D,
    without a torso, or too short."""
    movement: float
    """Movement of points (torso lengths per frame), see `measure_movement`; median over the training
    recordings."""
    scripts: tuple[RecordedScript, ...]
    """Labels of each training recording over time, one entry a recording. The spans of a recording add up to
    its length, so that drawn labels and scripts can follow the asked length."""
    vae_hash: str
    """`hash_weights` of the VAE whose latents the prior was fitted to."""
    figures: dict[str, float] = field(default_factory=dict)
    """Validation loss of the prior, Frechet distance of its motion from validation motion (NaN where it was
    not measured), and the step of the fit."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Everything that is needed to use a trained model."""

    state: dict[str, "Tensor"]
    """Weights of the model, averaged over training."""
    config: Config
    """Settings of the run."""
    processor: PoseDataProcessor
    """Preprocessing with its fitted statistics, landmarks among them."""
    splits: Splits
    """Names of the recordings for training, validation and test."""
    figures: dict[str, float] = field(default_factory=dict)
    """Validation figures of this model, its step, and the number of frames processed."""
    prior: PriorState | None = None
    """Prior over the latents, None where no prior was fitted."""
    noise: PointNoise | None = None
    """Noise of points around their reconstruction, None where it is not calibrated."""
    bands: BandFactors | None = None
    """Factors of completion's intervals with this prior, None where they are not calibrated."""


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; an earlier file at ``path`` survives until the new file is complete.

    Where ``path`` is a folder, its two files are written one after the other.
    """
    if is_model_folder(path):
        save_model_folder(path if path.is_dir() else path.parent, to_values(checkpoint))
    else:
        save_tensors(path, to_values(checkpoint))


def to_values(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return a checkpoint as the tensors and plain values that its file holds."""
    from htvae import __version__

    return {
        "format": FORMAT,
        "htvae_version": __version__,
        "state": checkpoint.state,
        "config": checkpoint.config.to_dict(),
        "processor": checkpoint.processor.state_dict(),
        "splits": checkpoint.splits.to_dict(),
        "figures": checkpoint.figures,
        "prior": None if checkpoint.prior is None else _prior_values(checkpoint.prior),
        "noise": None if checkpoint.noise is None else checkpoint.noise.to_dict(),
        "bands": None if checkpoint.bands is None else checkpoint.bands.to_dict(),
    }


def hash_weights(state: Mapping[str, "Tensor"]) -> str:
    """Return a hash of weights, by which a prior recognises its VAE."""
    total = hashlib.sha256()
    for name in sorted(state):
        total.update(name.encode())
        total.update(state[name].detach().cpu().contiguous().numpy().tobytes())
    return total.hexdigest()


def _prior_values(prior: PriorState) -> dict[str, Any]:
    return {**vars(prior), "config": dataclasses.asdict(prior.config)}


def _read_prior(values: Mapping[str, Any] | None) -> PriorState | None:
    """Return the prior in a model file's values, None where the file has no prior.

    Raises:
        ValueError: the values contradict each other.
    """
    if not values:
        return None
    _check_state(values["state"])
    labels, chunk_labels = (tuple(map(str, values[name])) for name in ("labels", "chunk_labels"))
    shares = tuple(map(float, values["label_shares"]))
    if len(shares) != len(labels) + 1 or not all(0 <= share <= 1 for share in shares):
        raise ValueError(f"its prior has {len(labels)} labels, but {len(shares)} shares of them: {shares}")
    ground_range, movement = float(values["ground_range"]), float(values["movement"])
    for name, value in (("ground_range", ground_range), ("movement", movement)):
        if not value >= 0:
            raise ValueError(f"its prior's {name} is {value}")
    return PriorState(
        state=values["state"],
        config=PriorConfig(**values["config"]),
        labels=labels,
        chunk_labels=chunk_labels,
        label_shares=shares,
        ground_range=ground_range,
        movement=movement,
        scripts=_read_scripts(values["scripts"], len(labels), len(chunk_labels)),
        vae_hash=str(values["vae_hash"]),
        figures=dict(values["figures"]),
    )


def _read_scripts(values: Any, num_labels: int, num_chunk_labels: int) -> tuple[RecordedScript, ...]:
    scripts = tuple((int(label), tuple((int(a), int(n)) for a, n in parts)) for label, parts in values)
    for label, parts in scripts:
        known = 0 <= label <= num_labels and all(0 <= part <= num_chunk_labels for part, _ in parts)
        if not (known and parts and all(frames > 0 for _, frames in parts)):
            raise ValueError(f"its prior has a script of unknown labels, or without length: {label}, {parts}")
    return scripts


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint.

    Args:
        path: ``best_model.pt``, or the folder of an export.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is damaged, is not an HT-VAE model, or has another version.
    """
    path = Path(path)
    values = read_model_folder(path) if is_model_folder(path) else read_tensors(path)
    if values.get("format") != FORMAT:
        raise ValueError(f"{path}: must be a model saved by HT-VAE, but is {_describe_other(values)}")
    try:
        config = Config.from_dict(values["config"])
        _check_state(values["state"])
        processor = PoseDataProcessor.from_state_dict(values["processor"], config.data)
        return Checkpoint(
            state=values["state"],
            config=config,
            processor=processor,
            splits=Splits.from_dict(values["splits"]),
            figures=values["figures"],
            prior=_read_prior(values.get("prior")),
            noise=_read_noise(values.get("noise"), len(processor.points)),
            bands=BandFactors.from_dict(values.get("bands")),
        )
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path}: must be a complete model of this version, but is not ({error!r}). Train again."
        ) from error


def _read_noise(values: Mapping[str, Any] | None, num_points: int) -> PointNoise | None:
    noise = PointNoise.from_dict(values)
    if noise is not None and len(noise.usual_speed) != num_points:
        raise ValueError(f"its noise is that of {len(noise.usual_speed)} points, but it has {num_points}")
    return noise


def _check_state(state: Any) -> None:
    import torch

    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise TypeError("its weights must be a dictionary of tensors, but are not")


def _describe_other(values: Mapping[str, Any]) -> str:
    """Describe a file that is not a model of this format, and say what to do."""
    found = str(values.get("format", ""))
    if found.startswith("htvae-state"):
        return "a training state. Give best_model.pt beside it."
    if found.startswith("htvae-model"):
        writer = printable(values.get("htvae_version", "of another version"))
        return (
            f"of format {printable(found)}, written by htvae {writer}. Install that version, or train again."
        )
    return "something else. Give the best_model.pt of a run."


def build_model(config: Config, processor: PoseDataProcessor, build: BuildModel | None = None) -> Any:
    """Build the model of a configuration for the points that a fitted processor returns."""
    import torch

    from htvae.models.vae import HierarchicalTransformerVAE

    sizes: dict[str, Any] = {
        "num_points": len(processor.points),
        "num_coordinates": processor.num_coordinates,
        "pose_mean": torch.tensor(processor.pose_mean, dtype=torch.float32, device="cpu"),
        "pose_scale": torch.tensor(processor.pose_scale, dtype=torch.float32, device="cpu"),
    }
    if build is not None:
        return build(config, **sizes)
    return HierarchicalTransformerVAE(config.model, **sizes)
