"""The tools that the specification names, in one place to import from."""

from htvae.utils.lazy import lazy_names
from htvae.utils.metrics_tracker import MetricsTracker
from htvae.utils.saving import ModelCheckpoint
from htvae.utils.stopping import EarlyStopping

__all__ = ["EarlyStopping", "MetricsTracker", "ModelCheckpoint", "Visualizer"]  # noqa: F822 (found lazily)

__getattr__, __dir__ = lazy_names(__name__, {"Visualizer": "htvae.plots.visualizer"})
