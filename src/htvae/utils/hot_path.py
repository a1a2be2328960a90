"""Keeping other work of this process away from training's steps.

Both were found in steps of 2,048 frames on two cores: threads of numpy's BLAS turn idly for some 30 ms after
each product and take a core from PyTorch; a full search for unreachable objects takes as long as a step.
"""

import contextlib
import gc
from collections.abc import Iterator

from threadpoolctl import threadpool_limits


@contextlib.contextmanager
def keep_clear() -> Iterator[None]:
    """Give numpy's BLAS one thread, and leave what exists already out of collections.

    PyTorch's threads stay as they are.
    """
    gc.freeze()
    try:
        with threadpool_limits(1, user_api="blas"):
            yield
    finally:
        gc.unfreeze()


def use_one_blas_thread(worker: int) -> None:
    """Give numpy's BLAS one thread from now on: the start of a process that loads data."""
    threadpool_limits(1, user_api="blas")
