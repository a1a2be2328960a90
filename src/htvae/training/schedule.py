"""How learning rate and validations go along a run."""

import math

FINAL_RATE = 0.01
"""Share of the learning rate that is left at the end of the cosine."""


def learning_rate_factor(step: int, warmup: int, progress: float) -> float:
    """Return the share of the learning rate at a step: linear warm-up, then a cosine down to `FINAL_RATE`.

    Args:
        step: optimiser steps taken.
        warmup: optimiser steps of the warm-up.
        progress: share of the run that is over, on which the cosine counts.
    """
    if step < warmup:
        return (step + 1) / warmup
    progress = min(1.0, progress)
    return FINAL_RATE + (1 - FINAL_RATE) * 0.5 * (1 + math.cos(math.pi * progress))


def spread_evenly(total_steps: int, interval: int) -> int:
    """Return an interval, at most the one asked for, whose last validation is on the end or just before."""
    return max(1, total_steps // -(-total_steps // interval))
