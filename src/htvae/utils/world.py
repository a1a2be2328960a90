"""Which of several processes this one is."""

import os
from typing import NamedTuple


class World(NamedTuple):
    """The place of this process among those that torchrun started; the only one by default."""

    rank: int = 0
    """Which one, from 0."""
    size: int = 1
    """How many."""
    local_rank: int = 0
    """Which one on its machine, from 0."""
    local_size: int = 1
    """How many on its machine."""

    @classmethod
    def from_environment(cls) -> "World":
        """Return what torchrun says in the environment; without torchrun, the only process."""
        if "TORCHELASTIC_RUN_ID" not in os.environ:
            return cls()
        names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
        return cls(*(int(os.environ[name]) for name in names))
