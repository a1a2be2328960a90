"""A trained model at work: its file, encoding, reconstruction, a whole corpus."""

from htvae.inference.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from htvae.inference.model import Encoding, TrainedModel

__all__ = ["Checkpoint", "Encoding", "TrainedModel", "load_checkpoint", "save_checkpoint"]
