"""What the formats of motion capture, TRC and C3D, ask of recordings."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from htvae.io.writers.base import Session, join_session
from htvae.poses.sequence import Coordinates, PoseSequence

LARGEST_IN_METRES = 10
"""A body that extends further than this is not in metres, but in mm."""


def join_markers(recordings: Sequence[PoseSequence], coordinates: Coordinates, title: str) -> Session:
    """Return the recordings of one session with three coordinates; z is 0 where they have two.

    Args:
        recordings: one per individual.
        coordinates: those of the file.
        title: name of the format in messages.

    Raises:
        ValueError: the frame rate is unknown, or they cannot stand in one file.
    """
    session = join_session([replace(recording, coordinates=coordinates) for recording in recordings])
    if session.fps is None:
        raise ValueError(
            f"{recordings[0].name}: a {title} file states the frame rate, but the recording's is unknown. "
            "Give it with --fps, or in manifest.csv."
        )
    if session.points.shape[-1] == 3:
        return session
    depth = np.where(session.observed, 0.0, np.nan)[..., None]
    return replace(session, points=np.concatenate([session.points, depth], axis=-1))


def guess_unit(points: np.ndarray) -> str:
    """Return the unit (m or mm) of points (..., L, 3), which the formats state and recordings do not know."""
    seen = points[~np.isnan(points).any(axis=-1)]
    return "m" if not len(seen) or np.ptp(seen, axis=0).max() < LARGEST_IN_METRES else "mm"
