"""All settings: one dataclass per section, checks of values, and settings files."""

from htvae.config.choices import (
    NUM_EXCERPTS,
    REFINE_STEPS,
    Device,
    Level,
    Link,
    PathKind,
    Precision,
    TimeUnit,
)
from htvae.config.config import Config, setting_names
from htvae.config.reading import ReadingConfig, reading_names
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
    "Link",
    "LossConfig",
    "ModelConfig",
    "PathKind",
    "Precision",
    "PriorConfig",
    "ReadingConfig",
    "TimeUnit",
    "TrainingConfig",
    "reading_names",
    "setting_names",
]
