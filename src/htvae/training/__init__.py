"""Loss, optimiser, the whole training pipeline. The names below are imported when first asked for."""

from typing import TYPE_CHECKING

from htvae.utils.lazy import lazy_names

if TYPE_CHECKING:
    from htvae.training.losses import LossManager, VAELoss
    from htvae.training.trainer import FitResult, HTVAETrainer

__all__ = ["FitResult", "HTVAETrainer", "LossManager", "VAELoss"]

_HOMES = {
    "FitResult": "htvae.training.trainer",
    "HTVAETrainer": "htvae.training.trainer",
    "LossManager": "htvae.training.losses",
    "VAELoss": "htvae.training.losses",
}

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
