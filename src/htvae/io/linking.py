"""Following individuals from frame to frame."""

from collections.abc import Sequence

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.tracks import Content, Detections, Track


def link_individuals(
    content: Content, config: ReadingConfig, shown: str, notes: list[str]
) -> Sequence[Track]:
    """Return one track per individual.

    Raises:
        DataError: ids are asked for and the file has none that occur once in each frame.
    """
    found = content.individuals
    if not isinstance(found, Detections):
        return found
    raise DataError([f"{shown}: individuals cannot be followed yet."])
