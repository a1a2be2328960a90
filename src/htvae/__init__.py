"""HT-VAE: a hierarchical transformer VAE for long pose sequences.

The names below are imported when they are first asked for.
"""

from typing import TYPE_CHECKING

from htvae.utils.lazy import lazy_names

if TYPE_CHECKING:
    from htvae.analysis import AnalysisModel
    from htvae.app.model import load
    from htvae.config import Config
    from htvae.data import PoseDataLoader, PoseDataProcessor, PoseSequence, PoseSequenceDataset
    from htvae.generation import GenerativeModel
    from htvae.inference.model import TrainedModel
    from htvae.models.vae import HierarchicalTransformerVAE
    from htvae.training.trainer import HTVAETrainer

__version__ = "0.1.0"
_HOMES = {
    "AnalysisModel": "htvae.analysis.model",
    "Config": "htvae.config",
    "GenerativeModel": "htvae.generation.model",
    "HTVAETrainer": "htvae.training.trainer",
    "HierarchicalTransformerVAE": "htvae.models.vae",
    "PoseDataLoader": "htvae.data",
    "PoseDataProcessor": "htvae.data",
    "PoseSequence": "htvae.data",
    "PoseSequenceDataset": "htvae.data",
    "TrainedModel": "htvae.inference.model",
    "load": "htvae.app.model",
}
__all__ = [*_HOMES, "__version__"]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
