"""Movement of the people in the demo recordings: a script of actions along a path to and fro.

Axes: T frames. World and channels are those of `htvae.demo.body`.
"""

from dataclasses import dataclass

import numpy as np

from htvae.demo.actions import ACTIONS, ACTIVITIES
from htvae.demo.body import FOOT_DOWN, NEUTRAL, SIDES, lock_feet, pose_body
from htvae.demo.person import Habits, Person
from htvae.demo.script import Array, Channels, Segment, play_script, wander, write_script

_GRAVITY = 9.81


@dataclass(frozen=True, kw_only=True)
class Motion:
    """Noise-free movement of one recording in space."""

    points: dict[str, Array]
    """World position (T, 3) of each landmark, in metres."""
    feet_down: dict[str, Array]
    """Mask (T,), bool, for each side: True where the foot bears weight."""
    script: tuple[Segment, ...]
    """Actions in their order."""


def move_person(
    person: Person, activity: str, num_frames: int, fps: float, heading: float, rng: np.random.Generator
) -> Motion:
    """Return one recording of ``activity``; the person starts in the direction ``heading`` (radians)."""
    seconds, habits = np.arange(num_frames) / fps, person.habits
    cycle_seconds = {name: action.seconds for name, action in ACTIONS.items()}
    choices = ACTIVITIES[activity]
    script = write_script(choices, cycle_seconds, seconds[-1], rng, habits.tempo, habits.right_handed)
    channels = play_script(script, seconds, NEUTRAL, lambda segment, times: _pose(segment, times, person))
    _add_posture(channels, habits)
    _add_liveliness(channels, seconds, rng)
    root, headings = _follow_path(channels, fps, heading, rng)
    channels = lock_feet(channels, root, headings, person.body.leg)
    points = pose_body(channels, root, headings, person.body)
    down = {side: channels[f"{side}_foot_lift"] < FOOT_DOWN for side in SIDES}
    return Motion(points=points, feet_down=down, script=script)


def _pose(segment: Segment, seconds: Array, person: Person) -> Channels:
    action = ACTIONS[segment.action]
    phase, rate = segment.phase(seconds)
    if not action.cyclic:
        phase = phase.clip(0, segment.num_cycles - 1e-9)
    speed = action.stride * person.habits.amplitude * person.body.leg * rate
    return action.pose(phase, person.habits, segment.side) | {"speed": speed}


def _add_posture(channels: Channels, habits: Habits) -> None:
    channels["spine_pitch"] += habits.lean
    channels["head_pitch"] += habits.head_pitch
    for side in SIDES:
        channels[f"{side}_shoulder_abduct"] += habits.arm_carry
        channels[f"{side}_elbow"] += habits.elbow
        channels[f"{side}_foot_side"] *= habits.stance_width


def _add_liveliness(channels: Channels, seconds: Array, rng: np.random.Generator) -> None:
    """Add slow random movement of pelvis, trunk, head and arms, so that no two cycles are the same."""
    for name, size in (("spine_pitch", 0.02), ("spine_yaw", 0.03), ("head_yaw", 0.1), ("head_pitch", 0.03)):
        channels[name] += size * wander(seconds, 1.5, rng)
    for name, size in (("pelvis_side", 0.008), ("pelvis_forward", 0.006)):
        channels[name] += size * wander(seconds, 1.2, rng)
    for side in SIDES:
        for name, size in (("shoulder_flex", 0.05), ("shoulder_abduct", 0.025), ("elbow", 0.06)):
            channels[f"{side}_{name}"] += size * wander(seconds, 0.9, rng)


def _follow_path(
    channels: Channels, fps: float, heading: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return root (T, 2) and heading (T,) of a path to and fro before the camera: straights joined by turns.

    The channels are changed, so that the body leans into the turns.
    """
    straight, bend = rng.uniform(2.5, 5.0), rng.uniform(4.2, 5.6)  # metres
    side = rng.choice([-1.0, 1.0])
    speed = channels["speed"]
    way = rng.uniform(0, straight) + np.cumsum(speed) / fps
    into_bend = (way % (straight + bend) - straight).clip(0, bend) / bend
    curvature = side * np.pi / bend * (1 - np.cos(2 * np.pi * into_bend))
    headings = heading + np.cumsum(speed * curvature) / fps
    root = np.cumsum(speed[:, None] * np.stack([np.cos(headings), -np.sin(headings)], axis=-1), axis=0) / fps
    lean = 0.3 * np.tanh(speed**2 * curvature / _GRAVITY / 0.4)  # radians, positive in a left turn
    channels["pelvis_side"] -= 0.8 * np.sin(lean)
    channels["pelvis_roll"] -= 0.9 * lean
    channels["head_yaw"] += 0.2 * speed * curvature
    return root - (root.min(axis=0) + root.max(axis=0)) / 2, headings
