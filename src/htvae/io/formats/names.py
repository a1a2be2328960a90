"""Names of landmarks in files."""

import re
from collections import Counter
from collections.abc import Iterable

UNLABELLED = re.compile(r"\*[0-9]*")
"""Names that motion capture gives to markers without a label."""


def find_repeated(names: Iterable[str]) -> list[str]:
    """Return the names that occur more than once, in the order of their first occurrence."""
    return [name for name, count in Counter(names).items() if count > 1]
