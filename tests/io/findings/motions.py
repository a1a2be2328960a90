"""Sound motion by formula that looks like a tracker's mistakes: spins, cartwheels, somersaults, leaps.

Axes: T frames, L landmarks, D coordinates.
"""

import numpy as np

Array = np.ndarray

LANDMARKS = (
    *("NOSE", "LEFT_EAR", "RIGHT_EAR"),
    *("LEFT_SHOULDER", "RIGHT_SHOULDER", "LEFT_ELBOW", "RIGHT_ELBOW", "LEFT_WRIST", "RIGHT_WRIST"),
    *("LEFT_HIP", "RIGHT_HIP", "LEFT_KNEE", "RIGHT_KNEE", "LEFT_ANKLE", "RIGHT_ANKLE"),
)
_PLACES = {  # of the left side: across, up, forwards, in torso lengths
    "NOSE": (0.0, 1.45, 0.2),
    "EAR": (0.15, 1.45, 0.05),
    "SHOULDER": (0.38, 1.0, 0.0),
    "ELBOW": (0.6, 0.55, 0.05),
    "WRIST": (0.7, 0.15, 0.2),
    "HIP": (0.2, 0.0, 0.0),
    "KNEE": (0.25, -0.85, 0.08),
    "ANKLE": (0.28, -1.65, 0.0),
}


def stand() -> Array:
    """Return a standing person (L, 3): x to the person's left, y up, z forwards."""
    side = [-1.0 if name.startswith("RIGHT") else 1.0 for name in LANDMARKS]
    places = np.array([_PLACES[name.rpartition("_")[2]] for name in LANDMARKS])
    return places * np.stack((side, np.ones(len(side)), np.ones(len(side))), axis=1)


def ease(num_frames: int, rest: int) -> Array:
    """Return a course (T,) from 0 to 1 that rests at both ends and accelerates evenly between."""
    time = np.clip((np.arange(num_frames) - rest) / (num_frames - 2 * rest), 0, 1)
    course: Array = time - np.sin(2 * np.pi * time) / (2 * np.pi)
    return course


def turn(points: Array, angle: Array, axis: int) -> Array:
    """Turn points (L, 3) or (T, L, 3) about a coordinate axis by angles (T,)."""
    first, second = [other for other in range(3) if other != axis]
    turned = np.broadcast_to(points, (len(angle), *points.shape[-2:])).copy()
    cosine, sine = np.cos(angle)[:, None], np.sin(angle)[:, None]
    turned[..., first] = cosine * points[..., first] - sine * points[..., second]
    turned[..., second] = sine * points[..., first] + cosine * points[..., second]
    return turned


def spin(num_turns: float, num_frames: int, rest: int = 20) -> Array:
    """Return a person (T, L, 3) who spins about the upright axis."""
    swing = 0.15 * np.sin(np.arange(num_frames) / 9)[:, None, None]
    body = stand() + swing * np.eye(3)[0] * np.array([name.endswith("WRIST") for name in LANDMARKS])[:, None]
    return turn(body, 2 * np.pi * num_turns * ease(num_frames, rest), axis=1)


def cartwheel(num_turns: float, num_frames: int, rest: int = 20) -> Array:
    """Return a person (T, L, 3) with raised arms who turns about the line of sight, and moves along."""
    course = ease(num_frames, rest)
    body = stand()
    for name in ("LEFT_ELBOW", "RIGHT_ELBOW", "LEFT_WRIST", "RIGHT_WRIST"):
        body[LANDMARKS.index(name), 1] = 2.0 - body[LANDMARKS.index(name), 1]
    turned = turn(body, -2 * np.pi * num_turns * course, axis=2)
    turned[..., 0] += 3 * num_turns * course[:, None]
    return turned


def somersault(num_turns: float, num_frames: int, rest: int = 20) -> Array:
    """Return a person (T, L, 3) who turns about the left-right axis, in the air."""
    course = ease(num_frames, rest)
    turned = turn(stand(), 2 * np.pi * num_turns * course, axis=0)
    turned[..., 1] += 2 * np.sin(np.pi * course)[:, None]
    return turned


def film(body: Array, view: float, dimensions: int = 2, noise: float = 0.0, seed: int = 0) -> Array:
    """Return the image (T, L, 2) of a camera at an angle, or the turned body (T, L, 3), with noise."""
    seen = turn(body, np.full(len(body), view), axis=1)[..., :dimensions]
    moved: Array = seen + np.random.default_rng(seed).normal(0, 1, seen.shape) * noise
    return np.round(moved, 5)
