"""The rank of this process, and the number of processes."""

import os
from typing import NamedTuple


class World(NamedTuple):
    """The place of this process among those that share the work; by default the only process."""

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

    @classmethod
    def from_job(cls) -> "World":
        """Return the place among the tasks of a SLURM job, where torchrun or another launcher wrote none.

        Tasks are those of an array job (``SLURM_ARRAY_TASK_ID``), those that ``srun`` starts at once
        (``SLURM_PROCID``), or both. Not all of them need ever start, so this serves only work that any task
        can finish.

        Raises:
            ValueError: as for `from_environment`, or SLURM's variables are not whole numbers.
        """
        if "RANK" in os.environ:
            return cls.from_environment()
        task, first = _read_number("SLURM_ARRAY_TASK_ID", 0), _read_number("SLURM_ARRAY_TASK_MIN", 0)
        num_tasks = max(
            _read_number("SLURM_ARRAY_TASK_COUNT", 1),
            _read_number("SLURM_ARRAY_TASK_MAX", first) - first + 1,
            task - first + 1,
        )
        number, count = _read_number("SLURM_PROCID", 0), _read_number("SLURM_NTASKS", 1)
        count = max(count, number + 1)
        return cls(
            (task - first) * count + number, num_tasks * count, _read_number("SLURM_LOCALID", 0), count
        )


def _read_number(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not text.isdecimal():
        raise ValueError(f"{name} in the environment must be a whole number, but is {text!r}. Unset it.")
    return int(text)
