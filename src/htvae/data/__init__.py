"""Reading, checking and preparing pose recordings. The names below are imported when first asked for."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from htvae.data.batching import PoseBatch
    from htvae.data.dataset import PoseSequenceDataset
    from htvae.data.loader import PoseDataLoader
    from htvae.data.processing import PoseDataProcessor
    from htvae.data.sequence import PoseSequence

__all__ = ["PoseBatch", "PoseDataLoader", "PoseDataProcessor", "PoseSequence", "PoseSequenceDataset"]

_HOMES = {
    "PoseBatch": "htvae.data.batching",
    "PoseDataLoader": "htvae.data.loader",
    "PoseDataProcessor": "htvae.data.processing",
    "PoseSequence": "htvae.data.sequence",
    "PoseSequenceDataset": "htvae.data.dataset",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
