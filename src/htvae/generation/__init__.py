"""New motion from a trained model and its prior."""

from htvae.generation.model import GenerativeModel
from htvae.generation.script import Script

__all__ = ["GenerativeModel", "Script"]
