"""Conversion between the coordinates of a file and those of poses inside the package.

- Inside the package x grows to the right, y upwards, z towards the viewer (a right-handed system), and all
  axes have the same unit.
- In a file y may grow downwards, z may grow upwards, and x and y may be shares of an image.
- With three coordinates, a change of axes is a rotation: it never mirrors a body.
- Every reader of pose files calls `to_pose`, every writer calls `to_file`; no other module knows the rules.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from htvae.config import ReadingConfig
from htvae.poses.sequence import Coordinates


def coordinates_of(config: ReadingConfig, of_format: Coordinates | None = None) -> Coordinates:
    """Return the coordinates of files that are read with these settings.

    Args:
        config: the settings; what they leave open follows the format.
        of_format: coordinates that the format defines. None: those of a pose CSV, y up.
    """
    known = of_format or Coordinates()
    changes = {name: value for name in ("y_up", "z_up") if (value := getattr(config, name)) is not None}
    if changes.get("y_up"):
        changes["z_up"] = False
    if changes.get("z_up"):
        changes["y_up"] = True
    return replace(known, **changes, image_size=config.image_size or known.image_size)


def to_pose(points: npt.NDArray[np.floating], coordinates: Coordinates) -> npt.NDArray[np.float64]:
    """Return points (..., D) of a file, D 2 or 3, with y up and one unit for all axes."""
    placed = points.astype(np.float64) * _unit(coordinates, points.shape[-1])
    if coordinates.z_up and points.shape[-1] == 3:
        x, y, z = np.moveaxis(placed, -1, 0)
        placed = np.stack((x, z, -y), axis=-1)
    return placed + 0.0  # turns -0 into 0


def to_file(points: npt.NDArray[np.floating], coordinates: Coordinates) -> npt.NDArray[np.float64]:
    """Return points (..., D) of a `PoseSequence` in its file's coordinates; the inverse of `to_pose`."""
    placed = points.astype(np.float64)
    if coordinates.z_up and points.shape[-1] == 3:
        x, y, z = np.moveaxis(placed, -1, 0)
        placed = np.stack((x, -z, y), axis=-1)
    return placed / _unit(coordinates, points.shape[-1]) + 0.0


def _unit(coordinates: Coordinates, num_coordinates: int) -> npt.NDArray[np.float64]:
    """Return the factors (D,) by which a file's coordinates are multiplied.

    A third coordinate has the unit of x. It turns with y, so that a body is rotated and not mirrored.
    """
    width, height = coordinates.image_size or (1, 1)
    sign = 1 if coordinates.y_up or (coordinates.z_up and num_coordinates == 3) else -1
    return np.array([width, sign * height, sign * width], np.float64)[:num_coordinates]
