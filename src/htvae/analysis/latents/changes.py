"""What a traversal changes, in numbers and in words.

Axes: ``S`` steps, ``R`` draws, ``T`` frames, ``N`` points, ``L`` landmarks, ``D`` coordinates.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from htvae.analysis.latents.traversal import STEPS, Traversal
from htvae.metrics.units import TORSO_LENGTHS
from htvae.poses.body_groups import BodyGroup

_NUM_NAMED = 3
_CLEAR = 2.0
"""Standard errors over draws that a change must have to be called one."""


@dataclass(frozen=True, eq=False)
class Change:
    """What changes from one end of a traversal to the other."""

    landmarks: tuple[str, ...]
    displacement: np.ndarray
    """(L,) distance between the ends, torso lengths: frame by frame, mean over frames. Of drawn motion
    between mean poses over all frames and draws, because its moments do not correspond."""
    parts: tuple[tuple[str, float], ...]
    """Mean displacement of each part of the body, the largest first."""
    speed: np.ndarray
    """(S,) mean speed of landmarks around the hips, torso lengths per second (per frame without a rate)."""
    speed_error: float
    """Standard error over draws of the change of speed; NaN for one draw."""
    root_speed: np.ndarray | None
    """(S,) mean speed of the body itself; None where the model does not keep it."""

    @property
    def mean_displacement(self) -> float:
        """Mean over landmarks, torso lengths."""
        return float(self.displacement.mean())

    @property
    def speed_change(self) -> float:
        """Speed at the last step minus that at the first."""
        return float(self.speed[-1] - self.speed[0])

    @property
    def is_speed_clear(self) -> bool:
        """Whether the change of speed is beyond the chance of the draws."""
        return not np.isfinite(self.speed_error) or abs(self.speed_change) > _CLEAR * self.speed_error


def measure_change(
    traversal: Traversal, landmarks: Sequence[str], groups: Sequence[BodyGroup], fps: float | None
) -> Change:
    """Return what changes along a traversal.

    Args:
        traversal: poses along a direction.
        landmarks: names (L,) of the points that are landmarks, the first ones.
        groups: parts of the body.
        fps: frame rate of the poses, None where unknown.
    """
    count, rate = len(landmarks), fps or 1.0
    poses = traversal.poses.astype(np.float64)
    own, low, high = poses[..., :count, :], poses[0, ..., :count, :], poses[-1, ..., :count, :]
    if traversal.is_drawn:
        displacement = np.linalg.norm(high.mean(axis=(0, 1)) - low.mean(axis=(0, 1)), axis=-1)
    else:
        displacement = np.linalg.norm(high - low, axis=-1).mean(axis=(0, 1))
    speed = _speed(own) * rate
    change, draws = speed[-1] - speed[0], speed.shape[1]
    root = poses[..., count:, :]
    return Change(
        landmarks=tuple(landmarks),
        displacement=displacement,
        parts=tuple(
            sorted(
                ((g.name, float(displacement[list(g.landmarks)].mean())) for g in groups),
                key=lambda part: -part[1],
            )
        ),
        speed=speed.mean(axis=1),
        speed_error=float(change.std(ddof=1) / np.sqrt(draws)) if draws > 1 else float("nan"),
        root_speed=np.linalg.norm(root, axis=-1).mean(axis=(1, 2, 3)) * rate if root.shape[-2] else None,
    )


def describe_change(
    traversal: Traversal, change: Change, fps: float | None, length: str = TORSO_LENGTHS
) -> str:
    """Return what a direction changes, in words."""
    unit = f"{length}/s" if fps else f"{length}/frame"
    parts = ", ".join(f"{name} {size:.2f}" for name, size in change.parts[:_NUM_NAMED])
    most = change.landmarks[int(change.displacement.argmax())]
    what = "mean poses differ by" if traversal.is_drawn else "poses differ by"
    text = (
        f"{traversal.level} direction {traversal.number} ({traversal.share:.0%} of variance), from "
        f"{STEPS[0]:g} to {STEPS[-1]:g} sd: {what} {change.mean_displacement:.2f} {length}; most "
        f"{parts} ({most} {change.displacement.max():.2f}); {_describe_speed(change)} {unit}"
    )
    if change.root_speed is not None:
        text += f"; body {change.root_speed[0]:.2f} -> {change.root_speed[-1]:.2f}"
    return f"{text}."


def _describe_speed(change: Change) -> str:
    ends = f"{change.speed[0]:.2f} -> {change.speed[-1]:.2f}"
    return f"speed {ends}" if change.is_speed_clear else f"speed {ends} (no more than chance)"


def _speed(poses: np.ndarray) -> np.ndarray:
    """Return the mean distance (S, R) from frame to frame of poses (S, R, T, L, D)."""
    if poses.shape[2] < 2:
        return np.zeros(poses.shape[:2])
    speed: np.ndarray = np.linalg.norm(np.diff(poses, axis=2), axis=-1).mean(axis=(2, 3))
    return speed
