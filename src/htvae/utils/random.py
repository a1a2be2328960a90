"""Random numbers that depend on a purpose, a seed, an epoch and an index, and on nothing else."""

from typing import Literal, get_args

import numpy as np

Purpose = Literal[
    "tiling",
    "order",
    "window",
    "noise",
    "dropout",
    "prior",
    "prior validation",
    "label",
    "script",
    "linear code",
    "judge",
]
"""Purpose of random numbers; different purposes get different numbers."""


def random_stream(purpose: Purpose, seed: int, epoch: int, index: int = 0) -> np.random.Generator:
    """Return a generator whose numbers depend on the arguments alone."""
    return np.random.default_rng((seed, epoch, index, get_args(Purpose).index(purpose)))


def random_seed(purpose: Purpose, seed: int, epoch: int, index: int = 0) -> int:
    """Return a seed in [0, 2^63 - 1) that depends on the arguments alone."""
    return int(random_stream(purpose, seed, epoch, index).integers(2**63 - 1))
