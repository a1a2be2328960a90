"""Tools that know no topic of the package. The names below are imported when first asked for."""

import importlib
from typing import TYPE_CHECKING, Any

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


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
