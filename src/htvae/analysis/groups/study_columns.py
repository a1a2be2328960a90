"""Columns of the manifest as groups, blocks and covariates."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from htvae.utils.text import list_names

MOST_GROUPS = 20
_MOST_NUMBERS = 10
"""Different numbers that a column of groups may have; more are a quantity."""
_FEWEST_QUANTITIES = 6
"""Different numbers from which a covariate is a quantity; fewer are categories."""


def check_groups(name: str, values: Sequence[str | None]) -> tuple[str, ...]:
    """Return the names of the groups in alphabetic order.

    Raises:
        ValueError: there is one group, or values are a quantity, or far too many.
    """
    groups = sorted({str(value) for value in values})
    if len(groups) < 2:
        raise ValueError(
            f"{name} must have at least two groups, but all {len(values)} recordings have {groups[0]}. "
            "Choose another column."
        )
    numbers = parse_numbers(groups)
    if numbers is not None and len(groups) > _MOST_NUMBERS:
        middle = np.median([float(str(value)) for value in values])
        raise ValueError(
            f"{name} must name groups, but has {len(groups)} different numbers, from {numbers.min():g} to "
            f"{numbers.max():g}. Choose groups: add a column to manifest.csv, such as below and above "
            f"{middle:g}. To hold the number fixed, use --adjust {name}."
        )
    if len(groups) > MOST_GROUPS:
        raise ValueError(
            f"{name} must name at most {MOST_GROUPS} groups, but has {len(groups)} different values. Choose "
            "another column, or add one to manifest.csv that joins them."
        )
    return tuple(groups)


def encode_columns(columns: Mapping[str, Sequence[str | None]], num_rows: int) -> np.ndarray:
    """Return covariates as numbers (n, c).

    A column of numbers with at least six different values is a quantity and enters linearly. Any other is a
    category: each value but the first has a column of zeros and ones.
    """
    encoded = [np.zeros((num_rows, 0))]
    for column in columns.values():
        texts = [str(value) for value in column]
        numbers = parse_numbers(texts)
        if numbers is not None and len(set(texts)) >= _FEWEST_QUANTITIES:
            encoded.append(((numbers - numbers.mean()) / max(float(numbers.std()), 1e-12))[:, None])
        else:
            names = sorted(set(texts))[1:]
            encoded.append((np.array(texts)[:, None] == np.array(names, str)).astype(np.float64))
    return np.hstack(encoded)


def parse_numbers(texts: Sequence[str]) -> np.ndarray | None:
    """Return texts as numbers, None where one is no finite number."""
    try:
        numbers = np.array([float(text) for text in texts])
    except ValueError:
        return None
    return numbers if np.isfinite(numbers).all() else None


def join_blocks(found: Sequence[frozenset[str]]) -> tuple[np.ndarray, list[str]]:
    """Return the block (u,) of each row, and the names of blocks that join several values.

    A subject that was recorded in several blocks can be exchanged with subjects of the same several blocks.
    """
    names = [" and ".join(sorted(values)) for values in found]
    index = np.unique(names, return_inverse=True)[1]
    joined = Counter(name for name, values in zip(names, found, strict=True) if len(values) > 1)
    return index, [f"{name} ({count})" for name, count in joined.items()]


def find_column(known: Mapping[str, Sequence[str | None]], name: str, flag: str) -> Sequence[str | None]:
    """Return a column by name.

    Raises:
        ValueError: there is none of that name.
    """
    if name not in known:
        raise ValueError(
            f"{flag} must name a column of manifest.csv, but got {name!r}. Known: {list_names(known)}."
        )
    return known[name]
