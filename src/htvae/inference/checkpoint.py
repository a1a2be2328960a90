"""The model file ``best_model.pt``: what it holds, how it is written and read.

It holds plain values and tensors only and is read with ``weights_only=True``: opening a stranger's file runs
none of its code.
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
from htvae.utils.files import read_tensors, save_tensors
from htvae.utils.text import printable

if TYPE_CHECKING:
    from torch import Tensor, nn

FORMAT = "htvae-model-1"
"""Layout of the file; others are refused."""

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
    """Share of the training chunks without a label, then the share of each label."""
    ground_range: float
    """Torso lengths between the lowest and the highest ground of a training recording, see
    `htvae.poses.ground`. Infinite where recordings cannot show it: centred, with a heading, without a torso,
    too short."""
    movement: float
    """Torso lengths that points of a training recording move from frame to frame, see `measure_movement`;
    median over recordings."""
    scripts: tuple[RecordedScript, ...]
    """What happened when in each training recording."""
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


def _read_prior(values: Mapping[str, Any] | None) -> PriorState | None:
    """Return the prior of a file, None where it has none.

    Raises:
        ValueError: its values contradict each other.
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
            raise ValueError(f"its prior has a script of other labels, or without length: {label}, {parts}")
    return scripts


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is damaged, no HT-VAE model, or of another version.
    """
    values = read_tensors(Path(path))
    if values.get("format") != FORMAT:
        raise ValueError(f"{path}: must be a model saved by HT-VAE, but is {_describe_other(values)}")
    try:
        config = Config.from_dict(values["config"])
        _check_state(values["state"])
        return Checkpoint(
            state=values["state"],
            config=config,
            processor=PoseDataProcessor.from_state_dict(values["processor"], config.data),
            splits=Splits.from_dict(values["splits"]),
            figures=values["figures"],
            prior=_read_prior(values.get("prior")),
        )
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path}: must be a complete model of this version, but is not ({error!r}). Train again."
        ) from error


def _check_state(state: Any) -> None:
    import torch

    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise TypeError("its weights are none")


def _describe_other(values: Mapping[str, Any]) -> str:
    """Return in words what a file is that holds no model of this format, and what to do."""
    found = str(values.get("format", ""))
    if found.startswith("htvae-state"):
        return "a state of training. Give best_model.pt beside it."
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
        "pose_mean": torch.tensor(processor.pose_mean, dtype=torch.float32),
        "pose_scale": torch.tensor(processor.pose_scale, dtype=torch.float32),
    }
    if build is not None:
        return build(config, **sizes)
    return HierarchicalTransformerVAE(config.model, **sizes)
