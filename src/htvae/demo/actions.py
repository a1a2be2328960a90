"""Actions of the people in the demo recordings; each action is a cycle of channel curves.

- An action maps a phase (in cycles; a whole number is the start of a cycle) to channels of `htvae.demo.body`.
- An action that is not ``cyclic`` starts and ends each cycle in a relaxed stand, so that any action can
  follow any other.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from htvae.demo.body import SIDES
from htvae.demo.person import Habits
from htvae.demo.script import Array, Channels, Choices

Key = tuple[float, float] | tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Action:
    """One action: its curves, the duration of a cycle, and the distance travelled in a cycle."""

    seconds: float
    """Duration of a cycle (s) at average tempo."""
    pose: Callable[[Array, Habits, str], Channels]
    """Function from phase (T,), habits and favoured side to the channels that differ from a relaxed stand."""
    stride: float = 0.0
    """Distance (leg lengths) travelled in a cycle at average amplitude."""
    cyclic: bool = False
    """Whether the curves continue beyond the first and the last cycle during a cross-fade."""


def curve(phase: Array, keys: list[Key]) -> Array:
    """Return a smooth periodic curve (cubic Hermite, period 1) through keys (phase, value[, slope=0])."""
    knots = [(*key, 0.0)[:3] for key in keys]
    first, last = knots[0], knots[-1]
    at, value, slope = np.array([(last[0] - 1, *last[1:]), *knots, (first[0] + 1, *first[1:])]).T
    place = np.mod(phase - at[0], 1.0) + at[0]
    index = np.searchsorted(at, place, side="right").clip(1, len(at) - 1)
    width = at[index] - at[index - 1]
    s = (place - at[index - 1]) / width
    start, end = value[index - 1], value[index]
    bend_start, bend_end = width * slope[index - 1], width * slope[index]
    blend = s**2 * (3 - 2 * s)
    smooth: Array = start + blend * (end - start) + s * (1 - s) * ((1 - s) * bend_start - s * bend_end)
    return smooth


def _gait(phase: Array, stance: float, stride: float, lift: list[Key], pitch: list[Key]) -> Channels:
    """Return both feet; a foot is down for the share ``stance`` of a cycle, moving back against the body."""
    channels: Channels = {}
    reach, toe_off = stance * stride / 2, stance / 2
    for side, shift in (("left", 0.0), ("right", 0.5)):
        step = phase + shift
        keys: list[Key] = [(toe_off, -reach, -stride), (1 - toe_off, reach, -stride)]
        channels[f"{side}_foot_forward"] = curve(step, keys)
        channels[f"{side}_foot_lift"] = curve(step, [(toe_off, 0.0), *lift, (1 - toe_off, 0.0)])
        channels[f"{side}_foot_pitch"] = curve(step, pitch)
    return channels


def _swing_arms(phase: Array, swing: float, lead: float, elbow: float, bend: float) -> Channels:
    """Return arms that swing opposite to the legs of `_gait`; elbows bend more at the front of the swing."""
    channels: Channels = {}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        wave = sign * np.sin(2 * np.pi * phase - 0.15)
        channels[f"{side}_shoulder_flex"] = lead + swing * wave
        channels[f"{side}_elbow"] = elbow + bend * (1 + wave)
    return channels


def _walk(phase: Array, habits: Habits, side: str) -> Channels:
    size, turn = habits.amplitude, 2 * np.pi * phase
    lift: list[Key] = [(0.47, 0.035), (0.62, 0.03)]
    pitch: list[Key] = [
        (0.04, 0.0),
        (0.18, 0.08, 1.2),
        (0.315, 0.85, 1.5),
        (0.45, 0.4),
        (0.62, -0.22),
        (0.69, -0.3),
    ]
    channels = _gait(phase, 0.62, 1.46 * size, lift, [*pitch, (0.77, 0.0)])
    channels |= _swing_arms(
        phase, 0.4 * habits.arm_swing * size, 0.02, 0.22 + habits.elbow, 0.12 * habits.arm_swing
    )
    return channels | {
        "pelvis_height": 0.968 + 0.014 * habits.bounce * np.cos(2 * turn),
        "pelvis_side": -0.028 * np.cos(turn),
        "pelvis_roll": 0.05 * np.cos(turn),
        "spine_roll": -0.05 * np.cos(turn),
        "pelvis_yaw": 0.1 * size * np.sin(turn),
        "spine_yaw": -0.22 * habits.arm_swing * np.sin(turn),
        "pelvis_pitch": 0.03 + 0 * phase,
    }


def _run(phase: Array, habits: Habits, side: str) -> Channels:
    size, turn = habits.amplitude, 2 * np.pi * phase
    lift: list[Key] = [(0.40, 0.24), (0.60, 0.2)]
    pitch: list[Key] = [
        (0.0, 0.0),
        (0.10, 0.2, 4.0),
        (0.19, 0.85, 3.0),
        (0.38, 1.25),
        (0.60, 0.35),
        (0.81, -0.12),
    ]
    channels = _gait(phase, 0.38, 1.85 * size, lift, [*pitch, (0.87, 0.0)])
    channels |= _swing_arms(phase, 0.6 * habits.arm_swing**0.5, -0.15, 1.3 + habits.elbow, 0.25)
    for name in SIDES:
        channels[f"{name}_shoulder_twist"] = -0.45 + 0 * phase
        channels[f"{name}_shoulder_abduct"] = 0.18 + 0 * phase
        channels[f"{name}_foot_side"] = 0.07 + 0 * phase
    return channels | {
        "pelvis_height": 0.95 - 0.03 * habits.bounce * np.cos(2 * turn - 0.3),
        "pelvis_side": -0.015 * np.cos(turn),
        "pelvis_roll": 0.06 * np.cos(turn),
        "spine_roll": -0.06 * np.cos(turn),
        "pelvis_yaw": 0.14 * np.sin(turn),
        "spine_yaw": -0.36 * np.sin(turn),
        "pelvis_pitch": 0.1 + 0 * phase,
        "spine_pitch": 0.06 + 0 * phase,
        "head_pitch": 0.0 * phase,
    }


def _stand(phase: Array, habits: Habits, side: str) -> Channels:
    sign = SIDES[side]
    shift = sign * curve(phase, [(0.0, 0.0), (0.2, 1.0), (0.8, 1.0)])
    return {
        "head_yaw": -sign
        * curve(phase, [(0.05, 0.0), (0.25, 0.6), (0.45, 0.5), (0.65, -0.4), (0.8, -0.3), (0.95, 0.0)]),
        "pelvis_side": 0.045 * shift,
        "pelvis_roll": -0.06 * shift,
        "spine_roll": 0.07 * shift,
        "spine_pitch": 0.015 * np.sin(2 * np.pi * phase),
    }


def _wave(phase: Array, habits: Habits, side: str) -> Channels:
    wag = np.sin(2 * np.pi * phase)
    return {
        f"{side}_shoulder_abduct": 1.25 * habits.amplitude + 0.06 * wag,
        f"{side}_shoulder_flex": 0.25 + 0 * phase,
        f"{side}_shoulder_twist": 1.4 + 0 * phase,
        f"{side}_elbow": 1.45 - 0.45 * habits.amplitude * wag,
        "spine_roll": -0.05 * SIDES[side] + 0.02 * wag,
    }


def _squat(phase: Array, habits: Habits, side: str) -> Channels:
    depth = min(habits.amplitude, 1.08) * curve(phase, [(0.06, 0.0), (0.42, 1.0), (0.54, 1.0), (0.92, 0.0)])
    channels: Channels = {
        "pelvis_height": 1.0 - 0.45 * depth,
        "pelvis_forward": -0.17 * depth,
        "pelvis_pitch": 0.36 * depth,
        "spine_pitch": 0.2 * depth,
        "head_pitch": 0.05 - 0.2 * depth,
        "knees_out": 0.1 + (0.3 + habits.knees_out) * depth,
    }
    for name in SIDES:
        channels[f"{name}_shoulder_flex"] = 0.03 + 1.85 * depth
        channels[f"{name}_elbow"] = 0.22 - 0.1 * depth
    return channels


def _jump(phase: Array, habits: Habits, side: str) -> Channels:
    take_off, landing = 0.42, 0.70
    flight = ((phase % 1.0 - take_off) / (landing - take_off)).clip(0, 1)
    peak = 0.26 * habits.amplitude  # hip heights
    airborne = 4 * peak * flight * (1 - flight)
    rise = 4 * peak / (landing - take_off)
    high, low = 1.09, 1.03  # legs stretched, on tiptoe
    keys: list[Key] = [(0.05, 1.0), (0.28, 0.70), (take_off, high, rise), (landing, low, -rise), (0.79, 0.76)]
    height = curve(phase, [*keys, (0.96, 1.0)])
    flying = (flight > 0) & (flight < 1)
    crouch = curve(
        phase, [(0.05, 0.0), (0.28, 1.0), (take_off, 0.0), (landing, 0.05), (0.79, 0.75), (0.96, 0.0)]
    )
    arms = curve(phase, [(0.06, 0.0), (0.22, -0.7), (0.46, 2.3), (0.58, 2.2), (0.8, 0.5), (0.96, 0.0)])
    point = curve(
        phase, [(0.30, 0.0), (take_off, 0.65, 1.0), (0.50, 0.65), (landing, 0.2, -2.5), (0.76, 0.0)]
    )
    channels: Channels = {
        "pelvis_height": np.where(flying, high + (low - high) * flight + airborne, height),
        "pelvis_forward": -0.12 * crouch,
        "pelvis_pitch": 0.5 * crouch,
        "spine_pitch": 0.25 * crouch,
        "head_pitch": 0.05 - 0.15 * crouch,
        "knees_out": 0.1 + 0.12 * crouch,
    }
    for name in SIDES:
        channels[f"{name}_shoulder_flex"] = 0.03 + arms
        channels[f"{name}_elbow"] = 0.22 + 0.25 * np.abs(arms)
        channels[f"{name}_foot_lift"] = 1.12 * airborne
        channels[f"{name}_foot_pitch"] = point
    return channels


def _sit(phase: Array, habits: Habits, side: str) -> Channels:
    """Return the channels of sitting down on a chair behind, staying, and getting up."""
    seat = curve(phase, [(0.03, 0.0), (0.2, 1.0), (0.82, 1.0), (0.98, 0.0)])
    bend = curve(phase, [(0.02, 0.0), (0.12, 0.6), (0.24, -0.04), (0.76, 0.0), (0.87, 0.7), (0.98, 0.0)])
    channels: Channels = {
        "pelvis_height": 1.0 - 0.45 * seat,
        "pelvis_forward": -0.46 * seat,
        "pelvis_pitch": 0.55 * bend - 0.1 * seat,
        "spine_pitch": 0.25 * bend + 0.12 * seat,
        "head_pitch": 0.05 - 0.15 * bend,
        "head_yaw": 0.4 * curve(phase, [(0.3, 0.0), (0.42, 1.0), (0.5, 0.9), (0.62, -0.7), (0.75, 0.0)]),
        "knees_out": 0.1 + (0.05 + habits.knees_out) * seat,
    }
    for name in SIDES:
        channels[f"{name}_shoulder_flex"] = 0.03 + 0.42 * seat + 0.45 * bend
        channels[f"{name}_elbow"] = 0.22 + 0.36 * seat
    return channels


def _reach(phase: Array, habits: Habits, side: str) -> Channels:
    """Return the channels of taking something from a high shelf, on tiptoe."""
    up = curve(phase, [(0.04, 0.0), (0.38, 1.0), (0.6, 1.0), (0.95, 0.0)])
    tiptoe = habits.amplitude * curve(phase, [(0.22, 0.0), (0.42, 1.0), (0.58, 1.0), (0.72, 0.0)])
    sign = SIDES[side]
    channels: Channels = {
        "pelvis_height": 1.0 + 0.075 * tiptoe,
        "pelvis_forward": 0.05 * tiptoe,
        "spine_pitch": -0.1 * up,
        "spine_roll": -0.12 * sign * up,
        "spine_yaw": 0.25 * sign * up,
        "head_pitch": 0.05 - 0.4 * up,
        f"{side}_shoulder_flex": 0.03 + 2.75 * up,
        f"{side}_shoulder_abduct": 0.1 - 0.1 * up,
        f"{side}_elbow": 0.22
        + curve(phase, [(0.04, 0.0), (0.22, 1.0), (0.4, 0.0), (0.6, 0.0), (0.76, 0.9), (0.95, 0.0)]),
    }
    for name in SIDES:
        channels[f"{name}_foot_pitch"] = 0.42 * tiptoe
    return channels


def _pick_up(phase: Array, habits: Habits, side: str) -> Channels:
    """Return the channels of bending down, taking something from the ground, and coming up."""
    down = curve(phase, [(0.05, 0.0), (0.42, 1.0), (0.52, 1.0), (0.94, 0.0)])
    sign = SIDES[side]
    channels: Channels = {
        "pelvis_height": 1.0 - 0.45 * down,
        "pelvis_forward": -0.2 * down,
        "pelvis_pitch": 0.75 * down,
        "spine_pitch": 0.5 * down,
        "spine_yaw": 0.3 * sign * down,
        "head_pitch": 0.05 - 0.2 * down,
        "knees_out": 0.1 + 0.15 * down,
    }
    for name in SIDES:
        channels[f"{name}_shoulder_flex"] = 0.03 + (1.3 if name == side else 0.75) * down
        channels[f"{name}_elbow"] = 0.22 + (0.0 if name == side else 0.45) * down
    return channels


ACTIONS: dict[str, Action] = {
    "stand": Action(seconds=3.6, pose=_stand),
    "walk": Action(seconds=1.1, pose=_walk, stride=1.46, cyclic=True),
    "run": Action(seconds=0.74, pose=_run, stride=1.85, cyclic=True),
    "wave": Action(seconds=0.65, pose=_wave, cyclic=True),
    "squat": Action(seconds=2.3, pose=_squat),
    "jump": Action(seconds=1.75, pose=_jump),
    "sit": Action(seconds=8.5, pose=_sit),
    "reach": Action(seconds=2.8, pose=_reach),
    "pick_up": Action(seconds=2.6, pose=_pick_up),
}
"""Actions of the demo recordings by label."""

ACTIVITIES: dict[str, Choices] = {
    "stroll": {"walk": (0.5, 5, 14), "stand": (0.2, 1, 2), "wave": (0.2, 3, 7), "reach": (0.1, 1, 1)},
    "workout": {
        "run": (0.3, 8, 20),
        "squat": (0.25, 3, 6),
        "jump": (0.2, 2, 5),
        "stand": (0.1, 1, 1),
        "walk": (0.15, 3, 6),
    },
    "housework": {
        "walk": (0.35, 3, 7),
        "reach": (0.25, 1, 3),
        "pick_up": (0.25, 1, 3),
        "squat": (0.05, 1, 1),
        "stand": (0.1, 1, 1),
    },
    "waiting": {"stand": (0.35, 1, 3), "sit": (0.3, 1, 1), "walk": (0.25, 2, 5), "wave": (0.1, 3, 5)},
}
"""Choices of each activity: action -> (relative frequency, fewest cycles, most cycles)."""
