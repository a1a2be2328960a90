"""The tools that the specification names, each passed on from where it lives when first asked for."""

from htvae.utils.lazy import lazy_names

_HOMES = {
    "EarlyStopping": "htvae.utils.callbacks",
    "MetricsTracker": "htvae.utils.metrics_tracker",
    "ModelCheckpoint": "htvae.utils.callbacks",
    "Visualizer": "htvae.plots.visualizer",
}
__all__ = sorted(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
