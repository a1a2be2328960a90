"""Conversion between x and y in a file and the poses inside the package.

- Inside the package y grows upwards, and both axes have the same unit.
- In a file y may grow downwards, and x and y may be shares of an image.
- Every reader of pose files calls `to_pose`, every writer calls `to_file`; no other module knows the rules.
"""

import numpy as np
import numpy.typing as npt

from htvae.config import DataConfig
from htvae.poses.sequence import Coordinates


def coordinates_of(config: DataConfig) -> Coordinates:
    """Return the coordinates of files that are read with these settings."""
    return Coordinates(y_up=config.y_up, image_size=config.image_size)


def to_pose(points: npt.NDArray[np.floating], coordinates: Coordinates) -> npt.NDArray[np.float64]:
    """Return points (..., 2) of a file with y up and one unit for both axes."""
    return points.astype(np.float64) * _unit(coordinates) + 0.0  # turns -0 into 0


def to_file(points: npt.NDArray[np.floating], coordinates: Coordinates) -> npt.NDArray[np.float64]:
    """Return points (..., 2) of a `PoseSequence` in its file's coordinates; the inverse of `to_pose`."""
    return points.astype(np.float64) / _unit(coordinates) + 0.0


def _unit(coordinates: Coordinates) -> npt.NDArray[np.float64]:
    """Return the factors (2,) by which a file's x and y are multiplied."""
    width, height = coordinates.image_size or (1, 1)
    return np.array([width, height if coordinates.y_up else -height], np.float64)
