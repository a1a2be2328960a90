"""A finding about a folder: what must hold, what was found, where, and what mends it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where something was found."""

    recording: str
    spans: tuple[tuple[int, int], ...] = ()
    """Frames of the source from .. to, the last exclusive. Empty: the whole recording."""
    landmarks: tuple[str, ...] = ()
    """Landmarks concerned. Empty: all, or none in particular."""
    detail: str = ""
    """Short phrase with numbers."""


@dataclass(frozen=True, kw_only=True)
class FolderFinding:
    """Something in a folder that is likely to be wrong."""

    kind: str
    """Kind in one word, the same in all versions, for programs."""
    message: str
    """Sentence: what must hold, what was found."""
    remedy: str
    """Sentence: the flag or the edit that mends it."""
    places: tuple[Place, ...] = ()
    details: tuple[str, ...] = ()
    """Further lines, for findings that are not about single recordings."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings that mend it, by name; the training command gets their flags."""
    to_add: tuple[str, ...] = ()
    """Flags with values that only the user knows, such as ``--image_size WIDTH HEIGHT``."""
