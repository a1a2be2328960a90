"""Use of a trained model: its file, encoding and reconstruction of recordings, encoding of a corpus."""

from htvae.inference.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from htvae.inference.model import Encoding, TrainedModel

__all__ = ["Checkpoint", "Encoding", "TrainedModel", "load_checkpoint", "save_checkpoint"]
