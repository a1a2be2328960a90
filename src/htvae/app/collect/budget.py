"""What fits into a file of limited size: poses are thinned out first, then recordings are left out."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

COARSER = 2
"""Factor by which poses are thinned out where they do not fit."""
FIXED_BYTES = 700_000
"""Bytes of a report without recordings: the page, its figures, sliders and generated motion."""
BYTES_PER_FRAME = 5.6
"""Bytes that a model frame takes besides its poses: curves, moments, features for search, attention."""
BYTES_PER_SPAN = 22
"""Bytes of a labelled span, or of a stay in a motif."""
BYTES_PER_RECORDING = 800
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Plan:
    """What a report holds."""

    kept: list[int]
    """Indices of the recordings."""
    is_coarse: bool
    """Whether poses are thinned out."""
    notes: list[str]
    """What was left out, in words."""


def choose_evenly(count: int, wanted: int) -> list[int]:
    """Return so many of ``count`` indices, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(wanted, count)).round().astype(int)).tolist()


def plan_report(fine: Sequence[int], coarse: Sequence[int], max_mb: float) -> Plan:
    """Return which recordings fit, and how finely.

    Args:
        fine: bytes that each recording takes.
        coarse: bytes that it takes with poses thinned out.
        max_mb: size of the file, megabytes of 1,000,000 bytes.
    """
    room = max_mb * MEGABYTE - FIXED_BYTES
    everything = list(range(len(fine)))
    if sum(fine) <= room:
        return Plan(everything, False, [])
    needed = f"--max_mb {(sum(fine) + FIXED_BYTES) / MEGABYTE:.0f} keeps everything"
    thinned = f"Poses are stored half as often as usual to keep the file below {max_mb:g} MB; {needed}."
    if sum(coarse) <= room:
        return Plan(everything, True, [thinned])
    sizes = range(1, len(coarse) + 1)
    fitting = bisect_right(sizes, room, key=lambda n: sum(coarse[i] for i in choose_evenly(len(coarse), n)))
    kept = choose_evenly(len(coarse), max(1, fitting))
    left = (
        f"{len(fine) - len(kept)} of {len(fine)} recordings are left out, evenly spread, to keep the file "
        f"below {max_mb:g} MB; scores and groups count all of them."
    )
    return Plan(kept, True, [left, thinned])


def estimate_bytes(pose_text: int, num_frames: int, num_spans: int) -> int:
    """Return the bytes that a recording takes in a report.

    Args:
        pose_text: bytes of its packed poses.
        num_frames: its model frames.
        num_spans: its labelled spans and stays in motifs.
    """
    return round(pose_text + BYTES_PER_FRAME * num_frames + BYTES_PER_SPAN * num_spans + BYTES_PER_RECORDING)
