"""Loss, optimiser, training loop, and the whole pipeline."""

from htvae.training.losses import LossManager, VAELoss
from htvae.training.trainer import FitResult, HTVAETrainer

__all__ = ["FitResult", "HTVAETrainer", "LossManager", "VAELoss"]
