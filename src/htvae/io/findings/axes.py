"""Which way is up in a recording, and in which unit its coordinates are.

- People stand: the head is above the shoulders, the hips, the knees and the feet.
- Animals with feet stand on them, if the camera looks from the side. From above, the feet turn with the
  animal, and nothing is known.

Axes: T frames, L landmarks, D coordinates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from htvae.io.findings.measures import Poses, length, observed_in
from htvae.poses.landmarks import canonical_name

CoordinateKind = Literal["body", "0..1", "pixels"]
"""Kind of a file's coordinates. 0..1: shares of the image. body: centred on the body, or neither of the
others."""

_PARTS = (
    ("HEAD", "NOSE", "EYE", "EAR", "MOUTH", "NECK", "FACE"),
    ("SHOULDER", "CLAVICLE"),
    ("HIP", "PELVIS", "THIGH", "LEG_UP"),
    ("KNEE", "SHANK", "CALF", "SHIN"),
    ("ANKLE", "HEEL", "FOOT", "TOE"),
)
"""Words in the names of people's landmarks, from top to bottom."""
_HEAD, _HIPS = 0, 2
_ANIMAL = (
    *("TAIL", "PAW", "SNOUT", "HOOF", "WING", "BEAK", "MUZZLE", "WHISKER", "THORAX", "ABDOMEN", "ANTENNA"),
    *("CLAW", "WITHERS"),
)
"""Words that only names of animals' landmarks have."""
_ANIMAL_FEET = ("PAW", "HOOF", "FOOT", "TOE", "CLAW")
_DECISIVE = 0.5
"""Least share (0..1) of a body's extent along an axis of a frame in which it points along that axis."""
_AGREEING = 0.8
"""Least share (0..1) of the decisive frames that agree, for people."""
_ANIMAL_AGREEING = 0.95
"""Least share (0..1) of all frames that agree, for animals."""
_LEAST_DECISIVE = 0.3
"""Least share (0..1) of frames that are decisive."""
_LEAST_FRAMES = 10
"""Fewest decisive frames."""
_MOST_OUTSIDE = 1.25
"""Largest y of shares of an image: feet below the image are common."""


@dataclass(frozen=True)
class Upright:
    """The axis along which bodies stand."""

    axis: int
    """Index of the coordinate: 1 is y."""
    is_positive: bool
    """Whether the head is at its larger values."""
    share: float
    """Share (0..1) of decisive frames that agree."""


def find_upright(pose: Poses, landmarks: Sequence[str]) -> Upright | None:
    """Return the axis along which bodies stand; None where names or frames do not tell.

    Args:
        pose: (T, L, D), y up if the settings are right.
        landmarks: names of axis L.
    """
    names = [canonical_name(name) for name in landmarks]
    is_animal = any(word in name for name in names for word in _ANIMAL)
    body = _find_animal(pose, names) if is_animal else _find_person(pose, names)
    if body is None:
        return None
    body = body[observed_in(body)]
    return _judge(body, is_animal) if len(body) else None


def recognise_coordinates(points: Poses) -> CoordinateKind:
    """Return the likely kind of a file's coordinates (T, L, D), lost points left out."""
    known = points[observed_in(points)][:, :2]
    if not len(known):
        return "body"
    low, high = np.quantile(known, (0.05, 0.95), axis=0)
    if (low < 0).any():
        return "body"
    if high.max() > 10:
        return "pixels"
    return "0..1" if points.shape[-1] == 2 and high[0] <= 1 and high[1] <= _MOST_OUTSIDE else "body"


def _find_person(pose: Poses, names: Sequence[str]) -> Poses | None:
    """Return the vector (T, D) from a person's lowest part to the highest; None where these are unknown."""
    parts = [[i for i, name in enumerate(names) if any(word in name for word in words)] for words in _PARTS]
    present = [index for index, part in enumerate(parts) if part]
    if len(present) < 2 or set(present) <= {_HEAD, _HIPS}:  # an animal may have these names
        return None
    return _middle(pose[:, parts[present[0]]]) - _middle(pose[:, parts[present[-1]]])


def _find_animal(pose: Poses, names: Sequence[str]) -> Poses | None:
    """Return the vector (T, D) from an animal's feet to its other landmarks."""
    feet = [any(word in name for word in _ANIMAL_FEET) for name in names]
    if all(feet) or not any(feet):
        return None
    is_foot: npt.NDArray[np.bool_] = np.array(feet)
    return _middle(pose[:, ~is_foot]) - _middle(pose[:, is_foot])


def _middle(points: Poses) -> Poses:
    """Return the mean (T, D) of the observed points, NaN where there is none."""
    observed = observed_in(points)[..., None]
    total = np.where(observed, points, 0).sum(axis=1)
    number = observed.sum(axis=1)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def _judge(body: Poses, is_animal: bool) -> Upright | None:
    extent = np.maximum(length(body), np.finfo(body.dtype).tiny)[:, None]
    along = body / extent
    axis = int(np.square(along[:, 1:]).mean(axis=0).argmax()) + 1
    decisive = np.abs(along[:, axis]) > _DECISIVE
    if np.count_nonzero(decisive) < max(_LEAST_FRAMES, _LEAST_DECISIVE * len(decisive)):
        return None
    positive = float((along[decisive, axis] > 0).mean())
    share = max(positive, 1 - positive)
    agreeing = share * decisive.mean() if is_animal else share
    if agreeing < (_ANIMAL_AGREEING if is_animal else _AGREEING):
        return None
    return Upright(axis, positive > 0.5, share)
