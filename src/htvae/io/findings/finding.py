"""What a finding is."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "sentinel",
    "frozen",
    "repeated",
    "swap",
    "spike",
    "jump",
    "cut",
    "still",
    "never_seen",
    "one_sided",
    "upside_down",
    "lying",
    "shares",
    "percent_confidence",
]
"""Kinds of findings; docs/data_format.md describes each. percent_confidence is found in a file's columns."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something in a recording that is likely to be wrong."""

    kind: Kind
    landmarks: tuple[str, ...]
    """Landmarks concerned, in the recording's order."""
    spans: tuple[tuple[int, int], ...]
    """Frames of the source from .. to, the last exclusive, in order."""
    share: float
    """Share (0..1) of the observed points that are concerned."""
    detail: str
    """Short phrase with numbers, such as "120 points at exactly (0, 0)"."""
