"""Runs of neighbours in a series of numbers."""

from collections import deque

import numpy as np


def find_shortest_run(values: np.ndarray, least: float) -> tuple[int, int] | None:
    """Return the shortest run (first, one after the last) of values (C,) that add up to ``least`` or more.

    The first of several; None where no run does. Values may be negative; the time grows linearly with C.

    Args:
        values: numbers in order.
        least: above 0.
    """
    sums = np.concatenate([[0.0], np.cumsum(values)])
    best: tuple[int, int] | None = None
    starts: deque[int] = deque()  # places where a run may start, their sums rising
    for stop, total in enumerate(sums):
        while starts and total - sums[starts[0]] >= least:
            start = starts.popleft()
            if best is None or stop - start < best[1] - best[0]:
                best = (start, stop)
        while starts and sums[starts[-1]] >= total:
            starts.pop()
        starts.append(stop)
    return best
