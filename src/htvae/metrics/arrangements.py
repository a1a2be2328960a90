"""Ways to exchange rows within blocks: all of them where they are few, random ones where they are many.

An arrangement is an array (n,) of row indices: row i gets the group of row ``arrangement[i]``. The first
arrangement leaves all rows where they are.

Axes: ``n`` rows, ``P`` arrangements, ``G`` groups.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

_MOST_RELABELLED = 6
"""Most groups whose renamings are all tried; more have 720 and more."""


@dataclass(frozen=True, eq=False)
class Arrangements:
    """Arrangements to test with."""

    rows: np.ndarray
    """Row indices (P, n); the first arrangement is the one observed."""
    is_complete: bool
    """Whether these are all arrangements that exist, each once."""

    def p_values(self, at_least_as_large: np.ndarray) -> np.ndarray:
        """Return p-values from the number of arrangements, the observed one included, that are as extreme.

        Random arrangements count the observed one beside the drawn ones, so that p is never 0.

        Source: Phipson & Smyth 2010, "Permutation P-values Should Never Be Zero".
        """
        return np.asarray(at_least_as_large, np.float64) / len(self.rows)


def count_arrangements(kinds: np.ndarray, blocks: np.ndarray) -> int:
    """Return the number of different arrangements of kinds (n,) within blocks (n,)."""
    count = 1
    for block in np.unique(blocks):
        sizes = np.unique(kinds[blocks == block], return_counts=True)[1]
        count *= math.factorial(int(sizes.sum())) // math.prod(math.factorial(int(size)) for size in sizes)
    return count


def make_arrangements(
    kinds: np.ndarray, blocks: np.ndarray, num_arrangements: int, rng: np.random.Generator
) -> Arrangements:
    """Return all arrangements if there are at most ``num_arrangements``, else as many random ones.

    Args:
        kinds: (n,) integers; exchanging two rows of one kind changes nothing.
        blocks: (n,) integers; rows are exchanged within their block only.
        num_arrangements: P, at least 1; the observed arrangement comes on top of random ones.
        rng: source of random arrangements.
    """
    if count_arrangements(kinds, blocks) <= num_arrangements:
        return Arrangements(_all_arrangements(kinds, blocks), True)
    return Arrangements(_random_arrangements(blocks, num_arrangements, rng), False)


def least_p(groups: np.ndarray, blocks: np.ndarray, num_arrangements: int) -> float:
    """Return the smallest p-value that a two-sided test of groups (n,) within blocks (n,) can give.

    Arrangements that only rename the groups give the same statistic: with two groups of four there are 70
    arrangements, each with a mirror image, so the least p is 2 / 70.

    Args:
        groups: (n,) integers from 0.
        blocks: (n,) integers.
        num_arrangements: most arrangements that are tried.
    """
    counts = _count_cells(groups, blocks)
    num_groups = counts.shape[1]
    renamings = (
        itertools.permutations(range(num_groups))
        if num_groups <= _MOST_RELABELLED
        else [tuple(range(num_groups))]
    )
    same = sum(np.array_equal(counts[:, list(order)], counts) for order in renamings)
    return max(same / count_arrangements(groups, blocks), 1 / (num_arrangements + 1))


def _count_cells(groups: np.ndarray, blocks: np.ndarray) -> np.ndarray:
    """Return the number of rows (blocks, G) by block and group."""
    block_index = np.unique(blocks, return_inverse=True)[1]
    counts = np.zeros((block_index.max() + 1, groups.max() + 1), int)
    np.add.at(counts, (block_index, groups), 1)
    return counts


def _random_arrangements(blocks: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return (count + 1, n): the observed arrangement, then random ones."""
    index = np.unique(blocks, return_inverse=True)[1]
    home = np.argsort(index, kind="stable")
    rows = np.empty((count + 1, len(blocks)), np.int64)
    rows[0] = np.arange(len(blocks))
    rows[1:, home] = np.argsort(index + rng.random((count, len(blocks))), axis=1)
    return rows


def _all_arrangements(kinds: np.ndarray, blocks: np.ndarray) -> np.ndarray:
    """Return every arrangement once, the observed one first."""
    names = np.unique(blocks)
    places = [np.flatnonzero(blocks == name) for name in names]
    choices = [_arrange_block(place, kinds[place]) for place in places]
    picks = np.stack(np.unravel_index(np.arange(math.prod(map(len, choices))), [len(c) for c in choices]))
    rows = np.empty((picks.shape[1], len(blocks)), np.int64)
    for place, choice, pick in zip(places, choices, picks, strict=True):
        rows[:, place] = choice[pick]
    return rows


def _arrange_block(place: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """Return every different arrangement (P, size) of one block's row indices, the observed one first."""
    names, own = np.unique(kinds, return_inverse=True)
    counts = np.bincount(own).tolist()
    drawn = np.array(list(_deal(counts, len(own))), np.int64).reshape(-1, len(own))
    first = np.flatnonzero((drawn == own).all(axis=1))[0]
    drawn[[0, first]] = drawn[[first, 0]]
    example = np.array([place[np.flatnonzero(own == kind)[0]] for kind in range(len(names))])
    return example[drawn]


def _deal(counts: Sequence[int], size: int) -> Iterator[list[int]]:
    """Yield every different order of kinds that occur ``counts`` times each."""
    if size == 0:
        yield []
        return
    for kind, count in enumerate(counts):
        if count:
            left = [*counts]
            left[kind] -= 1
            for rest in _deal(left, size - 1):
                yield [kind, *rest]
