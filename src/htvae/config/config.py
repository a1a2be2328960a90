"""The settings of HT-VAE: all sections together, their flat names, and plain values to store.

- Users set values in ``configs/config.py``, in a file given with ``--config``, or by flags of the same names.
- This room imports no other room and nothing heavy, so that ``--help`` is quick.
"""

import dataclasses
import typing
from dataclasses import dataclass, field
from typing import Any

from htvae.config.checks import check_kinds, require
from htvae.config.run_sections import ExperimentConfig, PriorConfig, TrainingConfig
from htvae.config.sections import DataConfig, LossConfig, ModelConfig


@dataclass(frozen=True, kw_only=True)
class Config:
    """All settings of a run."""

    data: DataConfig = field(default_factory=DataConfig)
    """How recordings are read, cut and varied."""
    model: ModelConfig = field(default_factory=ModelConfig)
    """Sizes of the model."""
    loss: LossConfig = field(default_factory=LossConfig)
    """Terms of the loss."""
    training: TrainingConfig = field(default_factory=TrainingConfig)
    """Optimisation."""
    prior: PriorConfig = field(default_factory=PriorConfig)
    """The prior over the latents."""
    experiment: ExperimentConfig = field(default_factory=ExperimentConfig)
    """Folders of results."""

    def __post_init__(self) -> None:
        check_kinds(self)
        size, longest = self.model.chunk_size, self.data.max_frames
        require(
            longest >= size,
            f"max_frames must be at least chunk_size={size}, but got {longest}. Windows hold whole chunks.",
        )

    def replace(self, **settings: Any) -> "Config":
        """Return a copy with single settings changed by their flat names, e.g. ``replace(batch_size=8)``.

        Raises:
            ValueError: a name is unknown, or a value is out of range.
        """
        for name in settings:
            require(name in setting_names(), f"{name} is no setting. Known: {', '.join(setting_names())}.")
        sections = {}
        for key, names in _section_fields().items():
            changes = {name: settings[name] for name in names if name in settings}
            sections[key] = dataclasses.replace(getattr(self, key), **changes)
        return Config(**sections)

    def idle_settings(self) -> list[str]:
        """Return a sentence for each changed setting that has no effect, given the other settings."""
        model, loss, training = self.model, self.loss, self.training
        idle = {
            "latent_span_dropout": ("with chunk_latent_dim=0", model.chunk_latent_dim == 0),
            "conditional_prior": ("with chunk_latent_dim=0", model.chunk_latent_dim == 0),
            "chunk_kl_weight": ("with chunk_latent_dim=0", model.chunk_latent_dim == 0),
            "prior_steps": ("with chunk_latent_dim=0", model.chunk_latent_dim == 0),
            "kl_warmup_steps": ("with kl_schedule='constant'", loss.kl_schedule == "constant"),
            "batch_frames": ("beside batch_size", training.batch_size is not None),
            "batch_growth": ("beside batch_size", training.batch_size is not None),
            "num_frames": ("beside num_epochs", training.num_epochs is not None),
        }
        values, usual = _flat(self), _flat(Config())
        return [
            f"{name} has no effect {why}."
            for name, (why, holds) in idle.items()
            if holds and values[name] != usual[name]
        ]

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return nested plain values, as JSON and ``weights_only`` checkpoints can hold them."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, dict[str, Any]]) -> "Config":
        """Make a configuration from `to_dict`'s result; absent settings keep their defaults.

        Lists become tuples, because JSON has no tuples.

        Raises:
            ValueError: a section or setting is unknown, or a value is out of range.
        """
        known = _section_fields()
        unknown = [key for key in values if key not in known]
        unknown += [
            f"{key}.{name}" for key in known for name in values.get(key, ()) if name not in known[key]
        ]
        require(
            not unknown,
            f"Settings must be known, but found {', '.join(unknown)}. Remove them, or install the version of "
            "HT-VAE that wrote the file.",
        )
        sections = typing.get_type_hints(cls)
        return cls(**{key: sections[key](**_with_tuples(part)) for key, part in values.items()})


def setting_names() -> list[str]:
    """Return the flat names of all settings in order; the flags of the commands have the same names."""
    return [name for names in _section_fields().values() for name in names]


def _section_fields() -> dict[str, list[str]]:
    sections = typing.get_type_hints(Config)
    return {key: [field.name for field in dataclasses.fields(section)] for key, section in sections.items()}


def _flat(config: Config) -> dict[str, Any]:
    return {name: value for section in config.to_dict().values() for name, value in section.items()}


def _with_tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
