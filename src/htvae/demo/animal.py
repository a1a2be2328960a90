"""The animals of the demo recordings: a mouse-like body seen from above, without hips.

The head leads, and the body follows like a chain. Coordinates are in body lengths; points of the plane are
complex numbers in this module. Axes: T frames.
"""

from dataclasses import dataclass

import numpy as np

from htvae.demo.script import Array, Channels, Choices, Segment, play_script, wander, write_script

LANDMARKS = (
    "SNOUT",
    "LEFT_EAR",
    "RIGHT_EAR",
    "NECK",
    "BODY_CENTER",
    "LEFT_FLANK",
    "RIGHT_FLANK",
    "TAIL_BASE",
    "TAIL_MIDDLE",
    "TAIL_TIP",
)
"""Landmarks of an animal."""

ACTIVITIES: dict[str, Choices] = {
    "explore": {"walk": (0.5, 4, 14), "sniff": (0.3, 3, 8), "rear": (0.2, 1, 2)},
    "settle": {"groom": (0.4, 6, 20), "rest": (0.3, 1, 3), "sniff": (0.15, 2, 5), "walk": (0.15, 3, 6)},
    "patrol": {"dash": (0.35, 4, 10), "walk": (0.35, 4, 12), "sniff": (0.2, 2, 4), "rest": (0.1, 1, 1)},
}
"""Choices of each activity: action -> (relative frequency, fewest cycles, most cycles)."""

_CYCLE_SECONDS = {"walk": 0.42, "dash": 0.26, "sniff": 0.5, "rear": 2.4, "groom": 0.36, "rest": 2.5}
_NEUTRAL = {"speed": 0.0, "stretch": 1.0, "head_yaw": 0.0, "head_stretch": 1.0, "sway": 0.0}
_ARENA = 3.2  # distance (body lengths) from the middle at which the animal turns back


@dataclass(frozen=True, kw_only=True)
class Mouse:
    """A subject: the body's shape and its habits."""

    length: float
    width: float
    tail: float
    tempo: float
    restlessness: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Mouse":
        """Return a random animal."""
        return cls(
            length=rng.uniform(0.88, 1.12),
            width=rng.uniform(0.85, 1.2),
            tail=rng.uniform(0.85, 1.15),
            tempo=rng.uniform(0.85, 1.2),
            restlessness=rng.uniform(0.6, 1.5),
        )


def move_mouse(
    mouse: Mouse, activity: str, num_frames: int, fps: float, rng: np.random.Generator
) -> tuple[Array, tuple[Segment, ...]]:
    """Return the noise-free points (T, landmark, 2), in body lengths, and the script."""
    seconds = np.arange(num_frames) / fps
    script = write_script(ACTIVITIES[activity], _CYCLE_SECONDS, seconds[-1], rng, mouse.tempo)
    channels = play_script(script, seconds, _NEUTRAL, _pose)
    channels["head_yaw"] += 0.15 * wander(seconds, 0.5, rng)
    neck, heading = _roam(channels, mouse, fps, wander(seconds, 0.8, rng), rng)
    points = _build_points(channels, neck, heading, mouse)
    return np.stack([points.real, points.imag], axis=-1), script


def _pose(segment: Segment, seconds: Array) -> Channels:
    phase, rate = segment.phase(seconds)
    beat = np.sin(2 * np.pi * phase)
    side = 1.0 if segment.side == "left" else -1.0
    rise = np.sin(np.pi * phase.clip(0, segment.num_cycles)) ** 2
    poses: dict[str, Channels] = {
        "walk": {"speed": 0.42 * rate, "sway": 0.10 * beat, "head_yaw": -0.08 * beat},
        "dash": {"speed": 0.85 * rate, "sway": 0.05 * beat, "stretch": 1.04 + 0.06 * beat},
        "sniff": {
            "head_yaw": 0.5 * np.sin(0.5 * np.pi * phase) + 0.06 * beat,
            "head_stretch": 1.03 + 0.06 * beat,
        },
        "rear": {"stretch": 1 - 0.4 * rise, "head_stretch": 1 - 0.25 * rise, "head_yaw": 0.2 * side * rise},
        "groom": {
            "stretch": 0.8 + 0 * beat,
            "head_yaw": 0.8 * side + 0.25 * beat,
            "head_stretch": 0.72 + 0.12 * beat,
        },
        "rest": {"stretch": 0.92 + 0.01 * beat},
    }
    return poses[segment.action]


def _roam(
    channels: Channels, mouse: Mouse, fps: float, mood: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return the neck's path, complex (T,), and heading (T,); the animal turns back at the arena's edge."""
    place = rng.uniform(0, _ARENA) * np.exp(2j * np.pi * rng.random())
    heading = 2 * np.pi * rng.random()
    places, headings = np.empty(len(mood), dtype=complex), np.empty(len(mood))
    for frame, (speed, whim) in enumerate(zip(channels["speed"].tolist(), mood.tolist(), strict=True)):
        inward = np.angle(-place * np.exp(-1j * heading))
        outside = min(max(abs(place) / _ARENA - 0.7, 0.0) * 3, 1.0)
        heading += (speed * (1.2 * mouse.restlessness * whim * (1 - outside) + 1.6 * inward * outside)) / fps
        place += speed * np.exp(1j * heading) / fps
        places[frame], headings[frame] = place, heading
    return places, headings + channels["sway"]


def _build_points(channels: Channels, neck: Array, heading: Array, mouse: Mouse) -> Array:
    """Return all points, complex (T, landmark)."""
    stretch, facing = mouse.length * channels["stretch"], np.exp(1j * (heading + channels["head_yaw"]))
    head = mouse.length * channels["head_stretch"] * facing
    center = _drag(neck, 0.36 * stretch, heading[0])
    tail_base = _drag(center, 0.36 * stretch, heading[0])
    tail_middle = _drag(tail_base, np.full_like(stretch, 0.4 * mouse.tail), heading[0])
    tail_tip = _drag(tail_middle, np.full_like(stretch, 0.4 * mouse.tail), heading[0])
    ear = 0.09 * mouse.width * 1j
    axis = (neck - center) / np.abs(neck - center)
    flank = 0.17 * mouse.width * 1j * axis / np.sqrt(channels["stretch"])
    ears = (neck + head * (0.07 + ear), neck + head * (0.07 - ear))
    flanks = (center + flank, center - flank)
    return np.stack(
        [neck + 0.27 * head, *ears, neck, center, *flanks, tail_base, tail_middle, tail_tip], axis=-1
    )


def _drag(leader: Array, link: Array, heading: float) -> Array:
    """Return the path, complex (T,), of a point that ``leader`` (T,) drags on a link of length ``link``."""
    follower = np.empty_like(leader)
    place = leader[0] - link[0] * np.exp(1j * heading)
    for frame, (ahead, length) in enumerate(zip(leader.tolist(), link.tolist(), strict=True)):
        behind = place - ahead
        place = follower[frame] = ahead + behind * (length / abs(behind))
    return follower
