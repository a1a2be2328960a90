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

    def __str__(self) -> str:
        return f"process {self.rank + 1} of {self.size}"

    @classmethod
    def from_environment(cls) -> "World":
        """Return what torchrun, or whoever else starts several processes, says in the environment.

        Raises:
            ValueError: ``RANK`` and ``WORLD_SIZE`` do not fit each other.
        """
        texts = os.environ.get("RANK"), os.environ.get("WORLD_SIZE")
        if texts[0] is None:  # a size alone is some other launcher's
            return cls()
        rank, size = (int(text) if text and text.isdecimal() else -1 for text in texts)
        if not 0 <= rank < size:
            raise ValueError(
                "RANK and WORLD_SIZE in the environment must be whole numbers, 0 <= RANK < WORLD_SIZE, as "
                f"torchrun sets them, but are {texts[0]!r} and {texts[1]!r}. Unset both, or set both."
            )
        local = (os.environ.get("LOCAL_RANK", rank), os.environ.get("LOCAL_WORLD_SIZE", size))
        return cls(rank, size, *map(int, local))
