"""All settings: one dataclass per section, checks of values, and settings files."""

from htvae.config.choices import NUM_EXCERPTS, REFINE_STEPS, Device, Level, PathKind, Precision
from htvae.config.config import Config, setting_names
from htvae.config.run_sections import ExperimentConfig, PriorConfig, TrainingConfig
from htvae.config.sections import DataConfig, LossConfig, ModelConfig

__all__ = [
    "NUM_EXCERPTS",
    "REFINE_STEPS",
    "Config",
    "DataConfig",
    "Device",
    "ExperimentConfig",
    "Level",
    "LossConfig",
    "ModelConfig",
    "PathKind",
    "Precision",
    "PriorConfig",
    "TrainingConfig",
    "setting_names",
]
