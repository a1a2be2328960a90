"""Frame rates of recordings, of which a model has one."""

import logging
import math
from collections import Counter
from collections.abc import Sequence

from htvae.poses.sequence import PoseSequence
from htvae.utils.text import list_names

logger = logging.getLogger(__name__)

SAME_RATE = 0.01
"""Largest relative difference of frame rates that count as equal (29.97 and 30)."""


def are_same(rate: float, other: float) -> bool:
    """Return whether two frame rates count as equal."""
    return math.isclose(rate, other, rel_tol=SAME_RATE)


def commonest_rate(sequences: Sequence[PoseSequence]) -> float | None:
    """Return the most common frame rate, the lowest of several such rates; None where no rate is known.

    Rates that count as equal are counted together; of these the one that most recordings have is returned.
    """
    rates = Counter(s.fps for s in sequences if s.fps is not None)
    alike = {rate: sum(rates[other] for other in rates if are_same(rate, other)) for rate in rates}
    return max(rates, key=lambda rate: (alike[rate], rates[rate], -rate)) if rates else None


def report_rates(sequences: Sequence[PoseSequence], fps: float | None) -> None:
    """Log which recordings are resampled to ``fps``, and which have no rate."""
    if fps is None:
        return
    others = Counter(s.fps for s in sequences if s.fps is not None and not are_same(s.fps, fps))
    if others:
        listed = ", ".join(f"{count:,} at {rate:g}" for rate, count in sorted(others.items()))
        logger.info(
            "Recordings are resampled to %g frames per second: %s, of %d.", fps, listed, len(sequences)
        )
    unknown = [s.name for s in sequences if s.fps is None]
    if unknown:
        logger.warning(
            "%d of %d recordings have no frame rate and count as %g, the model's (%s). Give it in "
            "manifest.csv, or for all with --fps.",
            len(unknown),
            len(sequences),
            fps,
            list_names(unknown[:3]),
        )
