"""The rank of this process, and the number of processes."""

import os
from typing import NamedTuple


class World(NamedTuple):
    """The place of this process among the processes that torchrun started; by default the only process."""

    rank: int = 0
    """Number of this process, from 0."""
    size: int = 1
    """Number of processes."""
    local_rank: int = 0
    """Number of this process on its machine, from 0."""
    local_size: int = 1
    """Number of processes on its machine."""

    def __str__(self) -> str:
        return f"process {self.rank + 1} of {self.size}"

    @classmethod
    def from_environment(cls) -> "World":
        """Return the place that torchrun or another launcher wrote into the environment.

        Raises:
            ValueError: ``RANK`` and ``WORLD_SIZE`` are not whole numbers with 0 <= RANK < WORLD_SIZE.
        """
        texts = os.environ.get("RANK"), os.environ.get("WORLD_SIZE")
        if texts[0] is None:  # WORLD_SIZE alone comes from another kind of launcher
            return cls()
        rank, size = (int(text) if text and text.isdecimal() else -1 for text in texts)
        if not 0 <= rank < size:
            raise ValueError(
                "RANK and WORLD_SIZE in the environment must be whole numbers, 0 <= RANK < WORLD_SIZE, as "
                f"torchrun sets them, but are {texts[0]!r} and {texts[1]!r}. Unset both, or set both."
            )
        local = (os.environ.get("LOCAL_RANK", rank), os.environ.get("LOCAL_WORLD_SIZE", size))
        return cls(rank, size, *map(int, local))
