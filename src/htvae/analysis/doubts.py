"""What a reader of results must know before believing them, as data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Doubt:
    """Something doubtful about results."""

    kind: str
    """Kind, a word for programs, such as ``few_subjects``."""
    text: str
    """What is doubtful and what to do, in words."""
