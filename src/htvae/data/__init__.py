"""From poses to the input of the model: preprocessing, splits, windows, batches, loaders.

The names below are imported when they are first asked for, so that what needs no PyTorch stays quick.
"""

from typing import TYPE_CHECKING

from htvae.utils.lazy import lazy_names

if TYPE_CHECKING:
    from htvae.data.batching import PoseBatch
    from htvae.data.dataset import PoseSequenceDataset
    from htvae.data.loader import PoseDataLoader
    from htvae.data.processing import PoseDataProcessor
    from htvae.poses.sequence import PoseSequence

__all__ = ["PoseBatch", "PoseDataLoader", "PoseDataProcessor", "PoseSequence", "PoseSequenceDataset"]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "PoseBatch": "htvae.data.batching",
        "PoseDataLoader": "htvae.data.loader",
        "PoseDataProcessor": "htvae.data.processing",
        "PoseSequence": "htvae.poses.sequence",
        "PoseSequenceDataset": "htvae.data.dataset",
    },
)
