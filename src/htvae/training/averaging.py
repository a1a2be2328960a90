"""Averaged weights, which are validated and saved."""

from typing import Any

import torch
from torch import nn

AVERAGING_STEPS = 4
"""Steps from one update of the averaged weights to the next: each goes through all weights in memory, and an
average over two hundred steps hardly changes in four."""


def share_of_latest(decay: float, step: int, passed: int = 1) -> float:
    """Return the share that the latest weights get, ``passed`` steps after the last update.

    The decay per step rises to ``decay`` (Inception's rule, ``(1 + n) / (10 + n)`` after n steps), so that
    early weights are soon forgotten.
    """
    return 1 - float(min(decay, (1 + step) / (10 + step)) ** passed)


class AveragedWeights(torch.optim.swa_utils.AveragedModel):
    """A copy of a model whose weights are an exponential moving average of the model's; buffers are the same.

    Args:
        model: what is averaged, on its device.
        decay: per step, see `share_of_latest`; 0 keeps the latest weights.
    """

    n_averaged: torch.Tensor

    def __init__(self, model: nn.Module, decay: float) -> None:
        super().__init__(model, use_buffers=False)
        self.decay = decay

    @torch.no_grad()
    def catch_up(self, model: Any, step: int) -> None:
        """Take in the model's weights after ``step`` steps, for all steps since the last time."""
        passed = step - int(self.n_averaged)
        if passed == 0:
            return
        share = share_of_latest(self.decay, step, passed)
        torch._foreach_lerp_(list(self.module.parameters()), list(model.parameters()), share)
        for own, current in zip(self.module.buffers(), model.buffers(), strict=True):
            own.copy_(current)
        self.n_averaged.fill_(step)
