"""The body of the demo recordings: a skeleton of constant bone lengths, posed by named channels.

- A pose gives the places of the feet and the height of the pelvis. Knees follow by inverse kinematics; trunk,
  head and arms follow by forward kinematics. So a planted foot cannot slide.
- World: x forward at heading 0, y up, z to the right; metres, radians.
- Channels: one array (T,) each. Lengths are in leg lengths (``pelvis_height``: in hip heights of a standing
  person); ``*_side`` points to the right for the pelvis and outward for a foot.

Axes: T frames, L landmarks.
"""

import numpy as np

from htvae.demo.person import Proportions
from htvae.demo.script import Array, Channels
from htvae.poses.geometry import runs_of

SIDES = {"left": -1.0, "right": 1.0}

_ONE_SIDED = {
    "foot_forward": 0.0,
    "foot_side": 0.11,
    "foot_lift": 0.0,
    "foot_pitch": 0.0,
    "shoulder_flex": 0.03,
    "shoulder_abduct": 0.1,
    "shoulder_twist": -0.15,
    "elbow": 0.22,
}
NEUTRAL: dict[str, float] = {
    "speed": 0.0,
    "pelvis_height": 1.0,
    "pelvis_forward": 0.0,
    "pelvis_side": 0.0,
    "pelvis_pitch": 0.0,
    "pelvis_roll": 0.0,
    "pelvis_yaw": 0.0,
    "spine_pitch": 0.0,
    "spine_roll": 0.0,
    "spine_yaw": 0.0,
    "head_pitch": 0.05,
    "head_yaw": 0.0,
    "knees_out": 0.1,
} | {f"{side}_{name}": value for side in SIDES for name, value in _ONE_SIDED.items()}
"""Value of each channel for a relaxed stand."""

_HEAD_POINTS = {  # distances forward, up, outward from the top of the neck, in body heights
    "NOSE": (0.058, 0.048, 0.0),
    "EYE_INNER": (0.046, 0.068, 0.010),
    "EYE": (0.044, 0.069, 0.018),
    "EYE_OUTER": (0.038, 0.068, 0.026),
    "EAR": (0.0, 0.056, 0.043),
    "MOUTH": (0.046, 0.027, 0.015),
}
_HAND_POINTS = {"PINKY": (-0.018, -0.050), "INDEX": (0.014, -0.053), "THUMB": (0.024, -0.026)}
_LUMBAR_SHARE = 0.4  # share of the trunk that turns with the pelvis; the rest turns with the chest
FOOT_DOWN = 0.004
"""Lift (leg lengths) below which a foot bears weight."""

_MAX_LEG_STRETCH = 0.9985


def pose_body(channels: Channels, root: Array, heading: Array, body: Proportions) -> dict[str, Array]:
    """Return the world position (T, 3) of each landmark, in metres.

    Args:
        channels: an array (T,) for each name of `NEUTRAL`, and those that `lock_feet` adds.
        root: (T, 2), the point on the ground (x, z) below the body.
        heading: (T,), radians; positive angles turn to the left, seen from above.
        body: lengths of the bones.
    """
    upright = rotate_y(heading)
    feet = {side: _place_foot(side, channels, root, heading, body) for side in SIDES}
    pelvis = (
        upright @ rotate_y(channels["pelvis_yaw"]) @ _tilt(channels["pelvis_pitch"], channels["pelvis_roll"])
    )
    hips = {side: _turn(pelvis, (0.0, 0.0, sign * body.hip_width / 2)) for side, sign in SIDES.items()}
    center = _pelvis_center(channels, root, upright, hips, feet, body)
    points: dict[str, Array] = {}
    for side in SIDES:
        splay = upright @ rotate_y(-SIDES[side] * channels["knees_out"])
        points |= _leg(side, center + hips[side], feet[side], _turn(splay, (1.0, 0.0, 0.0)), body)
    chest = upright @ rotate_y(channels["pelvis_yaw"] + channels["spine_yaw"])
    chest = chest @ _tilt(
        channels["pelvis_pitch"] + channels["spine_pitch"], channels["pelvis_roll"] + channels["spine_roll"]
    )
    waist = center + _turn(pelvis, (0.0, _LUMBAR_SHARE * body.trunk, 0.0))
    shoulders = waist + _turn(chest, (0.0, (1 - _LUMBAR_SHARE) * body.trunk, 0.0))
    for side in SIDES:
        points |= _arm(side, channels, shoulders, chest, body)
    return points | _head(channels, shoulders, chest, upright, body)


def rotate_y(angle: Array) -> Array:
    """Return rotations (T, 3, 3) about the vertical axis; positive turns forward to the left."""
    return _rotation(angle, 2, 0)


