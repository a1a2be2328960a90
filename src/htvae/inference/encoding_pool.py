"""The threads that encode shards side by side, the GPU of each process, and the progress that is shown."""

import logging
import os
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch
from tqdm import tqdm

from htvae.utils.world import World

logger = logging.getLogger(__name__)

LINE_INTERVAL = 10.0
"""Time (s) between two log lines about progress."""


@contextmanager
def single_threads(device: str) -> Iterator[ThreadPoolExecutor]:
    """Yield a pool of as many threads as torch uses on a CPU, each computing alone; one for a GPU."""
    count = torch.get_num_threads()

    def start() -> None:
        torch.set_num_threads(1)
        take_own_gpu()  # the current GPU is set per thread

    pool = ThreadPoolExecutor(count if device == "cpu" else 1, initializer=start)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(count)


def take_own_gpu() -> None:
    """Give each process of a machine its own GPU; processes share GPUs if there are too few."""
    if torch.cuda.is_available():
        torch.cuda.set_device(
            int(os.environ.get("LOCAL_RANK", os.environ.get("SLURM_LOCALID", 0))) % torch.cuda.device_count()
        )


def show_progress(results: Iterable[None], total: int, world: World, unit: str = "shard") -> Iterator[None]:
    """Yield the results; show a bar on the first process's terminal, or log a line now and then elsewhere."""
    on_terminal = os.isatty(2)
    last_line = time.monotonic()
    bar = tqdm(results, "Encoding", total, unit=unit, disable=not on_terminal or world.rank > 0)
    for count, result in enumerate(bar, 1):
        if not on_terminal and time.monotonic() - last_line > LINE_INTERVAL:
            of = f" ({world})" if world.size > 1 else ""
            logger.info("Encoded %d of %d %ss%s.", count, total, unit, of)
            last_line = time.monotonic()
        yield result
