"""Loss, optimiser, the whole training pipeline. The names below are imported when first asked for."""

import importlib
from typing import TYPE_CHECKING, Any

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


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
