"""How learning rate, averaging and validations go along a run."""

import math
from collections.abc import Callable
from typing import Any

import torch

FINAL_RATE = 0.01
"""Share of the learning rate that is left at the end of the cosine."""


def learning_rate_factor(step: int, warmup: int, total: int) -> float:
    """Return the share of the learning rate at a step: linear warm-up, then a cosine down to `FINAL_RATE`."""
    if step < warmup:
        return (step + 1) / warmup
    progress = min(1.0, (step - warmup) / max(1, total - warmup))
    return FINAL_RATE + (1 - FINAL_RATE) * 0.5 * (1 + math.cos(math.pi * progress))


def averaging(decay: float) -> Callable[[Any, Any, Any], None]:
    """Return an exponential moving average, ``multi_avg_fn`` of torch's `AveragedModel`.

    Its decay rises to ``decay`` (Inception's rule, ``(1 + n) / (10 + n)``), so that early weights are soon
    forgotten.
    """

    @torch.no_grad()
    def update(averaged: Any, current: Any, num_averaged: Any) -> None:
        count = int(num_averaged)
        torch._foreach_lerp_(list(averaged), list(current), 1 - min(decay, (1 + count) / (10 + count)))

    return update


def spread_evenly(total_steps: int, interval: int) -> int:
    """Return an interval, at most the one asked for, whose last validation is on the end or just before."""
    return max(1, total_steps // -(-total_steps // interval))
