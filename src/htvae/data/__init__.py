"""From poses to the input of the model: preprocessing, splits, windows, batches, loaders."""

from htvae.data.batching import PoseBatch
from htvae.data.dataset import PoseSequenceDataset
from htvae.data.loader import PoseDataLoader
from htvae.data.processing import PoseDataProcessor
from htvae.poses.sequence import PoseSequence

__all__ = ["PoseBatch", "PoseDataLoader", "PoseDataProcessor", "PoseSequence", "PoseSequenceDataset"]
