"""Counts, lists and frames in words."""

from collections.abc import Iterable, Sequence

from htvae.utils.text import shorten

MOST_NAMES = 5
MOST_SPANS = 3


def count(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: 1 subject, 2 subjects, 1,024 frames."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def count_of(number: int, total: int, noun: str) -> str:
    """Return a part of a whole: 2 of 3 recordings, 1 of 1 recording."""
    return f"{number:,} of {count(total, noun)}"


def list_some(names: Iterable[str], most: int = MOST_NAMES) -> str:
    """Return names in a row; of many the first few and how many more there are."""
    listed = list(names)
    if len(listed) <= most + 1:
        return ", ".join(map(shorten, listed))
    return f"{', '.join(map(shorten, listed[:most]))} and {len(listed) - most:,} more"


def share(part: float) -> str:
    """Return a share (0..1) in percent; a small one is not rounded to nothing."""
    if 0 < part < 0.0005:
        return "under 0.1%"
    return f"{part:.0%}" if part >= 0.995 or part == 0 else f"{part:.1%}"


def frames(spans: Sequence[tuple[int, int]]) -> str:
    """Return spans of frames, the last of each exclusive: frame 3, or frames 3 to 5, 9."""
    parts = [f"{start}" if stop - start == 1 else f"{start} to {stop - 1}" for start, stop in spans]
    shown = ", ".join(parts[:MOST_SPANS])
    more = f" and {len(parts) - MOST_SPANS:,} more spans" if len(parts) > MOST_SPANS + 1 else ""
    if len(parts) == MOST_SPANS + 1:
        shown = ", ".join(parts)
    is_one = len(spans) == 1 and spans[0][1] - spans[0][0] == 1
    return f"{'frame' if is_one else 'frames'} {shown}{more}"
