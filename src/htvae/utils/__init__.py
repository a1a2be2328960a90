"""Tools that know no topic of the package. The names below are imported when first asked for."""

from typing import TYPE_CHECKING

from htvae.utils.lazy import lazy_names

if TYPE_CHECKING:
    from htvae.utils.callbacks import EarlyStopping, ModelCheckpoint
    from htvae.utils.metrics_tracker import MetricsTracker
    from htvae.utils.visualizer import Visualizer

__all__ = ["EarlyStopping", "MetricsTracker", "ModelCheckpoint", "Visualizer"]

_HOMES = {
    "EarlyStopping": "htvae.utils.callbacks",
    "MetricsTracker": "htvae.utils.metrics_tracker",
    "ModelCheckpoint": "htvae.utils.callbacks",
    "Visualizer": "htvae.utils.visualizer",
}

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
