"""A bar of progress on a terminal."""

import os
from collections.abc import Collection, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def show_bar(items: Collection[Item], title: str, is_shown: bool = True) -> Iterator[Item]:
    """Yield the items; show how many are done and how long the rest will take, if stderr is a terminal."""
    import tqdm

    yield from tqdm.tqdm(items, title, unit="file", disable=not (is_shown and os.isatty(2)))