def lock_feet(channels: Channels, root: Array, heading: Array, leg: float) -> Channels:
    """Return channels in which feet keep their place and direction on the ground while they bear weight.

    A foot that is down would slide in turns and cross-fades; this movement is shifted into the foot's swings.
    The new channels ``*_foot_x``, ``*_foot_z`` and ``*_foot_yaw`` hold each foot's place (metres) and
    direction (radians) in the world.
    """
    locked = dict(channels)
    for side, sign in SIDES.items():
        offset = leg * np.stack(
            [channels[f"{side}_foot_forward"], sign * channels[f"{side}_foot_side"]], axis=-1
        )
        cos, sin = np.cos(heading), np.sin(heading)
        x = root[:, 0] + cos * offset[:, 0] + sin * offset[:, 1]
        z = root[:, 1] - sin * offset[:, 0] + cos * offset[:, 1]
        place = np.stack([x, z, heading - sign * 0.12], axis=-1)
        place = place + _lock_correction(place, channels[f"{side}_foot_lift"] < FOOT_DOWN)
        locked |= {f"{side}_foot_{name}": place[:, i] for i, name in enumerate(("x", "z", "yaw"))}
    return locked


def _lock_correction(place: Array, down: Array) -> Array:
    """Return a correction of ``place`` (T, 3) that makes it constant in each run of ``down`` frames (T,)."""
    times, corrections = [], []
    for start, stop in runs_of(down):
        times.append(np.arange(start, stop))
        corrections.append(np.median(place[start:stop], axis=0) - place[start:stop])
    if not times:
        return np.zeros_like(place)
    known, values = np.concatenate(times), np.concatenate(corrections)
    frames = np.arange(len(place))
    after = np.searchsorted(known, frames).clip(0, len(known) - 1)
    before = np.where(known[after] == frames, after, (after - 1).clip(0))
    gap = np.maximum(known[after] - known[before], 1)
    share = ((frames - known[before]) / gap).clip(0, 1)[:, None]
    correction: Array = values[before] + share**2 * (3 - 2 * share) * (values[after] - values[before])
    return correction


def _place_foot(
    side: str, channels: Channels, root: Array, heading: Array, body: Proportions
) -> dict[str, Array]:
    """Return ankle, heel and toe (T, 3). The heel rises about the toe, and the toe about the heel."""
    height = body.height
    ankle, heel, toe = (np.array(p) * height for p in ((-0.035, 0.045), (-0.075, 0.012), (0.075, 0.012)))
    pitch = channels[f"{side}_foot_pitch"]
    pivot = np.where(pitch[:, None] > 0, toe, heel)
    cos, sin = np.cos(pitch), np.sin(pitch)
    yaw = channels[f"{side}_foot_yaw"]
    points = {}
    for name, flat in (("ANKLE", ankle), ("HEEL", heel), ("FOOT_INDEX", toe)):
        arm = flat - pivot
        ahead = pivot[:, 0] + cos * arm[:, 0] + sin * arm[:, 1]
        up = pivot[:, 1] - sin * arm[:, 0] + cos * arm[:, 1] + body.leg * channels[f"{side}_foot_lift"]
        x = channels[f"{side}_foot_x"] + np.cos(yaw) * ahead
        z = channels[f"{side}_foot_z"] - np.sin(yaw) * ahead
        points[name] = np.stack([x, up, z], axis=-1)
    return points


def _pelvis_center(
    channels: Channels,
    root: Array,
    upright: Array,
    hips: dict[str, Array],
    feet: dict[str, dict[str, Array]],
    body: Proportions,
) -> Array:
    """Return the middle of the hips (T, 3), lowered where a leg is too short to reach its foot."""
    ahead, side = body.leg * channels["pelvis_forward"], body.leg * channels["pelvis_side"]
    center = _turn(upright, np.stack([ahead, np.zeros_like(ahead), side], axis=-1))
    center[:, [0, 2]] += root
    center[:, 1] = channels["pelvis_height"] * (body.leg + body.ankle_height)
    too_high = np.full(len(center), -np.inf)
    for name, hip in hips.items():
        span = center + hip - feet[name]["ANKLE"]
        reach = (_MAX_LEG_STRETCH * body.leg) ** 2 - span[:, 0] ** 2 - span[:, 2] ** 2
        too_high = np.maximum(too_high, span[:, 1] - np.sqrt(np.maximum(reach, 0)))
    center[:, 1] -= _smooth_cover(np.maximum(too_high, 0))
    return center


