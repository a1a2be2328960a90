"""All settings: one dataclass per section, checks of values, and settings files."""

from htvae.config.config import Config, setting_names
from htvae.config.sections import (
    NUM_EXCERPTS,
    REFINE_STEPS,
    DataConfig,
    Device,
    ExperimentConfig,
    Level,
    LossConfig,
    ModelConfig,
    PathKind,
    Precision,
    PriorConfig,
    TrainingConfig,
)

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
