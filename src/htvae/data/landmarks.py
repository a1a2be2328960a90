"""Landmarks that a model has: those that some training recording shows.

Axes: T frames, D coordinates.
"""

import logging
from collections.abc import Sequence

import numpy as np

from htvae.poses.sequence import PoseSequence
from htvae.utils.text import list_names

logger = logging.getLogger(__name__)


def find_seen(sequences: Sequence[PoseSequence]) -> tuple[str, ...]:
    """Return the landmarks that are seen in some recording, in order of appearance; log the others.

    A model with a landmark that nothing shows would invent it frame by frame. If no recording has any point,
    all landmarks are returned.
    """
    names = list(dict.fromkeys(name for sequence in sequences for name in sequence.landmarks))
    unseen = set(names)
    for sequence in sequences:
        pose = sequence.pose[:]
        unseen -= {
            name for i, name in enumerate(sequence.landmarks) if name in unseen and is_seen(pose[:, i])
        }
        if not unseen:
            break
    if not unseen or len(unseen) == len(names):
        return tuple(names)
    logger.warning(
        "Landmarks without a single point in the training recordings are left out of the model: %s.",
        list_names(name for name in names if name in unseen),
    )
    return tuple(name for name in names if name not in unseen)


def is_seen(points: np.ndarray) -> bool:
    """Return whether a landmark (T, D) has a point."""
    return not np.isnan(points[:, 0]).all()
