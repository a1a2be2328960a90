"""What manifest, files and ``--fps`` say of the recordings: frame rates and from where they come."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from htvae.io.checks.finding import FolderFinding, Place
from htvae.io.checks.words import count_of
from htvae.poses.sequence import PoseSequence

FILE, MANIFEST, FLAG, UNKNOWN = "the file", "manifest.csv", "--fps", "nothing"
"""From where a recording's frame rate comes."""


@contextmanager
def collect_warnings(name: str) -> Iterator[list[str]]:
    """Collect what a logger warns of, instead of logging it."""
    logger, said = logging.getLogger(name), list[str]()
    handler, propagates = logging.Handler(logging.WARNING), logger.propagate
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield said
    finally:
        logger.propagate = propagates
        logger.removeHandler(handler)


def find_rate_origins(
    read: Sequence[PoseSequence], completed: Sequence[PoseSequence], fps: float | None
) -> list[str]:
    """Return from where each recording's frame rate comes.

    Args:
        read: the recordings as their files have them.
        completed: the same, with the manifest.
        fps: the setting.
    """
    origins = []
    for own, known in zip(read, completed, strict=True):
        if known.fps is None:
            origins.append(UNKNOWN if fps is None else FLAG)
        else:
            origins.append(FILE if own.fps == known.fps else MANIFEST)
    return origins


def describe_rates(completed: Sequence[PoseSequence], origins: Sequence[str]) -> str:
    """Return the frame rates in words, e.g. ``30 frames per second (manifest.csv)``."""
    counted = Counter((s.fps, origin) for s, origin in zip(completed, origins, strict=True))
    parts = [
        "unknown frame rate" if fps is None else f"{fps:g} frames per second ({origin})"
        for (fps, origin), _ in counted.most_common(4)
    ]
    if len(counted) > 1:
        parts = [
            f"{part} in {number:,}" for part, (_, number) in zip(parts, counted.most_common(4), strict=True)
        ]
    rest = len(counted) - len(parts)
    return ", ".join(parts) + (
        f" and {rest} other rates" if rest > 1 else " and another rate" if rest else ""
    )


def find_unknown_rates(sequences: Sequence[PoseSequence]) -> Iterator[FolderFinding]:
    """Yield a finding where some recordings have a frame rate and others none."""
    unknown = [sequence.name for sequence in sequences if sequence.fps is None]
    if unknown and len(unknown) < len(sequences):
        yield FolderFinding(
            kind="unknown_fps",
            message=(
                "Frame rates must be known for all recordings or for none, but are unknown for "
                f"{count_of(len(unknown), len(sequences), 'recording')}, which would count as the others' "
                "commonest rate."
            ),
            places=tuple(Place(recording=name) for name in unknown),
            remedy="Fill in the column fps of manifest.csv for these.",
        )
