"""Names and durations as text that any terminal or log can show."""

import math
from collections.abc import Iterable

_MOST_SHOWN = 60
_MOST_LISTED = 20


def printable(name: object) -> str:
    """Return a file name that any terminal or log can show, without line breaks or broken characters."""
    text = str(name).encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def shorten(cell: str) -> str:
    """Return a cell, or the beginning of a long one, as any terminal or log can show it."""
    return printable(cell if len(cell) <= _MOST_SHOWN else cell[:_MOST_SHOWN] + "...")


def list_names(names: Iterable[str]) -> str:
    """Return names in a row as any terminal or log can show them; of many names only the first few."""
    shown = [shorten(name) for name in names]
    return ", ".join(shown[:_MOST_LISTED]) + (", ..." if len(shown) > _MOST_LISTED else "")


def format_duration(seconds: float) -> str:
    """Return a duration in words: ``0.4 s``, ``52 s``, ``3 min 20 s``, ``2 h 05 min``."""
    if not math.isfinite(seconds):
        return "unknown time"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"
