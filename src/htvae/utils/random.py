"""Random numbers that depend on what they are for, a seed and a place; on nothing else."""

from typing import Literal, get_args

import numpy as np

Purpose = Literal[
    "tiling", "order", "window", "noise", "dropout", "prior", "prior validation", "label", "script"
]
"""What random numbers are for."""


def random_stream(purpose: Purpose, seed: int, epoch: int, index: int = 0) -> np.random.Generator:
    """Return random numbers that depend on nothing but these, different ones for each purpose."""
    return np.random.default_rng((seed, epoch, index, get_args(Purpose).index(purpose)))


def random_seed(purpose: Purpose, seed: int, epoch: int, index: int = 0) -> int:
    """Return a seed in [0, 2^63) that depends on nothing but these, as `random_stream`."""
    return int(random_stream(purpose, seed, epoch, index).integers(2**63 - 1))
