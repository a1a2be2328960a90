"""Reading, checking and preparing pose recordings. The names below are imported when first asked for."""

from typing import TYPE_CHECKING

from htvae.utils.lazy import lazy_names

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

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