def _smooth_cover(values: Array, reach: int = 3) -> Array:
    """Return a smooth curve that is never below ``values`` (T,): an average of maxima over nearby frames."""
    window = 2 * reach + 1
    padded = np.pad(values, 2 * reach, mode="edge")
    highest = np.lib.stride_tricks.sliding_window_view(padded, window).max(axis=-1)
    weights = np.hanning(window + 2)[1:-1]
    cover: Array = np.convolve(highest, weights / weights.sum(), mode="valid")
    return cover


def _leg(
    side: str, hip: Array, foot: dict[str, Array], forward: Array, body: Proportions
) -> dict[str, Array]:
    """Return hip, knee and foot; the knee bends towards ``forward``."""
    span = foot["ANKLE"] - hip
    full = np.linalg.norm(span, axis=-1, keepdims=True)
    along = span / full
    distance = np.minimum(full, 0.9999 * body.leg)
    bend = forward - (forward * along).sum(axis=-1, keepdims=True) * along
    bend /= np.linalg.norm(bend, axis=-1, keepdims=True)
    cosine = (body.thigh**2 + distance**2 - body.shank**2) / (2 * body.thigh * distance)
    knee = hip + body.thigh * (cosine * along + np.sqrt(np.maximum(1 - cosine**2, 0)) * bend)
    missed = (distance - full) * along
    points = {"HIP": hip, "KNEE": knee} | {name: point + missed for name, point in foot.items()}
    return {f"{side.upper()}_{name}": point for name, point in points.items()}


def _arm(
    side: str, channels: Channels, shoulders: Array, chest: Array, body: Proportions
) -> dict[str, Array]:
    sign = SIDES[side]
    shoulder = shoulders + _turn(chest, (0.0, 0.0, sign * body.shoulder_width / 2))
    upper = chest @ _rotation(-sign * channels[f"{side}_shoulder_abduct"], 1, 2)
    upper = upper @ _rotation(channels[f"{side}_shoulder_flex"], 0, 1)
    upper = upper @ rotate_y(-sign * channels[f"{side}_shoulder_twist"])
    fore = upper @ _rotation(channels[f"{side}_elbow"], 0, 1)
    elbow = shoulder + _turn(upper, (0.0, -body.upper_arm, 0.0))
    wrist = elbow + _turn(fore, (0.0, -body.forearm, 0.0))
    points = {"SHOULDER": shoulder, "ELBOW": elbow, "WRIST": wrist}
    for name, (ahead, down) in _HAND_POINTS.items():
        points[name] = wrist + _turn(fore, (ahead * body.height, down * body.height, 0.0))
    return {f"{side.upper()}_{name}": point for name, point in points.items()}


def _head(
    channels: Channels, shoulders: Array, chest: Array, upright: Array, body: Proportions
) -> dict[str, Array]:
    """Return the points of the head, which keeps looking ahead while the trunk leans and turns."""
    lean = channels["pelvis_pitch"] + channels["spine_pitch"]
    twist = channels["pelvis_yaw"] + channels["spine_yaw"]
    roll = channels["pelvis_roll"] + channels["spine_roll"]
    head = upright @ rotate_y(channels["head_yaw"] + 0.3 * twist)
    head = head @ _tilt(channels["head_pitch"] + 0.45 * lean, 0.4 * roll)
    neck = shoulders + _turn(chest, (0.01 * body.height, 0.05 * body.height, 0.0))
    points = {}
    for name, (ahead, up, outward) in _HEAD_POINTS.items():
        for side, sign in SIDES.items():
            local = np.array([ahead, up, sign * outward]) * body.height
            points[_head_name(side, name)] = neck + _turn(head, local)
    return points


def _head_name(side: str, name: str) -> str:
    return {"NOSE": name, "MOUTH": f"MOUTH_{side.upper()}"}.get(name, f"{side.upper()}_{name}")


def _tilt(forward: Array, right: Array) -> Array:
    """Return rotations (T, 3, 3) that lean the up axis forward and then to the right."""
    tilt: Array = _rotation(-forward, 0, 1) @ _rotation(right, 1, 2)
    return tilt


def _rotation(angle: Array, first: int, second: int) -> Array:
    """Return rotations (T, 3, 3) that turn axis ``first`` towards axis ``second``."""
    matrix = np.zeros((len(angle), 3, 3))
    matrix[:] = np.eye(3)
    matrix[:, first, first] = matrix[:, second, second] = np.cos(angle)
    matrix[:, second, first] = np.sin(angle)
    matrix[:, first, second] = -matrix[:, second, first]
    return matrix


def _turn(rotation: Array, vector: Array | tuple[float, float, float]) -> Array:
    """Return ``vector`` (3,) or (T, 3) turned by ``rotation`` (T, 3, 3)."""
    turned: Array = np.einsum("tij,tj->ti", rotation, np.broadcast_to(vector, (len(rotation), 3)))
    return turned
