"""The one place that knows what x and y in a file mean, there and back.

Inside the package y grows upwards and both axes share one unit. A file may count y downwards, or give x and y
as shares of an image. Every reader of pose files calls `to_pose`, every writer `to_file`.
"""

import numpy as np
import numpy.typing as npt

from htvae.config import DataConfig
from htvae.poses.sequence import Coordinates


def coordinates_of(config: DataConfig) -> Coordinates:
    """Return the coordinates that the settings give to files."""
    return Coordinates(y_up=config.y_up, image_size=config.image_size)


def to_pose(points: npt.NDArray[np.floating], coordinates: Coordinates) -> npt.NDArray[np.float64]:
    """Return points (..., 2) of a file as the package computes with them: y up, one unit for both axes."""
    return points.astype(np.float64) * _unit(coordinates) + 0.0  # 0 and not -0


def to_file(points: npt.NDArray[np.floating], coordinates: Coordinates) -> npt.NDArray[np.float64]:
    """Return points (..., 2) of a `PoseSequence` as they stand in its file; the inverse of `to_pose`."""
    return points.astype(np.float64) / _unit(coordinates) + 0.0


def _unit(coordinates: Coordinates) -> npt.NDArray[np.float64]:
    """Return the factors (2,) from a file's x and y to ours."""
    width, height = coordinates.image_size or (1, 1)
    return np.array([width, height if coordinates.y_up else -height], np.float64)
