"""The model file ``best_model.pt``: what it holds, how it is written and read.

It holds plain values and tensors only and is read with ``weights_only=True``: opening a stranger's file runs
none of its code.
"""

import dataclasses
import hashlib
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from htvae.config import Config, PriorConfig
from htvae.data.processing import PoseDataProcessor
from htvae.data.splits import Splits
from htvae.utils.files import read_tensors, save_tensors
from htvae.utils.text import printable

if TYPE_CHECKING:
    from torch import Tensor, nn

logger = logging.getLogger(__name__)

FORMAT = "htvae-model"
FORMAT_VERSION = 4
PRIOR_VERSION = 3
"""Format since which priors answer as today's do."""
PLACES_VERSION = 4
"""Format since which a prior has a table of labels for each place in a chunk; before, all shared one."""

RecordedScript = tuple[int, tuple[tuple[int, int], ...]]
"""Index of a recording's label; and its spans one after the other, index of the label and frames of each.
Indices count from 1, as in the prior; 0 stands for no label."""
BuildModel = Callable[..., "nn.Module"]
"""A user's own architecture: ``build_model(config, num_points, num_coordinates, pose_mean, pose_scale)``."""


@dataclass(frozen=True, kw_only=True)
class PriorState:
    """A fitted prior."""

    state: dict[str, "Tensor"]
    """Weights of the `LatentPrior`, averaged over fitting."""
    config: PriorConfig
    """Settings that it was fitted with."""
    labels: tuple[str, ...]
    """Labels of recordings that it knows."""
    chunk_labels: tuple[str, ...]
    """Labels of spans of frames that it knows."""
    label_shares: tuple[float, ...]
    """Share of the training chunks that have no label, then of those of each label; none of an older file."""
    ground_range: float
    """Torso lengths that the ground of a training recording lies apart, see `htvae.poses.ground`. Infinite in
    an older file, and where recordings do not tell: centred, with a heading, without a torso, too short."""
    movement: float
    """Torso lengths that points of a training recording move from frame to frame, see `measure_movement`;
    median over recordings. 0 in an older file."""
    scripts: tuple[RecordedScript, ...]
    """What happened when in each training recording; none of an older file."""
    vae_hash: str
    """`hash_weights` of the VAE whose latents it was fitted to."""
    figures: dict[str, float] = field(default_factory=dict)
    """Its validation loss and step."""


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
    """Which recordings were trained on, validated on and held out."""
    figures: dict[str, float] = field(default_factory=dict)
    """Validation figures of this model, its step and frames processed."""
    prior: PriorState | None = None
    """The prior over its latents, where one was fitted."""


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; an earlier file of that name survives until the new one is complete."""
    from htvae import __version__

    values = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "htvae_version": __version__,
        "state": checkpoint.state,
        "config": checkpoint.config.to_dict(),
        "processor": checkpoint.processor.state_dict(),
        "splits": checkpoint.splits.to_dict(),
        "figures": checkpoint.figures,
        "prior": None if checkpoint.prior is None else _prior_values(checkpoint.prior),
    }
    save_tensors(path, values)


def hash_weights(state: Mapping[str, "Tensor"]) -> str:
    """Return a hash of weights, by which a prior knows its VAE."""
    total = hashlib.sha256()
    for name in sorted(state):
        total.update(name.encode())
        total.update(state[name].detach().cpu().contiguous().numpy().tobytes())
    return total.hexdigest()


def _prior_values(prior: PriorState) -> dict[str, Any]:
    return {**vars(prior), "config": dataclasses.asdict(prior.config)}


def _read_prior(path: Path, file_values: Mapping[str, Any]) -> PriorState | None:
    """Return the prior of a file, None where it has none that this version can draw from."""
    values = file_values.get("prior")
    if not values:
        return None
    version = file_values.get("format_version", 1)
    if version < PRIOR_VERSION:
        logger.warning(
            "%s: its prior was fitted by an earlier version and cannot be used; the model can. Fit another: "
            "htvae train-prior --checkpoint FILE.",
            path,
        )
        return None
    state = values["state"]
    _check_state(state)
    if version < PLACES_VERSION:
        state = _repeat_for_places(state)
    labels, shares = tuple(map(str, values["labels"])), tuple(map(float, values.get("label_shares", ())))
    if shares and (len(shares) != len(labels) + 1 or not all(0 <= share <= 1 for share in shares)):
        raise ValueError(f"its prior has {len(labels)} labels, but {len(shares)} shares of them: {shares}")
    chunk_labels = tuple(map(str, values["chunk_labels"]))
    scripts = _read_scripts(values.get("scripts", ()), len(labels), len(chunk_labels))
    ground_range, movement = float(values.get("ground_range", math.inf)), float(values.get("movement", 0.0))
    for name, value in (("ground_range", ground_range), ("movement", movement)):
        if not value >= 0:
            raise ValueError(f"its prior's {name} is {value}")
    return PriorState(
        state=state,
        config=PriorConfig(**values["config"]),
        labels=labels,
        chunk_labels=chunk_labels,
        label_shares=shares,
        ground_range=ground_range,
        movement=movement,
        scripts=scripts,
        vae_hash=str(values["vae_hash"]),
        figures=dict(values["figures"]),
    )


def _read_scripts(values: Any, num_labels: int, num_chunk_labels: int) -> tuple[RecordedScript, ...]:
    scripts = tuple((int(label), tuple((int(a), int(n)) for a, n in parts)) for label, parts in values)
    for label, parts in scripts:
        known = 0 <= label <= num_labels and all(0 <= part <= num_chunk_labels for part, _ in parts)
        if not (known and parts and all(frames > 0 for _, frames in parts)):
            raise ValueError(f"its prior has a script of other labels, or without length: {label}, {parts}")
    return scripts


def _repeat_for_places(state: dict[str, "Tensor"]) -> dict[str, "Tensor"]:
    from htvae.models.chunking import LABELS_PER_CHUNK

    name = "chunk_label.weight"
    return {**state, name: state[name].repeat(LABELS_PER_CHUNK, 1)} if name in state else state


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is damaged, no HT-VAE model, or of a newer version.
    """
    values = read_tensors(Path(path))
    if values.get("format") != FORMAT:
        hint = " It is a training state; give best_model.pt beside it." if "loops" in values else ""
        raise ValueError(f"{path}: must be a model saved by HT-VAE, but is something else.{hint}")
    check_version(Path(path), values, FORMAT_VERSION)
    try:
        config = Config.from_dict(values["config"])
        _check_state(values["state"])
        return Checkpoint(
            state=values["state"],
            config=config,
            processor=PoseDataProcessor.from_state_dict(values["processor"], config.data),
            splits=Splits.from_dict(values["splits"]),
            figures=values["figures"],
            prior=_read_prior(Path(path), values),
        )
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path}: must be a complete model of this version, but is not ({error!r}). Train again."
        ) from error


def _check_state(state: Any) -> None:
    import torch

    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise TypeError("its weights are none")


def check_version(path: Path, values: Mapping[str, Any], newest: int) -> None:
    """Raise ValueError unless a file is of a format that this version reads."""
    version, writer = values.get("format_version", 1), values.get("htvae_version", "of another version")
    if not isinstance(version, int) or version > newest:
        raise ValueError(
            f"{path}: must be of format {newest} or older, but is of format {version!r}, written by htvae "
            f"{printable(writer)}. Install that version."
        )


def build_model(config: Config, processor: PoseDataProcessor, build: BuildModel | None = None) -> Any:
    """Build the model of a configuration for the points that a fitted processor returns."""
    import torch

    from htvae.models.vae import HierarchicalTransformerVAE

    sizes: dict[str, Any] = {
        "num_points": len(processor.points),
        "num_coordinates": processor.num_coordinates,
        "pose_mean": torch.tensor(processor.pose_mean, dtype=torch.float32),
        "pose_scale": torch.tensor(processor.pose_scale, dtype=torch.float32),
    }
    if build is not None:
        return build(config, **sizes)
    return HierarchicalTransformerVAE(config.model, **sizes)
