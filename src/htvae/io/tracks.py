"""What one file of a tracker holds before it becomes recordings: `Content`, made by the readers.

Axes: T frames, L landmarks, D coordinates, n detections.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from htvae.poses.sequence import Coordinates

IMAGE = Coordinates(y_up=False)
"""Coordinates of image pixels."""
UPRIGHT = Coordinates()
"""Coordinates with y up."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Track:
    """The points of one individual, or of one tracklet, in consecutive frames."""

    landmarks: tuple[str, ...]
    points: npt.NDArray[np.floating]
    """(T, L, D) in the file's coordinates; a point with a NaN is missing."""
    confidence: npt.NDArray[np.floating] | None = None
    """(T, L), 0..1 in most formats; NaN counts as 0. None: the file has none."""
    individual: str = ""
    """Name of the individual; empty where the file holds one and names none."""
    first_frame: int = 0
    """Frame number in the file of ``points[0]``."""
    take: str = ""
    """Name of the take, where a file holds takes of different times: tracks of one take are one session.
    Empty where the file is one take."""
    subject: str = ""
    """Name of the person or animal, where the file tells it apart from the individual's; else empty."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Detections:
    """Individuals found frame by frame: which one is which from frame to frame is open, or said by ids."""

    landmarks: tuple[str, ...]
    frames: npt.NDArray[np.integer]
    """(n,) frame number of each detection, in any order."""
    points: npt.NDArray[np.floating]
    """(n, L, D) in the file's coordinates; a point with a NaN is missing."""
    confidence: npt.NDArray[np.floating] | None = None
    """(n, L). None: the file has none."""
    ids: npt.NDArray[np.integer] | None = None
    """(n,) identity in the file, -1 where a detection has none. None: the file has none."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a reader found in one file (or in one folder of a file per frame)."""

    individuals: Sequence[Track] | Detections
    fps: float | None = None
    """Frame rate (1/s) that the file states, None where it states none."""
    coordinates: Coordinates = UPRIGHT
    """Meaning of the coordinates as the format defines it; y_up, z_up and image_size go before it."""
    are_shares: bool = False
    """Whether x and y are shares (0..1) of an image, so that ``image_size`` is needed for one unit."""
    keeps_ends: bool = False
    """Whether frames without any point at both ends belong to the recording."""
    notes: tuple[str, ...] = ()
    """What is unusual but accepted, one sentence each, without a point at the end."""
