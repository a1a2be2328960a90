"""Random changes to a training window: functions (pose, rng, settings) -> pose.

- The input is never changed.
- ``pose`` is (T, N, D) in torso lengths, NaN where missing. ``root_motion``: the last point is a velocity.
- x is the first coordinate; y, the second, points up; in 3-D the ground is x and z.
- Bodies of other proportions are in ``limbs.py``.
- `build_augmentations` in ``data/dataset.py`` chooses the functions and their order.
"""

from collections.abc import Sequence

import numpy as np

from htvae.poses.geometry import resample_frames
from htvae.poses.geometry import rotate as rotate_by

SHORTEST_SPAN, LONGEST_SPAN = 4, 256
"""Lengths (frames) of the spans that `hide_spans` hides; every octave is equally likely."""
MEAN_BURST = 20
"""Mean length (frames) of the bursts that `hide_bursts` hides, and of the pauses between the bursts."""


def mirror(
    pose: np.ndarray, rng: np.random.Generator, probability: float, partners: Sequence[int], axis: int = 0
) -> np.ndarray:
    """With ``probability`` flip left and right.

    Args:
        pose: the window.
        rng: source of randomness.
        probability: chance (0..1) of a flip.
        partners: index of each point's partner, with which it is exchanged.
        axis: coordinate that is negated.
    """
    if rng.random() >= probability:
        return pose
    mirrored = pose[:, partners]
    mirrored[..., axis] *= -1
    return mirrored


def rotate(pose: np.ndarray, rng: np.random.Generator, degrees: float) -> np.ndarray:
    """Turn the window by up to ``degrees`` either way, in 3-D about the upright axis."""
    return rotate_by(pose, np.deg2rad(rng.uniform(-degrees, degrees)))


def scale(pose: np.ndarray, rng: np.random.Generator, share: float) -> np.ndarray:
    """Make the body larger or smaller by up to ``share``."""
    return pose * np.float32(1 + rng.uniform(-share, share))


def stretch(pose: np.ndarray, rng: np.random.Generator, share: float) -> np.ndarray:
    """Widen or narrow the window along x by up to ``share``, in 3-D along x and z by a factor each.

    In 2-D a flat body looks so to a camera that has moved around it, in 3-D a body of another breadth and
    depth.
    """
    factors = np.ones(pose.shape[2], np.float32)
    factors[::2] += rng.uniform(-share, share, size=len(factors[::2]))
    return pose * factors


def shear(pose: np.ndarray, rng: np.random.Generator, share: float, root_motion: bool) -> np.ndarray:
    """Lean the window, and in 2-D draw its upper or its lower half larger, as a camera out of level does.

    - Shear: x moves by k y with |k| up to ``share``. In 2-D, `rotate`, `scale`, `stretch` and shear together
      are all views that a distant camera has of a flat body. In 3-D x and z move by a k each, as where the
      upright was not measured exactly.
    - Perspective, in 2-D alone: places are magnified by exp(p y), |p| up to half of ``share``. A camera above
      the hips is nearer to the head, one below nearer to the feet. To first order this is the projection
      1 / (1 - p y), but it stays positive everywhere. At the origin, where the root velocity is measured, it
      changes nothing.

    Source: Hartley and Zisserman, Multiple View Geometry, 2nd edition (2003): section 2.4, a hierarchy of
    transformations; section 6.3, cameras at infinity.
    """
    sheared = pose.copy()
    ground = sheared[..., ::2]
    slopes = rng.uniform(-share, share, size=(ground.shape[2],))
    ground += slopes.astype(np.float32) * pose[..., 1:2]
    if pose.shape[2] == 2:
        places = sheared[:, : pose.shape[1] - root_motion]
        places *= np.exp(np.float32(rng.uniform(-share, share) / 2) * places[..., 1:2])
    return sheared


def jitter(pose: np.ndarray, rng: np.random.Generator, noise: float, root_motion: bool) -> np.ndarray:
    """Add noise of this standard deviation (torso lengths) to all points except the root velocity."""
    noisy = pose.copy()
    places = noisy[:, : pose.shape[1] - root_motion]
    np.add(places, np.float32(noise) * rng.standard_normal(places.shape, np.float32), out=places)
    return noisy


def hide_landmarks(pose: np.ndarray, rng: np.random.Generator, probability: float) -> np.ndarray:
    """Hide each point for the whole window with ``probability``; hide nothing if that hides all points."""
    hidden: np.ndarray = np.less(rng.random(pose.shape[1]), probability)
    return _hide(pose, hidden[None, :])


def hide_bursts(pose: np.ndarray, rng: np.random.Generator, probability: float) -> np.ndarray:
    """With ``probability`` let up to two thirds of the points flicker, each hidden half of the time."""
    if rng.random() >= probability:
        return pose
    num_frames, num_points = pose.shape[:2]
    turns = rng.random((num_frames, num_points)) < 1 / MEAN_BURST  # from seen to hidden, and back
    flickers = rng.random(num_points) < rng.uniform(0, 2 / 3)
    hidden = (rng.random(num_points) < 0.5) ^ (turns.cumsum(axis=0) % 2 == 1)
    return _hide(pose, hidden & flickers)


def hide_spans(pose: np.ndarray, rng: np.random.Generator, share: float) -> np.ndarray:
    """Hide about ``share`` of the frames, in spans of 4 to 256 frames; hide nothing if that hides all."""
    num_frames = len(pose)
    octaves = np.log(LONGEST_SPAN / SHORTEST_SPAN)
    mean_span = (LONGEST_SPAN - SHORTEST_SPAN) / octaves
    rate = -np.log1p(-min(share, 0.99)) / mean_span  # per frame; spans may overlap
    reach = num_frames + LONGEST_SPAN  # starts of spans that may meet the window
    starts = rng.integers(reach, size=rng.poisson(rate * reach)) - LONGEST_SPAN
    lengths = SHORTEST_SPAN * np.exp(rng.uniform(0, octaves, size=len(starts)))
    stops = starts + np.rint(lengths).astype(int)
    num_covering = np.zeros(num_frames + 1)
    np.add.at(num_covering, starts.clip(0, num_frames), 1)
    np.add.at(num_covering, stops.clip(0, num_frames), -1)
    hidden = num_covering.cumsum()[:-1] > 0
    return _hide(pose, hidden[:, None])


def warp_time(pose: np.ndarray, num_frames: int, root_motion: bool) -> np.ndarray:
    """Stretch a window to ``num_frames`` frames, ends kept; scale the root velocity to match."""
    if num_frames == len(pose) or len(pose) == 1:
        return pose
    warped = resample_frames(pose, np.linspace(0, len(pose) - 1, num_frames))
    if root_motion:
        warped[:, -1] *= np.float32((len(pose) - 1) / max(num_frames - 1, 1))
    return warped


def _hide(pose: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Hide points by a mask that broadcasts to (T, N); a mask that covers everything hides nothing."""
    return pose if hidden.all() else np.where(hidden[..., None], np.float32(np.nan), pose)
